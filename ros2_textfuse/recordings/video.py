"""A pair of videos."""

from collections.abc import Iterator
from pathlib import Path

import cv2

from ros2_textfuse.recordings.sides import check_sides
from ros2_textfuse.recordings.types import RecordedImage, Recording, RecordingError, frame_at


class VideoRecording(Recording):
    """Two videos of one length; frames pair by their number."""

    def __init__(self, visible: Path, thermal: Path) -> None:
        self._paths = {"visible": visible, "thermal": thermal}
        captures = [_open_video(path) for path in self._paths.values()]
        counts = [int(capture.get(cv2.CAP_PROP_FRAME_COUNT)) for capture in captures]
        for path, count in zip(self._paths.values(), counts, strict=True):
            if count < 1:  # an image, or a stream without a container; OpenCV may say -2**63
                raise RecordingError(f"{path} is no video whose frames can be counted; images go into two folders")
        rates = [capture.get(cv2.CAP_PROP_FPS) for capture in captures]
        if counts[0] != counts[1]:
            raise RecordingError(
                f"the videos differ in length: {visible} has {counts[0]} frames, {thermal} {counts[1]}; "
                "cut them to the same frames first"
            )
        if abs(rates[0] - rates[1]) > 0.01 * max(rates):
            raise RecordingError(f"the videos differ in rate: {rates[0]:g} and {rates[1]:g} frames a second")
        (_, first_visible), (_, first_thermal) = (capture.read() for capture in captures)
        if first_visible is not None and first_thermal is not None:
            check_sides(first_visible, first_thermal, (visible, thermal))
        self.rate = rates[0] or 30.0
        """Frames a second."""
        self.counts = counts[0], counts[1]
        self.duration = counts[0] / self.rate

    def images_from(self, time: float) -> Iterator[RecordedImage]:
        """Visible and thermal of each frame, one after the other."""
        captures = {camera: _open_video(path) for camera, path in self._paths.items()}
        first = frame_at(time, self.rate)
        if first:
            for capture in captures.values():
                capture.set(cv2.CAP_PROP_POS_FRAMES, first)
        time = (first - 1) / self.rate
        for number in range(first, self.pairs):
            for camera, capture in captures.items():
                there, frame = capture.read()
                if not there:
                    raise RecordingError(f"{self._paths[camera]} cannot be read from frame {number} on")
                if camera == "visible":  # its own time, since a phone's rate is not constant; for its partner as well
                    own = capture.get(cv2.CAP_PROP_POS_MSEC) / 1e3
                    time = own if own > time else time + 1 / self.rate  # some formats know no times
                conversion = cv2.COLOR_BGR2RGB if camera == "visible" else cv2.COLOR_BGR2GRAY
                yield RecordedImage.from_pixels(camera, time, cv2.cvtColor(frame, conversion))


def _open_video(path: Path) -> cv2.VideoCapture:
    try:
        str(path).encode()
    except UnicodeEncodeError as error:  # OpenCV would end the process
        raise RecordingError(f"{path!r} cannot be read: its name is not UTF-8; rename it") from error
    capture = cv2.VideoCapture(str(path))
    if not capture.isOpened():
        raise RecordingError(f"{path} cannot be read as a video")
    return capture


def check_video(path: Path, frames: int) -> None:
    """Look whether a video that was written is whole; OpenCV's writer says nothing when the disk is full.

    Raises:
        OSError: it is not, and was removed.
    """
    capture = cv2.VideoCapture(str(path))
    found = int(capture.get(cv2.CAP_PROP_FRAME_COUNT)) if capture.isOpened() else 0
    capture.release()
    if found < frames:
        path.unlink(missing_ok=True)
        raise OSError(f"{path} could not be written: {found} of {frames} frames are in it; is the disk full?")
