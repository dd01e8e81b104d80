"""Videos in, a video out; a bag in, a bag out: each frame there, whole whatever ends the work."""

import signal
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
import pytest

from ros2_textfuse import Fuser
from ros2_textfuse.cli import main
from ros2_textfuse.imaging import encodings
from ros2_textfuse.recordings import video_writer
from ros2_textfuse.recordings.bag_reader import Bag
from ros2_textfuse.recordings.bag_writer import write_bag
from ros2_textfuse.recordings.video import VideoRecording
from ros2_textfuse.sync.pairing import stamp_ns
from tests.helpers.messages import noise
from tests.helpers.recordings import write_bag as write_bag_of

FRAMES, SIZE, RATE = 8, (64, 96), 25.0
EAGER = ["--engine", "eager"]


@pytest.fixture
def videos(tmp_path):
    """A visible and a thermal video, in which a bright square moves."""
    paths = tmp_path / "rgb.mp4", tmp_path / "lwir.mp4"
    for path in paths:
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), RATE, SIZE[::-1])
        for number in range(FRAMES):
            frame = np.full((*SIZE, 3), 60, np.uint8)
            frame[20:40, 8 * number : 8 * number + 16] = 200
            writer.write(frame)
        writer.release()
    return paths


@pytest.fixture
def bag(videos, tmp_path):
    """A function that makes a bag of the videos."""

    def make(storage="mcap", compress=""):
        path = tmp_path / "drive"
        write_bag(VideoRecording(*videos), path, datetime(2026, 3, 1, tzinfo=UTC), storage, compress)
        return path

    return make


def frames_of(path):
    capture, found = cv2.VideoCapture(str(path)), []
    while (frame := capture.read())[0]:
        found.append(cv2.cvtColor(frame[1], cv2.COLOR_BGR2RGB))
    return found, capture.get(cv2.CAP_PROP_FPS)


def interrupting(fuse, after):
    """A `fuse_prepared` during whose n-th call a person presses Ctrl-C."""
    calls = []

    def fuse_prepared(self, *args):
        calls.append(1)
        if len(calls) == after:
            signal.raise_signal(signal.SIGINT)
        return fuse(self, *args)

    return fuse_prepared


def test_two_videos_become_one_of_their_rate_and_length(videos, tmp_path, capsys):
    out = tmp_path / "new" / "fused.mp4"
    assert main(["fuse", *map(str, videos), "-o", str(out), *EAGER]) == 0
    found, rate = frames_of(out)
    assert (len(found), rate) == (FRAMES, RATE)
    recording = list(VideoRecording(*videos))
    fuser = Fuser(engine="eager")
    for number, frame in enumerate(found):
        visible, thermal = (
            encodings.camera_array(image, image.camera) for image in recording[2 * number : 2 * number + 2]
        )
        assert np.abs(np.int16(frame) - fuser.fuse(visible, thermal)).mean() < 6  # MPEG-4 loses a little
    assert f"{FRAMES} fused images" in capsys.readouterr().out


def test_what_was_written_until_ctrl_c_is_a_whole_video(videos, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(Fuser, "fuse_prepared", interrupting(Fuser.fuse_prepared, 5))
    out = tmp_path / "fused.mp4"
    assert main(["fuse", *map(str, videos), "-o", str(out), *EAGER]) == 128 + signal.SIGINT
    assert len(frames_of(out)[0]) == 5
    assert "5 fused images until it was interrupted" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["fused.gif", "fused"])
def test_another_format_is_refused_before_the_work(videos, tmp_path, capsys, name):
    assert main(["fuse", *map(str, videos), "-o", str(tmp_path / name), *EAGER]) == 1
    assert ".mp4" in capsys.readouterr().err and not (tmp_path / name).exists()


