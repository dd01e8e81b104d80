"""Bags whole and damaged, and which of their topics are the cameras."""

from dataclasses import replace

import numpy as np
import pytest
import zstandard

from ros2_textfuse.imaging import compressed
from ros2_textfuse.recordings.bag_reader import Bag, BagError
from ros2_textfuse.recordings.bag_topics import find_cameras
from tests.helpers.messages import noise
from tests.helpers.recordings import START, write_bag

TOPICS = ("/visible/image_raw", "/thermal/image_raw")
PAIRS = 20


def data_file(bag):
    return next(path for path in bag.iterdir() if path.suffix in (".db3", ".mcap"))


def read(bag):
    """The messages up to the damage, and what was said about it."""
    found = []
    try:
        for message in bag.messages(TOPICS):
            found.append(message)
    except BagError as error:
        return found, str(error)
    return found, ""


@pytest.fixture(params=["sqlite3", "mcap"])
def written(request, tmp_path):
    """A bag of 20 pairs, large enough that mcap cuts it into chunks."""
    visible, thermal = noise(PAIRS, 240, 320, 3), noise(PAIRS, 240, 320)
    return write_bag(tmp_path / "bag", visible, thermal, mcap=request.param == "mcap"), visible


def test_a_whole_bag(written):
    bag = Bag(written[0])
    found, error = read(bag)
    assert not bag.damage and not error and len(found) == 2 * PAIRS
    assert [topic for topic, _, _ in found[:2]] == list(TOPICS) and found[0][1] == bag.start == START
    assert bag.topics[TOPICS[0]].count == PAIRS


@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_a_truncated_bag_is_read_up_to_the_damage(written, share):
    path, visible = written
    file = data_file(path)
    file.write_bytes(file.read_bytes()[: int(share * file.stat().st_size)])
    bag = Bag(path)
    found, error = read(bag)
    assert str(file) in error and "breaks off" in error and error == bag.damage
    # A chunk of mcap (1 MB, 7 images here) is lost with its end.
    assert 2 * PAIRS * share - 8 <= len(found) < 2 * PAIRS * share + 1
    for number, (_, _, message) in enumerate(found[::2]):
        np.testing.assert_array_equal(message.data, visible[number].ravel())


def test_a_bag_whose_recorder_was_killed(written):
    path, _ = written
    (path / "metadata.yaml").unlink()
    bag = Bag(path)
    found, error = read(bag)
    assert len(found) == 2 * PAIRS
    assert "was not closed" in error and error == bag.damage


