"""What the arrays of a pair must be, so that it can be fused."""

import numpy as np
from numpy.typing import NDArray

from ros2_textfuse.imaging.encodings import ImageError


def check_types(visible: NDArray, thermal: NDArray) -> None:
    """Refuse a pair of which one is no image of its camera; see `check_type`."""
    check_type("visible", visible)
    check_type("thermal", thermal)


def check_type(camera: str, image: NDArray) -> None:
    """Refuse what is no image of a camera.

    Args:
        camera: `visible` or `thermal`.
        image: to be uint8 RGB [H, W, 3] of the visible one; uint8, uint16 or float32 [H, W] of the thermal one.

    Raises:
        ImageError: dtype or shape is another, or the image is empty.
    """
    if camera == "visible":
        expected, right = "uint8 [H, W, 3]", image.ndim == 3 and image.shape[2] == 3 and image.dtype == np.uint8
    else:
        expected = "uint8, uint16 or float32 [H, W]"
        right = image.ndim == 2 and image.dtype in (np.uint8, np.uint16, np.float32)
    if not right:
        raise ImageError(f"{camera} must be {expected}, not {image.dtype} {list(image.shape)}")
    if 0 in image.shape:
        raise ImageError(f"the images are empty: {camera} is {list(image.shape)}")


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
