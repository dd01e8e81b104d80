"""Recordings of two cameras: a rosbag2 bag, a pair of videos, or a pair of folders of images.

What can be wrong with a recording is found when it is opened, before the first image is played, but for damage
further in: all images before it come, then an error that says where.
"""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from ros2_textfuse.imaging import compressed, encodings
from ros2_textfuse.recordings.bag_reader import COMPRESSED, IMAGE, Bag, BagError

FOLDER_RATE = 10.0  # pairs a second, since images in a folder have no time
IMAGE_SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff"}


class RecordingError(ValueError):
    """A recording cannot be played; the message says what was expected."""


@dataclass
class RecordedImage:
    """One image of one camera, with the fields of sensor_msgs/Image beside when it was taken.

    `time` is when it is due and `stamp` what its header says, both in seconds from the start of the recording:
    they differ by what the camera's driver took. A compressed image that does not decode has a `fault`, which says
    why, and no pixels.
    """

    camera: str  # visible or thermal
    time: float
    stamp: float
    height: int = 0
    width: int = 0
    encoding: str = ""
    is_bigendian: int = 0
    step: int = 0
    data: array | None = None
    fault: str = ""

    @classmethod
    def of(cls, camera: str, time: float, pixels: NDArray, stamp: float | None = None) -> "RecordedImage":
        """An image of an array; without a stamp, that is when it is due."""
        image = cls(camera, time, time if stamp is None else stamp)
        encodings.fill_message(image, pixels, encodings.ENCODING[pixels.ndim][pixels.dtype.name])
        return image


class Recording(Protocol):
    """Images of two cameras in the order in which they are due."""

    images: int
    """How many there are, of both cameras."""
    duration: float
    """Seconds from the first image to one period after the last: when a loop starts again."""

    def __iter__(self) -> Iterator[RecordedImage]: ...


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
        return BagRecording(paths[0], visible_topic, thermal_topic)
    if paths[0].is_dir() != paths[1].is_dir():
        raise RecordingError(f"{visible} and {thermal} must be two videos or two folders")
    return FolderRecording(*paths) if paths[0].is_dir() else VideoRecording(*paths)


