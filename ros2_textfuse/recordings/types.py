"""What every recording gives, whatever it is read from."""

import math
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from numpy.typing import NDArray

from ros2_textfuse.errors import TextfuseError
from ros2_textfuse.imaging import encodings


class RecordingError(TextfuseError, ValueError):
    """A recording cannot be read; the message says what was expected."""


@dataclass
class RecordedImage:
    """One image of one camera, with the fields of sensor_msgs/Image beside when it was taken.

    `time` is when it is due and `stamp` what its header says, both in seconds from the start of the recording:
    they differ by what the camera's driver took. `visible_array` and `thermal_array` make pixels of it. A compressed
    image that does not decode has a `fault`, which says why, and no pixels.
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
    def from_pixels(cls, camera: str, time: float, pixels: NDArray, stamp: float | None = None) -> "RecordedImage":
        """An image of an array; without a stamp, that is when it is due."""
        image = cls(camera, time, time if stamp is None else stamp)
        encodings.fill_message(image, pixels, encodings.ENCODING[pixels.ndim][pixels.dtype.name])
        return image


def frame_at(time: float, rate: float) -> int:
    """The number of the first frame that is due at a time or later; `time` in seconds, `rate` in frames a second."""
    return max(0, math.ceil(time * rate - 1e-6))


class Recording(Protocol):
    """Images of two cameras in the order in which they are due.

    What can be wrong with a recording is found when it is opened, before the first image is played, but for damage
    further in: all images before it come, then a RecordingError that says where.
    """

    counts: tuple[int, int]
    """Images of the visible and of the thermal camera, whose rates may differ."""
    duration: float
    """Seconds from the first image to one period after the last: when a loop starts again."""

    @property
    def images(self) -> int:
        """How many there are, of both cameras."""
        return sum(self.counts)

    @property
    def pairs(self) -> int:
        """How many there are at most, each image used once."""
        return min(self.counts)

    def __iter__(self) -> Iterator[RecordedImage]:
        """All images."""
        return self.images_from(0.0)

    def images_from(self, time: float) -> Iterator[RecordedImage]:
        """The images that are due at a time or later, in seconds from the start."""
        ...