def test_a_damaged_bag_in_zstd_is_no_path_without_a_bag(written):
    path, _ = written
    file = data_file(path)
    packed = zstandard.compress(file.read_bytes())
    path.joinpath(f"{file.name}.zstd").write_bytes(packed[: len(packed) // 2])
    file.unlink()
    with pytest.raises(BagError, match=r"cannot be read as a bag: .*zstd -dc FILE.zstd > FILE"):
        Bag(path)


def test_metadata_cannot_name_a_file_outside_the_bag(tmp_path):
    bag, secret = (
        write_bag(tmp_path / name, noise(count, 32, 32, 3), noise(count, 32, 32))
        for name, count in (("bag", 2), ("secret/bag", 5))
    )
    metadata, place = bag / "metadata.yaml", "../secret/bag/bag.db3"
    metadata.write_text(metadata.read_text().replace("- bag.db3", f"- {place}"))
    assert data_file(secret) == secret / "bag.db3" and place in metadata.read_text()
    found, error = read(Bag(bag))
    assert len(found) == 4 and not error


def test_metadata_that_would_take_minutes_is_passed_over(written):
    with (written[0] / "metadata.yaml").open("a") as file:
        file.write("more: 1\n".rjust(1 << 20, "#"))
    bag = Bag(written[0])
    assert "metadata.yaml has 10" in bag.damage
    assert len(read(bag)[0]) == 2 * PAIRS


def test_damage_in_the_middle(written):
    path, visible = written
    file = data_file(path)
    content = bytearray(file.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 800_000] = bytes(800_000)
    file.write_bytes(content)
    found, error = read(Bag(path))
    assert error and 0 < len(found) < 2 * PAIRS
    np.testing.assert_array_equal(found[0][2].data, visible[0].ravel())


def test_nothing_to_read(tmp_path):
    (tmp_path / "notes.mcap").write_bytes(b"not a bag")
    with pytest.raises(BagError, match=r"notes\.mcap cannot be read as a bag"):
        Bag(tmp_path / "notes.mcap")


@pytest.mark.parametrize(
    ("topics", "dtype"),
    [
        (("/rgb", "/lwir/image"), np.uint8),
        (("/front", "/boson"), np.uint8),
        (("/front", "/cam_1"), np.uint16),
        (TOPICS, np.uint8),
    ],
)
def test_cameras_are_found_by_type(tmp_path, topics, dtype):
    bag = write_bag(tmp_path / "bag", noise(2, 8, 10, 3), noise(2, 8, 10, dtype=dtype), topics=topics)
    cameras = find_cameras(Bag(bag))
    assert tuple(camera.topic for camera in cameras) == topics
    assert "10x8" in str(cameras[0]) and "2 images" in str(cameras[0])


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("names", [("/rgb", "/lwir/image"), ("/visible/image_raw", "/thermal/image_raw")])
def test_compressed_cameras_are_found_as_raw_ones(tmp_path, names, dtype):
    topics = (names[0], f"{names[1]}/compressed")
    bag = Bag(write_bag(tmp_path / "bag", noise(2, 8, 10, 3), noise(2, 8, 10, dtype=dtype), topics=topics))
    for asked_for in ((), names, topics):
        cameras = find_cameras(bag, *asked_for)
        assert tuple(camera.topic for camera in cameras) == topics
    assert cameras[1].encoding == ("mono8" if dtype == np.uint8 else "mono16")
    assert "10x8" in str(cameras[1]) and "2 images" in str(cameras[1])


def test_a_camera_recorded_raw_and_compressed_is_one(tmp_path):
    topics = ("/cam/image", "/cam/image/compressed")
    bag = Bag(write_bag(tmp_path / "bag", noise(2, 8, 10, 3), noise(2, 8, 10), topics=topics))
    with pytest.raises(BagError, match="no topic looks like the thermal camera"):
        find_cameras(bag)
    assert [camera.topic for camera in find_cameras(bag, *topics)] == list(topics), "when both are named, both are"
    assert bag.images("/cam/image").name == topics[0]
    bag.topics[topics[0]] = replace(bag.topics[topics[0]], count=0)
    assert bag.images("/cam/image").name == topics[1], "a topic on which nothing came is no camera"
    assert bag.images("/cam") is None


def test_damage_at_the_front_hides_no_camera(tmp_path):
    def compress(number, pixels):
        return compressed.png(pixels).tobytes() if number else b"\xff\xd8\xff"

    topics = ("/rgb", "/lwir/compressed")
    bag = write_bag(tmp_path / "bag", noise(3, 8, 10, 3), noise(3, 8, 10), topics=topics, compress=compress)
    assert find_cameras(Bag(bag))[1].encoding == "mono8"


def test_what_cannot_be_read_is_named(tmp_path):
    topics = ("/rgb", "/lwir/compressed")
    bag = write_bag(
        tmp_path / "bag", noise(3, 8, 10, 3), noise(3, 8, 10), topics=topics, compress=lambda number, pixels: b"\0" * 99
    )
    with pytest.raises(BagError, match=r"thermal camera.*not readable: /lwir/compressed \(the data are no JPEG"):
        find_cameras(Bag(bag))


def test_cameras_that_could_be_either(tmp_path):
    bag = Bag(write_bag(tmp_path / "bag", noise(2, 8, 10), noise(2, 8, 10), topics=("/cam_0", "/cam_1")))
    with pytest.raises(BagError, match=r"visible.*--visible-topic.*/cam_0.*/cam_1"):
        find_cameras(bag)
    assert [camera.topic for camera in find_cameras(bag, "/cam_0", "/cam_1")] == ["/cam_0", "/cam_1"]
    with pytest.raises(BagError, match="no thermal images on /cam_2"):
        find_cameras(bag, "/cam_0", "/cam_2")
    with pytest.raises(BagError, match="both cameras"):
        find_cameras(bag, "/cam_0", "/cam_0")
