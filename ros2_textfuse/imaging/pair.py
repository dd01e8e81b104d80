"""Whether two images are a pair that can be fused."""

import numpy as np
from numpy.typing import NDArray

from ros2_textfuse.imaging.encodings import ImageError


def check_types(visible: NDArray, thermal: NDArray) -> None:
    """Raise ImageError unless visible is RGB and thermal of a dtype that gain control takes."""
    if visible.ndim != 3 or visible.shape[2] != 3 or visible.dtype != np.uint8:
        raise ImageError(f"visible must be uint8 [H, W, 3], not {visible.dtype} {list(visible.shape)}")
    if thermal.ndim != 2 or thermal.dtype not in (np.uint8, np.uint16, np.float32):
        raise ImageError(f"thermal must be uint8, uint16 or float32 [H, W], not {thermal.dtype} {list(thermal.shape)}")
    if 0 in thermal.shape:
        raise ImageError(f"the images are empty: thermal is {list(thermal.shape)}")


def check_sizes(visible: NDArray, thermal: NDArray) -> None:
    """Raise ImageError unless both images are of the same size."""
    if visible.shape[:2] != thermal.shape:
        (vh, vw), (th, tw) = visible.shape[:2], thermal.shape
        raise ImageError(
            f"visible is {vw}x{vh} and thermal is {tw}x{th}: they must be registered and of the same size, or "
            "aligned by a calibration"
        )
