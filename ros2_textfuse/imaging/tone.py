"""Tone of an image: brightness and contrast by one table, colour by one matrix, in place."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ros2_textfuse.imaging.luma import LUMA


class ToneMap:
    """A change of tone that is applied to image after image.

    With x in 0..1: brightness b makes it x ** (2 ** -b), which leaves black and white where they are and clips nothing;
    contrast c > 0 moves it that share of the way to the curve 3 x² - 2 x³, and c < 0 the share 0.8 |c| of the way to
    middle grey; colour s scales the distance from the pixel's own grey by 1 + s: -1 is grey, 1 twice as colourful.

    Args:
        brightness: -1..1.
        contrast: -1..1.
        colour: -1..1.
    """

    def __init__(self, brightness: float = 0.0, contrast: float = 0.0, colour: float = 0.0) -> None:
        x = np.linspace(0, 1, 256) ** 2.0**-brightness
        aim, share = (x * x * (3 - 2 * x), contrast) if contrast > 0 else (0.5, -0.8 * contrast)
        curve = np.rint(255 * (x + share * (aim - x))).astype(np.uint8)
        self._curve = curve if brightness or contrast else None
        grey = np.tile(LUMA, (3, 1))
        self._matrix = (grey + (1 + colour) * (np.eye(3) - grey)).astype(np.float32) if colour else None

    def __call__(self, image: NDArray[np.uint8]) -> None:
        """Change `image`, RGB uint8 [H, W, 3] and C-contiguous, in place; what is beyond 0..255 becomes 0 or 255."""
        if self._matrix is not None:
            cv2.transform(image, self._matrix, dst=image)
        if self._curve is not None:
            cv2.LUT(image, self._curve, dst=image)