def test_no_file_is_overwritten(videos, tmp_path, capsys):
    there = tmp_path / "there.mp4"
    there.write_bytes(b"somebody's")
    assert main(["fuse", *map(str, videos), "-o", str(there), *EAGER]) == 1
    assert there.read_bytes() == b"somebody's" and "not overwritten" in capsys.readouterr().err
    assert main(["fuse", *map(str, videos), "-o", str(videos[0]), *EAGER]) == 1
    assert len(frames_of(videos[0])[0]) == FRAMES


def test_sound_that_cannot_be_kept_is_said(videos, tmp_path, monkeypatch):
    silent, loud = videos[0], tmp_path / "loud.mp4"
    loud.write_bytes(silent.read_bytes() + b"soun")
    monkeypatch.setattr(video_writer.shutil, "which", lambda _: None)
    assert video_writer.keep_sound(tmp_path / "fused.mp4", silent, 1.0) == ""
    assert "ffmpeg" in video_writer.keep_sound(tmp_path / "fused.mp4", loud, 1.0)


def test_sound_is_copied_beside_and_then_put_in_place(videos, tmp_path, monkeypatch):
    loud, fused, script = tmp_path / "loud.mov", tmp_path / "fused.mp4", tmp_path / "ffmpeg"
    loud.write_bytes(b"soun")
    fused.write_bytes(b"video")
    script.write_text('#!/bin/sh\nfor last; do :; done\necho "with sound" > "$last"\n')
    script.chmod(0o755)
    monkeypatch.setattr(video_writer.shutil, "which", lambda _: str(script))
    assert video_writer.keep_sound(fused, loud, 1.0) == "" and fused.read_text() == "with sound\n"
    script.write_text("#!/bin/sh\necho broken >&2\nexit 1\n")
    assert "broken" in video_writer.keep_sound(fused, loud, 1.0) and fused.read_text() == "with sound\n"


def test_all_frames_stay_where_the_sound_ends_early(videos, tmp_path, monkeypatch):
    arguments, script, out = tmp_path / "arguments", tmp_path / "ffmpeg", tmp_path / "fused.mp4"
    script.write_text(f'#!/bin/sh\nfor last; do :; done\necho "$@" > {arguments}\ncp {out} "$last"\n')
    script.chmod(0o755)
    monkeypatch.setattr(video_writer.shutil, "which", lambda _: str(script))
    videos[0].write_bytes(videos[0].read_bytes() + b"soun")
    assert main(["fuse", *map(str, videos), "-o", str(out), *EAGER]) == 0
    # -shortest would end the video with its sound.
    assert f"-t {FRAMES / RATE:.3f} " in arguments.read_text() and "shortest" not in arguments.read_text()


def test_ctrl_c_while_sound_is_copied_leaves_nothing_beside_the_video(videos, tmp_path, monkeypatch):
    loud, fused = tmp_path / "loud.mov", tmp_path / "fused.mp4"
    loud.write_bytes(b"soun")
    fused.write_bytes(b"video")

    def run(command, **_):
        Path(command[-1]).write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(video_writer.shutil, "which", lambda _: "ffmpeg")
    monkeypatch.setattr(video_writer.subprocess, "run", run)
    with pytest.raises(KeyboardInterrupt):
        video_writer.keep_sound(fused, loud, 1.0)
    assert fused.read_bytes() == b"video" and not list(tmp_path.glob("*.sound*"))


@pytest.mark.parametrize(("storage", "compress"), [("mcap", ""), ("sqlite3", ""), ("mcap", "jpeg")])
def test_a_bag_is_copied_with_the_fused_images_under_the_visible_stamps(bag, tmp_path, storage, compress):
    source, out = Bag(bag(storage, compress)), tmp_path / "fused"
    assert main(["fuse", str(source.path), "-o", str(out), *EAGER]) == 0
    copy = Bag(out)
    topic = "/textfuse/fused" + ("/compressed" if compress else "")
    assert copy.topics.keys() == {*source.topics, topic}
    for name, original in source.topics.items():
        assert (copy.topics[name].count, copy.topics[name].msgtype) == (original.count, original.msgtype)
    visible = "/visible/image_raw" + ("/compressed" if compress else "")
    stamps = {
        name: [(m.header.stamp.sec, m.header.stamp.nanosec) for _, _, m in copy.messages((name,))]
        for name in (visible, topic)
    }
    assert stamps[topic] == stamps[visible] and len(stamps[topic]) == FRAMES
    originals = [(name, time, m.header.stamp) for name, time, m in source.messages(tuple(source.topics))]
    assert [(name, time, m.header.stamp) for name, time, m in copy.messages(tuple(source.topics))] == originals
    fused = next(copy.messages((topic,)))[2]
    assert fused.header.frame_id == "camera" and (compress or (fused.height, fused.width) == SIZE)