class VideoRecording:
    """Two videos of one length; frames pair by their number."""

    def __init__(self, visible: Path, thermal: Path) -> None:
        self._paths = {"visible": visible, "thermal": thermal}
        captures = [_open_video(path) for path in self._paths.values()]
        counts = [int(capture.get(cv2.CAP_PROP_FRAME_COUNT)) for capture in captures]
        rates = [capture.get(cv2.CAP_PROP_FPS) for capture in captures]
        if counts[0] != counts[1]:
            raise RecordingError(
                f"the videos differ in length: {visible} has {counts[0]} frames, {thermal} {counts[1]}; "
                "cut them to the same frames first"
            )
        if abs(rates[0] - rates[1]) > 0.01 * max(rates):
            raise RecordingError(f"the videos differ in rate: {rates[0]:g} and {rates[1]:g} frames a second")
        self._rate = rates[0] or 30.0
        self.images = 2 * counts[0]
        self.duration = counts[0] / self._rate

    def __iter__(self) -> Iterator[RecordedImage]:
        """Visible and thermal of each frame, one after the other."""
        captures = {camera: _open_video(path) for camera, path in self._paths.items()}
        time = -1 / self._rate
        for number in range(self.images // 2):
            for camera, capture in captures.items():
                there, frame = capture.read()
                if not there:
                    raise RecordingError(f"{self._paths[camera]} cannot be read from frame {number} on")
                if camera == "visible":  # its own time, since a phone's rate is not constant; for its partner as well
                    own = capture.get(cv2.CAP_PROP_POS_MSEC) / 1e3
                    time = own if own > time else time + 1 / self._rate  # some formats know no times
                conversion = cv2.COLOR_BGR2RGB if camera == "visible" else cv2.COLOR_BGR2GRAY
                yield RecordedImage.of(camera, time, cv2.cvtColor(frame, conversion))


class FolderRecording:
    """Two folders of images, played in the order of their names."""

    def __init__(self, visible: Path, thermal: Path) -> None:
        self._pairs = pair_folders(visible, thermal)
        self.images = 2 * len(self._pairs)
        self.duration = len(self._pairs) / FOLDER_RATE

    def __iter__(self) -> Iterator[RecordedImage]:
        """Visible and thermal of each name, one after the other."""
        for number, pair in enumerate(self._pairs.values()):
            for camera, path in zip(("visible", "thermal"), pair, strict=True):
                yield RecordedImage.of(camera, number / FOLDER_RATE, read_image(path, camera))


class BagRecording:
    """A rosbag2 bag, read without ROS. Compressed images come as the raw ones that they were."""

    def __init__(self, path: Path, visible_topic: str, thermal_topic: str) -> None:
        try:
            self._bag = Bag(path)
        except BagError as error:
            raise RecordingError(str(error)) from error
        self._cameras: dict[str, str] = {}  # topic -> camera
        counts = []
        for camera, name in (("visible", visible_topic), ("thermal", thermal_topic)):
            topic = self._bag.images(name)
            if topic is None:
                there = [topic.name for topic in self._bag.topics.values() if topic.msgtype in (IMAGE, COMPRESSED)]
                raise RecordingError(
                    f"{path} has no {camera} images on {name}, of type {IMAGE} or {COMPRESSED}; "
                    f"it has them on: {', '.join(there) or 'no topic'}"
                )
            if not topic.count:
                raise RecordingError(f"{path} has no {camera} image")
            self._cameras[topic.name] = camera
            counts.append(topic.count)
        self.images = sum(counts)
        seconds = (self._bag.end - self._bag.start) / 1e9
        self.duration = seconds + seconds / max(counts)

    def __iter__(self) -> Iterator[RecordedImage]:
        """The images in the order in which they were recorded."""
        try:
            for topic, recorded, message in self._bag.messages(tuple(self._cameras)):
                stamp = message.header.stamp.sec * 1_000_000_000 + message.header.stamp.nanosec
                time = (recorded - self._bag.start) / 1e9
                # A driver that does not stamp leaves zero: the time of recording is the best that is known.
                taken = (stamp - self._bag.start) / 1e9 if stamp else time
                if self._bag.topics[topic].msgtype == COMPRESSED:
                    yield _decoded(self._cameras[topic], time, taken, message)
                    continue
                data = array("B")
                data.frombytes(message.data.data)
                yield RecordedImage(
                    self._cameras[topic],
                    time,
                    taken,
                    message.height,
                    message.width,
                    message.encoding,
                    message.is_bigendian,
                    message.step,
                    data,
                )
        except BagError as error:
            raise RecordingError(str(error)) from error


def _decoded(camera: str, time: float, stamp: float, message: Any) -> RecordedImage:
    """The raw image of a CompressedImage, rgb8, mono8 or mono16; one with a fault where it is damaged."""
    try:
        image = compressed.decode(message)
        encodings.check_message(image, encodings.ENCODINGS[camera])
        return RecordedImage.of(camera, time, encodings.camera_array(image, camera), stamp)
    except encodings.ImageError as error:
        return RecordedImage(camera, time, stamp, fault=str(error))


def pair_folders(visible: Path, thermal: Path) -> dict[str, tuple[Path, Path]]:
    """Pair the images of two folders by name, whatever their suffix.

    Returns:
        The visible and the thermal file of each name, sorted by name.

    Raises:
        RecordingError: a folder holds no images, or an image has no partner.
    """
    folders = [
        {path.stem: path for path in folder.iterdir() if path.suffix.lower() in IMAGE_SUFFIXES}
        for folder in (visible, thermal)
    ]
    for folder, found in zip((visible, thermal), folders, strict=True):
        if not found:
            raise RecordingError(f"{folder} holds no images ({', '.join(sorted(IMAGE_SUFFIXES))})")
    alone = sorted(folders[0].keys() ^ folders[1].keys())
    if alone:
        some = ", ".join(alone[:5])
        raise RecordingError(f"{len(alone)} images have no partner of their name in the other folder: {some}")
    return {name: (folders[0][name], folders[1][name]) for name in sorted(folders[0])}


def read_image(path: Path, camera: str) -> NDArray:
    """Read an image file as its camera delivers it.

    Args:
        path: PNG, JPEG, BMP or TIFF.
        camera: `visible` or `thermal`.

    Returns:
        uint8 RGB [H, W, 3] for visible; uint8 or uint16 [H, W] for thermal.

    Raises:
        RecordingError: the file cannot be read as an image.
    """
    flags = cv2.IMREAD_COLOR if camera == "visible" else cv2.IMREAD_ANYDEPTH | cv2.IMREAD_GRAYSCALE
    pixels = cv2.imdecode(np.fromfile(path, np.uint8), flags) if path.stat().st_size else None
    if pixels is None:
        raise RecordingError(f"{path} cannot be read as an image")
    return cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB) if camera == "visible" else pixels


def _open_video(path: Path) -> cv2.VideoCapture:
    capture = cv2.VideoCapture(str(path))
    if not capture.isOpened():
        raise RecordingError(f"{path} cannot be read as a video")
    return capture
