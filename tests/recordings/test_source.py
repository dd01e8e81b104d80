"""Bags, videos and folders, and what can be wrong with them."""

import os
import re
from pathlib import Path

import cv2
import numpy as np
import pytest

from ros2_textfuse.imaging import compressed, encodings
from ros2_textfuse.recordings import bag as bag_module
from ros2_textfuse.recordings import source
from ros2_textfuse.recordings.bag import BagRecording
from ros2_textfuse.recordings.bag_reader import Bag
from ros2_textfuse.recordings.pairs import pair_folders
from ros2_textfuse.recordings.source import find_recording, open_recording
from ros2_textfuse.recordings.types import RecordingError
from ros2_textfuse.recordings.video import check_video
from tests.helpers.images import street
from tests.helpers.messages import noise
from tests.helpers.recordings import write_bag, write_folders


def write_video(path, frames, fps=20.0, size=(48, 64)):
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), fps, size[::-1])
    for number in range(frames):
        writer.write(np.full((*size, 3), number * 20, np.uint8))
    writer.release()
    return str(path)


def test_bag_gives_back_what_was_written(tmp_path):
    visible, thermal = noise(3, 8, 10, 3), noise(3, 8, 10, dtype=np.uint16)
    bag = write_bag(tmp_path / "bag", visible, thermal, rate=10.0, thermal_delay=0.005)
    recording = open_recording(bag=str(bag))
    images = list(recording)
    assert recording.images == 6 and [p.camera for p in images] == ["visible", "thermal"] * 3
    for number, (v, t) in enumerate(zip(images[::2], images[1::2], strict=True)):
        np.testing.assert_array_equal(encodings.visible_array(v), visible[number])
        np.testing.assert_array_equal(encodings.thermal_array(t), thermal[number])
        assert v.stamp == pytest.approx(number / 10) and t.stamp == pytest.approx(number / 10 + 0.005)


def test_a_bag_is_opened_once(tmp_path, monkeypatch):
    """One in zstd is unpacked each time, and one that was not closed is read to its end."""
    bag, opened = write_bag(tmp_path / "bag", noise(2, 8, 10, 3), noise(2, 8, 10)), []
    monkeypatch.setattr(source, "Bag", lambda path: opened.append(path) or Bag(path))
    monkeypatch.setattr(bag_module, "Bag", source.Bag)
    assert find_recording([str(bag)]).images == 4 and len(opened) == 1


@pytest.mark.parametrize("days", [-30, 30])
def test_stamps_of_another_time_count_from_where_the_recording_begins(tmp_path, days):
    """Of a bag that was recorded from one that was played, or of a driver that stamps by its uptime."""
    visible, thermal = noise(3, 8, 10, 3), noise(3, 8, 10)
    bag = write_bag(tmp_path / "bag", visible, thermal, rate=10.0, thermal_delay=0.005, stamped=days * 86400)
    stamps = [image.stamp for image in open_recording(bag=str(bag))]
    assert stamps == pytest.approx([0, 0.005, 0.1, 0.105, 0.2, 0.205])
    later = [image.stamp for image in open_recording(bag=str(bag)).images_from(0.15)]
    assert later == pytest.approx([0.2, 0.205])


def test_one_stale_image_does_not_move_the_others(tmp_path, monkeypatch):
    bag = write_bag(tmp_path / "bag", noise(3, 8, 10, 3), noise(3, 8, 10), rate=10.0)
    messages = Bag.messages

    def stale(self, names, start=None):
        for number, (topic, recorded, message) in enumerate(messages(self, names, start)):
            message.header.stamp.sec -= 30 * (number == 0)
            yield topic, recorded, message

    monkeypatch.setattr(Bag, "messages", stale)
    stamps = [image.stamp for image in open_recording(bag=str(bag))]
    assert stamps == pytest.approx([-30, 0, 0.1, 0.1, 0.2, 0.2])


def test_a_driver_that_never_stamps_is_not_searched_for_a_stamp(tmp_path, monkeypatch):
    """Its bag may have gigabytes."""
    bag, asked = Bag(write_bag(tmp_path / "bag", noise(20, 8, 10, 3), noise(20, 8, 10))), []
    messages = Bag.messages

    def unstamped(self, names, start=None):
        for topic, recorded, message in messages(self, names, start):
            asked.append(recorded)
            message.header.stamp.sec = message.header.stamp.nanosec = 0
            yield topic, recorded, message

    monkeypatch.setattr(Bag, "messages", unstamped)
    assert BagRecording(bag, "/visible/image_raw", "/thermal/image_raw").origin == bag.start and len(asked) <= 10