def test_stamps_of_another_time_do_not_make_a_copy_longer(tmp_path):
    """Else `ros2 bag play` would wait for 30 days."""
    month = 30 * 86400
    source = Bag(write_bag_of(tmp_path / "drive", noise(3, *SIZE, 3), noise(3, *SIZE), stamped=-month))
    assert main(["fuse", str(source.path), "-o", str(tmp_path / "fused"), *EAGER]) == 0
    copy = Bag(tmp_path / "fused")
    assert (copy.start, copy.end) == (source.start, source.end)
    stamps = {
        topic: [stamp_ns(message) for _, _, message in copy.messages((topic,))]
        for topic in ("/visible/image_raw", "/textfuse/fused")
    }
    assert stamps["/textfuse/fused"] == stamps["/visible/image_raw"]


def test_what_was_copied_until_ctrl_c_is_a_whole_bag(bag, tmp_path, monkeypatch):
    monkeypatch.setattr(Fuser, "fuse_prepared", interrupting(Fuser.fuse_prepared, 4))
    out = tmp_path / "fused"
    assert main(["fuse", str(bag()), "-o", str(out), *EAGER]) == 128 + signal.SIGINT
    copy = Bag(out)
    assert copy.damage == "" and copy.topics["/textfuse/fused"].count == 4
    assert sum(1 for _ in copy.messages(tuple(copy.topics))) == sum(topic.count for topic in copy.topics.values())


def test_a_bag_that_has_fused_images_already_asks_for_another_topic(bag, tmp_path, capsys):
    assert main(["fuse", str(bag()), "-o", str(tmp_path / "one"), *EAGER]) == 0
    again = ["fuse", str(tmp_path / "one"), "-o", str(tmp_path / "two"), *EAGER]
    cameras = ["--visible-topic", "/visible/image_raw", "--thermal-topic", "/thermal/image_raw"]
    assert main([*again, *cameras]) == 1
    assert "another topic" in capsys.readouterr().err and not (tmp_path / "two").exists()
    assert main([*again, *cameras, "--topic", "/second"]) == 0


def test_no_folder_is_overwritten_by_a_bag(bag, tmp_path, capsys):
    there = tmp_path / "there"
    there.mkdir()
    assert main(["fuse", str(bag()), "-o", str(there), *EAGER]) == 1
    assert "not overwritten" in capsys.readouterr().err and not list(there.iterdir())


def test_named_objects_are_looked_for_in_each_frame(videos, tmp_path, monkeypatch):
    seen = []

    class Finder:
        def __init__(self, names, keep=False):
            seen.append(tuple(names))

        @classmethod
        def with_or_without(cls, names, keep=False):
            return cls(names), ""

        def bring_out(self, fused, visible, thermal, time=None):
            seen.append(time)
            fused[:] = 255

    monkeypatch.setattr("ros2_textfuse.batch.objects.ObjectFinder", Finder)
    out = tmp_path / "fused.mp4"
    assert main(["fuse", *map(str, videos), "-o", str(out), "--prompt", "bring out the person", *EAGER]) == 0
    assert seen[0] == ("person",) and np.diff(seen[1:]) == pytest.approx(1 / RATE)
    assert min(frame.min() for frame in frames_of(out)[0]) > 240
