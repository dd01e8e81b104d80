"""The mark on an image that is not what its topic's name says."""

import cv2
import numpy as np
from numpy.typing import NDArray

AMBER = (255, 176, 0)  # RGB


def mark(image: NDArray[np.uint8], caption: str) -> None:
    """Draw an amber border and a caption into an image, for people who see nothing but the image.

    Args:
        image: uint8 RGB [H, W, 3], C-contiguous; written.
        caption: a few words; as much of it as fits is seen.
    """
    height, width = image.shape[:2]
    size = min(height, width) / 480
    unit = max(1, round(size))
    cv2.rectangle(image, (0, 0), (width - 1, height - 1), AMBER, 2 * unit)
    scale = max(0.4, 0.55 * size)
    (text_width, text_height), below = cv2.getTextSize(caption, cv2.FONT_HERSHEY_SIMPLEX, scale, unit)
    cv2.rectangle(image, (0, 0), (text_width + 4 * unit, text_height + below + 3 * unit), AMBER, cv2.FILLED)
    origin = 2 * unit, text_height + 2 * unit
    cv2.putText(image, caption, origin, cv2.FONT_HERSHEY_SIMPLEX, scale, (0, 0, 0), unit, cv2.LINE_AA)