@pytest.mark.parametrize("late", [-2.0, 0.3])
def test_what_a_driver_took_stays_in_the_stamps(tmp_path, late):
    bag = write_bag(tmp_path / "bag", noise(2, 8, 10, 3), noise(2, 8, 10), rate=10.0, stamped=late)
    stamps = [image.stamp for image in open_recording(bag=str(bag))]
    assert stamps == pytest.approx([late, late, late + 0.1, late + 0.1])


COMPRESSED = ("/visible/image_raw/compressed", "/thermal/image_raw/compressed")


@pytest.mark.parametrize("mcap", [False, True])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_bag_of_compressed_images_is_one_of_raw_ones(tmp_path, dtype, mcap):
    visible, thermal = noise(3, 8, 10, 3), noise(3, 8, 10, dtype=dtype)
    raw = write_bag(tmp_path / "raw", visible, thermal, thermal_delay=0.005)
    packed = write_bag(tmp_path / "packed", visible, thermal, thermal_delay=0.005, mcap=mcap, topics=COMPRESSED)
    asked_for = {"visible_topic": COMPRESSED[0], "thermal_topic": COMPRESSED[1]}
    for topics in ({}, asked_for):
        assert list(open_recording(bag=str(packed), **topics)) == list(open_recording(bag=str(raw)))


def test_jpeg_in_a_bag(tmp_path):
    visible, thermal = (np.stack([image] * 2) for image in street(48, 64))

    def jpeg(number, pixels):
        return cv2.imencode(".jpg", pixels[..., ::-1] if pixels.ndim == 3 else pixels)[1].tobytes()

    bag = write_bag(tmp_path / "bag", visible, thermal, topics=COMPRESSED, compress=jpeg)
    images = list(open_recording(bag=str(bag)))
    assert [image.encoding for image in images] == ["rgb8", "mono8"] * 2
    assert np.abs(encodings.visible_array(images[2]).astype(int) - visible[1]).mean() < 3
    assert np.abs(encodings.thermal_array(images[3]).astype(int) - thermal[1]).mean() < 3


