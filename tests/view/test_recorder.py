"""Moments that viewers record."""

import asyncio

import numpy as np

from ros2_textfuse.recordings.source import find_recording
from ros2_textfuse.view.hub import Hub
from ros2_textfuse.view.recorder import SILENCE, Recorder
from tests.helpers.page import Browser, image, serving, until

PERIOD = 100_000_000  # ns


def put(server, numbers, at=1_700_000_000_000_000_000):
    for number in numbers:
        stamp = at + number * PERIOD
        server.hub.put(stamp, {"fused": image(number)})
        server.hub.put(stamp, {"visible": image(number), "thermal": image(2 * number)[..., 0].copy()})


def test_no_frame_is_left_out_where_the_event_loop_was_held_up(tmp_path):
    """One call for three frames, the last of which still waits for its cameras."""
    hub = Hub(rate=1e6)
    hub.open(None, lambda wanted: None)
    recorder = Recorder(hub, tmp_path)
    recorder.keep("somebody", True)
    for stamp in (1, 2, 3):
        hub.put(stamp, {"fused": image(0)})
        if stamp < 3:
            hub.put(stamp, {"visible": image(0), "thermal": image(0)})
    recorder.wake()
    assert [frame.stamp for frame in recorder._frames] == [1, 2]
    hub.put(3, {"visible": image(0), "thermal": image(0)})
    recorder.wake()
    assert [frame.stamp for frame in recorder._frames] == [1, 2, 3]


def test_the_last_and_the_next_seconds_become_a_bag(tmp_path, monkeypatch):
    monkeypatch.setattr("ros2_textfuse.view.recorder.SILENCE", 60.0)  # a busy machine is not a camera that is silent
    with serving(folder=tmp_path / "moments") as server, Browser(server) as browser:
        server._recorder._before, server._recorder._after = 2.0, 1.0
        browser.send("keep", on=True)
        until(lambda: server.source.wanted and "thermal" in server.source.wanted[-1])
        for number in range(50):
            put(server, [number])
            browser.wait_for(lambda number=number: len(browser.frames) > number)
        browser.send("record")
        browser.wait_for(lambda: (browser.told("recorder") or {}).get("state") == "recording")
        for number in range(50, 62):
            put(server, [number])
            browser.wait_for(lambda number=number: len(browser.frames) > number)
        browser.wait_for(lambda: browser.told("recorder")["state"] != "recording")
        assert browser.told("recorder")["state"] == "written", browser.told("recorder")
        (bag,) = (tmp_path / "moments").iterdir()
        assert str(bag) in browser.told("recorder")["message"]
    images = list(find_recording([str(bag)]))
    visible = [image for image in images if image.camera == "visible"]
    assert 30 <= len(visible) <= 33 and len(images) == 2 * len(visible)
    levels = [np.frombuffer(image.data, np.uint8).mean() for image in visible]
    assert abs(levels[0] - 29) < 2 and levels[-1] > 58
    np.testing.assert_allclose(np.diff([image.stamp for image in visible]), PERIOD / 1e9, atol=1e-6)


def test_the_end_of_one_moment_does_not_end_the_next(tmp_path, monkeypatch):
    """The first is whole before the time is up at which it would end without frames; the second goes on beyond that."""
    monkeypatch.setattr("ros2_textfuse.view.recorder.SILENCE", 0.5)
    ended = []

    async def write(frames):
        ended.append(len(frames))

    async def record_twice():
        hub = Hub(rate=1e6)
        hub.open(asyncio.get_running_loop(), lambda wanted: None)
        recorder = Recorder(hub, tmp_path, after=0.1)
        monkeypatch.setattr(recorder, "_write", write)
        recorder.record()
        for stamp in (1, 1 + PERIOD):
            hub.put(stamp, {"fused": image(0), "visible": image(0), "thermal": image(0)})
            recorder.wake()
        recorder._after = 60.0
        recorder.record()
        await asyncio.sleep(1.0)
        assert ended == [2], "the second one still goes on"
        hub.close()

    asyncio.run(record_twice())


def test_nothing_is_kept_unless_somebody_wants_it():
    with serving() as server:
        with Browser(server) as browser:
            browser.send("keep", on=True)
            until(lambda: server.source.wanted[-1:] == [frozenset({"fused", "visible", "thermal"})])
            browser.send("keep", on=False)
            until(lambda: server.source.wanted[-1] == frozenset({"fused"}))
            browser.send("keep", on=True)
            until(lambda: len(server.source.wanted[-1]) == 3)
        until(lambda: server.source.wanted[-1] == frozenset())
        assert not server._recorder._frames


def test_memory_is_bounded(monkeypatch):
    monkeypatch.setattr("ros2_textfuse.view.recorder.MOST_BYTES", 10 * image(0).nbytes)
    with serving() as server, Browser(server) as browser:
        browser.send("keep", on=True)
        until(lambda: server.source.wanted and "thermal" in server.source.wanted[-1])
        for number in range(40):
            put(server, [number])
            browser.wait_for(lambda number=number: len(browser.frames) > number)
        recorder: Recorder = server._recorder
        assert 1 < len(recorder._frames) <= 10
        assert recorder._bytes <= 10 * image(0).nbytes
        assert recorder._bytes == sum(i.nbytes for frame in recorder._frames for i in frame.images.values())


def test_a_recording_of_nothing_says_so(tmp_path):
    with serving(folder=tmp_path / "moments") as server, Browser(server) as browser:
        server._recorder._after = 0.1 - SILENCE
        browser.send("record")
        browser.wait_for(lambda: (browser.told("recorder") or {}).get("state") == "failed")
        assert "no images" in browser.told("recorder")["message"]
        assert not (tmp_path / "moments").exists()


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with serving(folder=tmp_path / "file") as server, Browser(server) as browser:
        server._recorder._after = 0.05
        browser.send("record")
        until(lambda: server.source.wanted and "thermal" in server.source.wanted[-1])
        put(server, range(4))
        browser.wait_for(lambda: (browser.told("recorder") or {}).get("state") == "failed", 15)
        assert "could not be written" in browser.told("recorder")["message"]
