"""Open the recording of two cameras that a user has named: a bag, two videos, or two folders of images."""

from collections.abc import Sequence
from pathlib import Path

from ros2_textfuse.recordings.bag import BagRecording
from ros2_textfuse.recordings.bag_reader import Bag
from ros2_textfuse.recordings.bag_topics import find_cameras
from ros2_textfuse.recordings.folder import FolderRecording
from ros2_textfuse.recordings.pairs import find_sides, holds_pairs
from ros2_textfuse.recordings.types import Recording, RecordingError
from ros2_textfuse.recordings.video import VideoRecording


def find_recording(sources: Sequence[str], visible_topic: str = "", thermal_topic: str = "") -> Recording:
    """Open what a user names in a row: a bag, a folder with vi/ and ir/, or the visible and the thermal side.

    Args:
        sources: one or two paths.
        visible_topic: of a bag; empty to find it by its name or its images.
        thermal_topic: likewise.

    Raises:
        RecordingError: as of `open_recording`; or the bag's cameras cannot be told.
    """
    if len(sources) == 2:
        return open_recording(visible=sources[0], thermal=sources[1])
    if len(sources) != 1:
        raise RecordingError("give a bag or a folder of pairs; or a visible and a thermal video or folder")
    path = Path(sources[0])
    if holds_pairs(path):
        return FolderRecording(*find_sides(path))
    if not path.exists():
        raise RecordingError(f"{path} does not exist")
    bag = Bag(path)
    cameras = find_cameras(bag, visible_topic, thermal_topic)
    return BagRecording(bag, *(camera.topic for camera in cameras))


def open_recording(
    bag: str = "",
    visible: str = "",
    thermal: str = "",
    visible_topic: str = "/visible/image_raw",
    thermal_topic: str = "/thermal/image_raw",
) -> Recording:
    """Open a bag, or a visible and a thermal video or folder.

    Args:
        bag: a rosbag2 folder, or an .mcap or .db3 file.
        visible: a video or a folder of images.
        thermal: of the same kind as `visible`.
        visible_topic: of the RGB images in the bag; where there is only the compressed topic beside it, that one.
        thermal_topic: of the thermal images in the bag, likewise.

    Raises:
        RecordingError: something is missing, empty, unreadable, or the two cameras do not fit each other.
    """
    if bool(bag) == bool(visible or thermal) or bool(visible) != bool(thermal):
        raise RecordingError("give either a bag, or a visible and a thermal video or folder")
    paths = [Path(path) for path in ([bag] if bag else [visible, thermal])]
    for path in paths:
        if not path.exists():
            raise RecordingError(f"{path} does not exist")
    if bag:
        return BagRecording(Bag(paths[0]), visible_topic, thermal_topic)
    if paths[0].is_dir() != paths[1].is_dir():
        raise RecordingError(f"{visible} and {thermal} must be two videos or two folders")
    return FolderRecording(*paths) if paths[0].is_dir() else VideoRecording(*paths)
