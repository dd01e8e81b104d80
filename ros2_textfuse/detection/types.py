"""What the detector says, and how it fails; light, without torch."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ros2_textfuse.errors import TextfuseError


class DetectorError(TextfuseError, RuntimeError):
    """The detector cannot be built on this machine; the message names the cure."""


@dataclass(frozen=True)
class Detection:
    """One object in an image."""

    name: str
    """Class name, for instance "person"."""
    class_id: int
    """The class's number in the weights (COCO: 0..79)."""
    score: float
    """0..1."""
    box: tuple[float, float, float, float]
    """Left, top, right, bottom in pixels of the image given to detect(); 0 <= x <= W, 0 <= y <= H."""
    id: int = 0
    """The same for the same object in the frames of a stream; 0 where it is not followed."""
    outline: NDArray[np.float32] | None = field(default=None, compare=False)
    """Corners of its outline in pixels, [N, 2]; None where the weights do not segment."""


def check_image(image: NDArray[np.uint8]) -> None:
    """Raise TypeError unless an image is uint8, ValueError unless it is [H, W, 3]."""
    if image.dtype != np.uint8:
        raise TypeError(f"the image is {image.dtype}; the detector takes uint8 RGB")
    if image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
        raise ValueError(f"the image has the shape {list(image.shape)}; the detector takes [H, W, 3]")
