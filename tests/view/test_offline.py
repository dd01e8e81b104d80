"""A recording as the page's source."""

from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from ros2_textfuse.detection.types import DetectorError
from ros2_textfuse.fuser import Fuser
from ros2_textfuse.recordings.source import find_recording
from ros2_textfuse.settings import FusionSettings
from ros2_textfuse.view.hub import Hub
from ros2_textfuse.view.offline import RecordingSource
from tests.helpers.page import Browser, serving
from tests.helpers.recordings import write_bag

PAIRS, RATE = 40, 10.0


@pytest.fixture(scope="module")
def bag(tmp_path_factory):
    """A dim wall that gets brighter from frame to frame, and a warm square."""
    rows, columns = np.mgrid[:96, :128]
    wall = 20 + 10 * np.sin(rows / 5) * np.sin(columns / 7)
    visible = np.stack([np.repeat((wall + n)[..., None], 3, 2).astype(np.uint8) for n in range(PAIRS)])
    thermal = np.stack([np.where((rows > 30) & (columns > 20 + n), 200, 60).astype(np.uint8) for n in range(PAIRS)])
    return write_bag(tmp_path_factory.mktemp("offline") / "drive", visible, thermal, RATE)


@pytest.fixture(scope="module")
def fuser():
    return Fuser(engine="eager")


@pytest.fixture
def settings():
    return FusionSettings(engine="eager")


@pytest.fixture
def page(bag, fuser, settings):
    fuser.set_prompt()
    hub = Hub(rate=1e6)
    source = RecordingSource(find_recording([str(bag)]), settings, fuser, hub, "drive")
    with serving(hub, source) as server:
        source.start()
        yield server
        source.close()


def position(browser):
    return (browser.told("position") or {"time": -1})["time"]


def level(browser, stream):
    return cv2.imdecode(np.frombuffer(browser.frames[-1][stream], np.uint8), 1).mean()


def test_it_plays_holds_and_goes_where_it_is_told(page):
    with Browser(page, streams=["fused", "visible"]) as browser:
        browser.wait_for(lambda: len(browser.frames) > 3, 60)
        hello = browser.told("hello")
        assert hello["live"] is False and hello["title"] == "drive"
        assert hello["duration"] == pytest.approx(4.0, abs=0.01)
        browser.send("play", on=False)
        browser.wait_for(lambda: not browser.told("position")["playing"])
        for time in (3.0, 1.0, 2.0):
            browser.send("seek", time=time)
            browser.wait_for(lambda time=time: abs(position(browser) - time) < 0.02)
        browser.frames.clear()
        browser.send("show", streams=["visible"])
        browser.wait_for(lambda: browser.frames)
        assert abs(level(browser, "visible") - (20 + 20)) < 2, "the frame at two seconds"
        browser.frames.clear()
        browser.send("show", streams=["fused"])
        browser.send("play", on=True)
        browser.wait_for(lambda: position(browser) > 2.25)
        assert browser.told("status")["state"] == "OK"


def test_a_prompt_changes_the_image_that_stands(page):
    with Browser(page) as browser:
        browser.wait_for(lambda: browser.frames, 60)
        browser.send("play", on=False)
        browser.send("seek", time=1.0)
        browser.wait_for(lambda: abs(position(browser) - 1.0) < 0.02)
        browser.wait_for(lambda: not browser.told("position")["playing"])
        before, count = level(browser, "fused"), len(browser.frames)
        browser.send("ask", number=1, modes=["low_light"], severity=1.0)
        browser.wait_for(lambda: browser.told("answer") and len(browser.frames) > count)
        answer = browser.told("answer")
        assert answer["success"] and answer["modes"] == ["low_light"] and answer["severities"] == [1.0]
        assert level(browser, "fused") > before + 5
        browser.send("ask", number=2, modes=["low_ligth"])
        browser.wait_for(lambda: browser.told("answer")["number"] == 2)
        assert not browser.told("answer")["success"] and "low_light" in browser.told("answer")["message"]


