"""`textfuse bag`, read back by the readers of rosbags and of mcap."""

from datetime import datetime, timezone

import numpy as np
import pytest
from mcap.reader import make_reader
from rosbags.highlevel import AnyReader

from ros2_textfuse import cli
from ros2_textfuse.imaging.encodings import visible_array
from ros2_textfuse.recordings.bag_writer import FORMATS, STORAGES, write_bag
from ros2_textfuse.recordings.source import open_recording
from ros2_textfuse.recordings.types import RecordingError
from tests.helpers.full_disk import full_disk
from tests.helpers.images import street
from tests.helpers.messages import noise
from tests.helpers.recordings import write_folders

BEGIN = datetime(2026, 3, 1, 20, 30, tzinfo=timezone.utc)


@pytest.fixture
def folders(tmp_path):
    return write_folders(tmp_path, noise(3, 8, 10, 3), noise(3, 8, 10, dtype=np.uint16))


@pytest.mark.parametrize("storage", STORAGES)
def test_a_bag_of_folders(folders, tmp_path, storage, capsys):
    bag = tmp_path / "bag"
    arguments = [*map(str, folders), "-o", str(bag), "--storage", storage, "--start", BEGIN.isoformat()]
    assert cli.main(["bag", *arguments]) == 0
    assert "3 pairs" in capsys.readouterr().out
    with AnyReader([bag]) as reader:
        topics = {connection.topic: (connection.msgtype, connection.msgcount) for connection in reader.connections}
        assert topics == {
            f"/{camera}/{name}": (f"sensor_msgs/msg/{kind}", 3)
            for camera in ("visible", "thermal")
            for name, kind in (("image_raw", "Image"), ("camera_info", "CameraInfo"))
        }
        for number, (connection, time, raw) in enumerate(reader.messages()):
            message = reader.deserialize(raw, connection.msgtype)
            stamp = message.header.stamp.sec * 10**9 + message.header.stamp.nanosec
            # Four messages a pair, ten pairs a second.
            assert time == stamp == int(BEGIN.timestamp()) * 10**9 + number // 4 * 10**8
            assert (message.width, message.height) == (10, 8)
            if connection.msgtype.endswith("CameraInfo"):
                assert not message.k.any() and message.distortion_model == ""
    images, read = list(open_recording(*map(str, ("", *folders)))), list(open_recording(bag=str(bag)))
    assert [(p.camera, p.encoding, p.data) for p in read] == [(p.camera, p.encoding, p.data) for p in images]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_compressed_images(tmp_path, dtype, capsys):
    visible, thermal = (np.stack([image] * 2) for image in street(48, 64))
    folders = write_folders(tmp_path, visible, thermal.astype(dtype) * (1 if dtype == np.uint8 else 257))
    for name in FORMATS:
        arguments = [*map(str, folders), "-o", str(tmp_path / name), "--start", BEGIN.isoformat(), "--compress", name]
        assert cli.main(["bag", *arguments]) == 0
    images = list(open_recording(*map(str, ("", *folders))))
    packed, lossy = (list(open_recording(bag=str(tmp_path / name))) for name in ("png", "jpeg"))
    assert packed == images
    assert lossy[1::2] == images[1::2], "thermal levels are measurements"
    difference = np.abs(visible_array(lossy[2]).astype(int) - visible[1])
    assert 0 < difference.mean() < 3
    with AnyReader([tmp_path / "jpeg"]) as reader:
        formats = {
            connection.topic: reader.deserialize(raw, connection.msgtype).format
            for connection, _, raw in reader.messages()
            if connection.msgtype == "sensor_msgs/msg/CompressedImage"
        }
    assert formats == {
        "/visible/image_raw/compressed": "rgb8; jpeg compressed bgr8",
        "/thermal/image_raw/compressed": f"mono{8 * np.dtype(dtype).itemsize}; png compressed ",
    }


def test_mcap_is_that_of_its_own_library(folders, tmp_path):
    write_bag(open_recording(visible=str(folders[0]), thermal=str(folders[1])), tmp_path / "bag", BEGIN)
    with (tmp_path / "bag" / "bag.mcap").open("rb") as file:
        summary = make_reader(file, validate_crcs=True).get_summary()
    assert summary.statistics.message_count == 12
    assert {channel.message_encoding for channel in summary.channels.values()} == {"cdr"}
    assert {schema.encoding for schema in summary.schemas.values()} == {"ros2msg"}


def test_an_existing_folder_is_left_alone(folders, tmp_path, capsys):
    bag = tmp_path / "bag"
    bag.mkdir()
    (bag / "precious").touch()
    assert cli.main(["bag", *map(str, folders), "-o", str(bag)]) == 1
    assert "not overwritten" in capsys.readouterr().err
    assert [path.name for path in bag.iterdir()] == ["precious"]


def test_half_a_bag_is_removed(folders, tmp_path):
    (folders[0] / "0002.png").write_bytes(b"not an image")
    with pytest.raises(RecordingError, match=r"0002\.png"):
        write_bag(open_recording(visible=str(folders[0]), thermal=str(folders[1])), tmp_path / "bag", BEGIN)
    assert not (tmp_path / "bag").exists()


@pytest.mark.parametrize("storage", STORAGES)
def test_a_disk_that_is_full_leaves_no_bag(tmp_path, storage, capsys):
    """The bag would take ten times as much."""
    folders = write_folders(tmp_path, noise(10, 240, 320, 3), noise(10, 240, 320))
    with full_disk(200_000):
        assert cli.main(["bag", *map(str, folders), "-o", str(tmp_path / "bag"), "--storage", storage]) == 1
    (said,) = capsys.readouterr().err.splitlines()
    assert said.startswith("textfuse bag: ") and "cannot be written" in said
    assert not (tmp_path / "bag").exists()