def test_a_damaged_image_is_no_damaged_bag(tmp_path):
    visible = noise(4, 8, 10, 3)

    def compress(number, pixels):
        data = compressed.png(pixels).tobytes()
        return {1: data[: len(data) // 2], 2: b"GIF89a"}.get(number, data) if pixels.ndim == 3 else data

    bag = write_bag(tmp_path / "bag", visible, noise(4, 8, 10), rate=10.0, topics=COMPRESSED, compress=compress)
    images = list(open_recording(bag=str(bag)))
    faults = {number: image.fault for number, image in enumerate(images) if image.fault}
    assert len(images) == 8 and list(faults) == [2, 4]
    assert "cut off" in faults[2] and "no JPEG and no PNG" in faults[4]
    assert (images[2].camera, images[2].data) == ("visible", None)
    assert images[2].stamp == pytest.approx(0.1)
    np.testing.assert_array_equal(encodings.visible_array(images[6]), visible[3])


def test_the_last_image_of_a_bag_lasts_as_long_as_the_others(tmp_path):
    """Else the player, told to play at 15 Hz, would play a little slower."""
    bag = write_bag(tmp_path / "bag", noise(5, 8, 10, 3), noise(5, 8, 10), rate=10.0)
    assert open_recording(bag=str(bag)).duration == pytest.approx(0.5)


def test_video_pairs_by_frame(tmp_path):
    paths = [write_video(tmp_path / f"{name}.mp4", 5) for name in ("v", "t")]
    recording = open_recording(visible=paths[0], thermal=paths[1])
    images = list(recording)
    assert recording.duration == pytest.approx(0.25) and len(images) == 10
    assert images[4].encoding == "rgb8" and images[5].encoding == "mono8"
    assert encodings.thermal_array(images[9]).mean() == pytest.approx(80, abs=3)


def test_a_video_without_times_goes_by_its_rate(tmp_path, monkeypatch):
    capture = cv2.VideoCapture  # the real one

    class Timeless:
        def __init__(self, path):
            self._capture = capture(path)

        def get(self, name):
            return 0.0 if name == cv2.CAP_PROP_POS_MSEC else self._capture.get(name)

        def __getattr__(self, name):
            return getattr(self._capture, name)

    paths = [write_video(tmp_path / f"{name}.mp4", 3) for name in ("v", "t")]
    monkeypatch.setattr(cv2, "VideoCapture", Timeless)
    times = [image.stamp for image in open_recording(visible=paths[0], thermal=paths[1])]
    assert times == pytest.approx([0, 0, 0.05, 0.05, 0.1, 0.1])


def test_folders_pair_by_name(tmp_path):
    visible, thermal = noise(2, 8, 10, 3), noise(2, 8, 10)
    folders = write_folders(tmp_path, visible, thermal)
    images = list(open_recording(visible=str(folders[0]), thermal=str(folders[1])))
    np.testing.assert_array_equal(encodings.visible_array(images[2]), visible[1])
    np.testing.assert_array_equal(encodings.thermal_array(images[3]), thermal[1])


def test_16_bit_images_stay_16_bit(tmp_path):
    thermal = noise(1, 8, 10, dtype=np.uint16)
    folders = write_folders(tmp_path, noise(1, 8, 10, 3), thermal)
    images = list(open_recording(visible=str(folders[0]), thermal=str(folders[1])))
    np.testing.assert_array_equal(encodings.thermal_array(images[1]), thermal[0])


def refused(**source):
    with pytest.raises(RecordingError) as error:
        list(open_recording(**source))
    return str(error.value)


def test_missing_bag_is_named(tmp_path):
    assert "nowhere" in refused(bag=str(tmp_path / "nowhere"))


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("rgb.mp4", "rgb.mp4 is no bag (.mcap, .db3): of a video or an image, name the thermal side as well"),
        ("rgb", "rgb is no bag, which holds a .mcap or .db3 file, nor a folder of pairs, which holds vi/ and ir/;"),
    ],
)
def test_not_a_bag(tmp_path, name, reason):
    """What a command takes for a bag, since only one side was named."""
    (tmp_path / "rgb" / "vi").mkdir(parents=True)
    (tmp_path / "rgb.mp4").write_bytes(b"a video")
    assert reason in refused(bag=str(tmp_path / name))
    with pytest.raises(RecordingError, match=re.escape(reason)):
        find_recording([str(tmp_path / name)])


@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 0.9])
@pytest.mark.parametrize("mcap", [False, True])
def test_truncated_bag(tmp_path, share, mcap):
    bag = write_bag(tmp_path / "bag", noise(20, 8, 10, 3), noise(20, 8, 10), mcap=mcap)
    data = next(path for path in bag.iterdir() if path.suffix in (".db3", ".mcap"))
    data.write_bytes(data.read_bytes()[: int(share * data.stat().st_size)])
    assert "bag" in refused(bag=str(bag))


def test_wrong_topic_lists_those_there_are(tmp_path):
    bag = write_bag(tmp_path / "bag", noise(3, 8, 10, 3), noise(3, 8, 10))
    message = refused(bag=str(bag), thermal_topic="/lwir")
    assert "/lwir" in message and "/thermal/image_raw" in message


def test_empty_folder(tmp_path):
    for name in ("v", "t"):
        (tmp_path / name).mkdir()
    assert "holds no images" in refused(visible=str(tmp_path / "v"), thermal=str(tmp_path / "t"))


def test_image_without_partner(tmp_path):
    folders = write_folders(tmp_path, noise(2, 8, 10, 3), noise(2, 8, 10))
    (folders[1] / "0001.png").rename(folders[1] / "odd.png")
    with pytest.raises(RecordingError, match="0001, odd"):
        pair_folders(*folders)


def test_unreadable_image(tmp_path):
    folders = write_folders(tmp_path, noise(1, 8, 10, 3), noise(1, 8, 10))
    (folders[0] / "0000.png").write_bytes(b"not an image")
    assert "0000.png cannot be read" in refused(visible=str(folders[0]), thermal=str(folders[1]))


def test_videos_of_different_length(tmp_path):
    paths = [write_video(tmp_path / "v.mp4", 5), write_video(tmp_path / "t.mp4", 7)]
    message = refused(visible=paths[0], thermal=paths[1])
    assert "5 frames" in message and "7" in message