def test_it_begins_again_at_its_end(page):
    with Browser(page) as browser:
        browser.send("seek", time=3.8)
        browser.wait_for(lambda: position(browser) > 3.75, 60)
        browser.wait_for(lambda: position(browser) < 1.0)


def test_nobody_looks_and_nothing_is_fused(page):
    with Browser(page) as browser:
        browser.wait_for(lambda: browser.frames, 60)
    import time

    time.sleep(0.5)
    fused = page.source._fused
    time.sleep(0.5)
    assert page.source._fused == fused


def test_a_recording_without_pairs_says_why(tmp_path, fuser):
    images = np.zeros((3, 48, 64, 3), np.uint8)
    bag = write_bag(tmp_path / "late", images, images[..., 0], 2.0, thermal_delay=0.2)
    hub = Hub()
    source = RecordingSource(find_recording([str(bag)]), FusionSettings(engine="eager"), fuser, hub, "late")
    with serving(hub, source) as server:
        source.start()
        with Browser(server) as browser:
            browser.wait_for(lambda: (browser.told("status") or {}).get("state") == "ERROR")
            assert "--slop" in browser.told("status")["message"]
        source.close()


def test_the_images_speak_for_themselves(page):
    with Browser(page) as browser:
        browser.send("ask", number=1, modes=["auto"])
        browser.wait_for(lambda: browser.told("answer"), 60)
        assert browser.told("answer")["auto_mode"]
        browser.wait_for(lambda: "low_light" in (browser.told("status") or {}).get("estimated_modes", ()), 60)
        browser.wait_for(lambda: "low_light" in browser.told("status")["modes"])
        assert "dark" in browser.told("status")["scene"] or "night" in browser.told("status")["scene"]


@pytest.mark.parametrize("settings", [FusionSettings(engine="eager", keep_objects=True)], ids=["keep"])
def test_objects_are_kept_without_one_that_is_named(page, monkeypatch):
    asked = []

    def finder(names, keep=False):
        asked.append((names, keep))
        return SimpleNamespace(bring_out=lambda fused, *_: fused.fill(77)), "found slowly"

    monkeypatch.setattr("ros2_textfuse.view.offline.ObjectFinder.with_or_without", finder)
    with Browser(page) as browser:
        browser.wait_for(lambda: len(browser.frames) > 3, 60)
        assert abs(level(browser, "fused") - 77) < 2
        browser.wait_for(lambda: browser.told("status")["message"] == "found slowly")
        browser.send("ask", number=1, objects=["car"])
        browser.wait_for(lambda: len(asked) > 1)
    assert asked == [((), True), (("car",), True)]


def test_a_fault_of_textfuse_is_told_and_the_page_goes_on(page, fuser, monkeypatch, caplog):
    def fail(*_):
        raise cv2.error("(-215:Assertion failed)")

    with Browser(page) as browser:
        browser.wait_for(lambda: browser.frames, 60)
        with monkeypatch.context() as broken:
            broken.setattr(fuser, "fuse_prepared", fail)
            browser.wait_for(lambda: (browser.told("status") or {}).get("state") == "ERROR")
            assert "fault of textfuse" in browser.told("status")["message"] and "Assertion failed" in caplog.text
        frames = len(browser.frames)
        browser.send("play", on=True)
        browser.wait_for(lambda: len(browser.frames) > frames + 3)


def test_objects_that_nothing_finds_are_told_and_the_rest_goes_on(page, monkeypatch):
    def refuse(**_):
        raise DetectorError("ultralytics is not installed")

    monkeypatch.setattr("ros2_textfuse.batch.objects.Detector", refuse)
    with Browser(page) as browser:
        browser.send("ask", number=1, objects=["car"])
        browser.wait_for(lambda: "car: not brought out" in (browser.told("status") or {}).get("message", ""), 60)
        frames = len(browser.frames)
        browser.wait_for(lambda: len(browser.frames) > frames + 3)
        browser.send("ask", number=2)
        browser.wait_for(lambda: browser.told("status")["message"] == "")
