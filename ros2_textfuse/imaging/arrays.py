"""What the arrays of a pair must be, so that it can be fused."""

import numpy as np
from numpy.typing import NDArray

from ros2_textfuse.imaging.encodings import ImageError


def check_types(visible: NDArray, thermal: NDArray) -> None:
    """Refuse what is no image of its camera.

    Args:
        visible: to be uint8 RGB [H, W, 3].
        thermal: to be uint8, uint16 or float32 [H, W].

    Raises:
        ImageError: dtype or shape is another, or an image is empty.
    """
    if visible.ndim != 3 or visible.shape[2] != 3 or visible.dtype != np.uint8:
        raise ImageError(f"visible must be uint8 [H, W, 3], not {visible.dtype} {list(visible.shape)}")
    if thermal.ndim != 2 or thermal.dtype not in (np.uint8, np.uint16, np.float32):
        raise ImageError(f"thermal must be uint8, uint16 or float32 [H, W], not {thermal.dtype} {list(thermal.shape)}")
    if 0 in thermal.shape:
        raise ImageError(f"the images are empty: thermal is {list(thermal.shape)}")


def check_out(out: NDArray, thermal: NDArray) -> None:
    """Refuse what a fused image cannot be written into.

    Args:
        out: to be uint8 [H, W, 3], C-contiguous.
        thermal: [H, W].

    Raises:
        ImageError: it is something else.
    """
    shape = (*thermal.shape, 3)
    if out.shape != shape or out.dtype != np.uint8 or not out.flags.c_contiguous:
        raise ImageError(f"out must be C-contiguous uint8 {shape}, not {out.dtype} {out.shape}")


def check_sizes(visible: NDArray, thermal: NDArray) -> None:
    """Refuse images of two sizes, as registered ones cannot be.

    Args:
        visible: [H, W, 3].
        thermal: [H, W].

    Raises:
        ImageError: the sizes differ.
    """
    if visible.shape[:2] != thermal.shape:
        (vh, vw), (th, tw) = visible.shape[:2], thermal.shape
        raise ImageError(
            f"visible is {vw}x{vh} and thermal is {tw}x{th}: they must be registered and of the same size, or "
            "aligned by a calibration"
        )