def test_videos_of_different_rate(tmp_path):
    paths = [write_video(tmp_path / "v.mp4", 5), write_video(tmp_path / "t.mp4", 5, fps=10.0)]
    assert "differ in rate" in refused(visible=paths[0], thermal=paths[1])


def test_not_a_video(tmp_path):
    for name in ("v", "t"):
        (tmp_path / name).write_bytes(b"x" * 100)
    assert "cannot be read as a video" in refused(visible=str(tmp_path / "v"), thermal=str(tmp_path / "t"))


@pytest.mark.parametrize("source", [{}, {"visible": "a"}, {"bag": "a", "visible": "b", "thermal": "c"}])
def test_incomplete_sources(source):
    assert "either a bag, or a visible and a thermal" in refused(**source)


@pytest.mark.parametrize("dtype", [np.float64, np.int32])
def test_a_thermal_image_of_another_type(tmp_path, dtype):
    folders = write_folders(tmp_path, noise(1, 8, 10, 3), noise(1, 8, 10))
    (folders[1] / "0000.png").unlink()
    cv2.imwrite(str(folders[1] / "0000.tif"), np.ones((8, 10), dtype))
    message = refused(visible=str(folders[0]), thermal=str(folders[1]))
    assert "0000.tif" in message and np.dtype(dtype).name in message


def test_a_video_whose_name_is_not_utf8(tmp_path):
    name = str(tmp_path / os.fsdecode(b"caf\xe9.mp4"))
    paths = [write_video(tmp_path / f"{side}.mp4", 3) for side in ("v", "t")]
    Path(paths[0]).rename(name)
    assert "not UTF-8" in refused(visible=name, thermal=paths[1])


def test_a_bag_whose_name_is_not_utf8(tmp_path):
    bag = write_bag(tmp_path / os.fsdecode(b"caf\xe9"), noise(3, 8, 10, 3), noise(3, 8, 10))
    (bag / "metadata.yaml").unlink()  # so that it is read from the front, by SQLite's own name for it
    images = [image for _, image in zip(range(6), open_recording(bag=str(bag)), strict=False)]
    np.testing.assert_array_equal([image.camera for image in images], ["visible", "thermal"] * 3)


def test_a_video_that_was_not_written_whole_is_removed(tmp_path):
    path = Path(write_video(tmp_path / "v.mp4", 5))
    check_video(path, 5)
    with pytest.raises(OSError, match="5 of 6 frames"):
        check_video(path, 6)
    assert not path.exists()


@pytest.mark.parametrize("kind", ["bag", "mcap", "folders", "videos"])
def test_a_recording_from_a_time_on(tmp_path, kind):
    rng = np.random.default_rng(3)
    visible = rng.integers(0, 255, (20, 48, 64, 3), np.uint8)
    thermal = rng.integers(0, 255, (20, 48, 64), np.uint8)
    if kind == "folders":
        paths = [str(path) for path in write_folders(tmp_path, visible, thermal)]
    elif kind == "videos":
        paths = []
        for name, images in (("rgb", visible), ("lwir", np.repeat(thermal[..., None], 3, 3))):
            paths.append(str(tmp_path / f"{name}.avi"))
            writer = cv2.VideoWriter(paths[-1], cv2.VideoWriter.fourcc(*"MJPG"), 10.0, (64, 48))
            for image in images:
                writer.write(np.ascontiguousarray(image[..., ::-1]))
            writer.release()
    else:
        paths = [str(write_bag(tmp_path / "bag", visible, thermal, 10.0, mcap=kind == "mcap"))]
    recording = find_recording(paths)
    whole = [(image.camera, round(image.time, 6), bytes(image.data)) for image in recording]
    rest = [(image.camera, round(image.time, 6), bytes(image.data)) for image in recording.images_from(1.2)]
    assert len(whole) == 40 and rest == whole[24:]
    assert list(recording.images_from(99.0)) == []


def test_an_image_is_no_video(tmp_path):
    paths = [str(tmp_path / name) for name in ("rgb.png", "lwir.png")]
    for path in paths:
        cv2.imwrite(path, np.zeros((48, 64, 3), np.uint8))
    with pytest.raises(RecordingError, match=r"rgb\.png is no video .* two folders"):
        find_recording(paths)
