"""Drawing for people: the overlay on an image that is not what its topic's name says, and panels with captions."""

import cv2
import numpy as np
from numpy.typing import NDArray

AMBER = (255, 176, 0)  # RGB
PANEL = (480, 360)  # pixels, width and height of one image
CAPTION = 28  # pixels, height of the line above it


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


def one_camera(camera: str, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A copy of one camera's image, uint8 RGB [H, W, 3] or grey [H, W], as RGB with a border and `CAMERA ONLY`."""
    marked = np.dstack([image] * 3) if image.ndim == 2 else image.copy()
    mark(marked, f"{camera.upper()} ONLY")
    return marked


def panel(image: NDArray[np.uint8], caption: str) -> NDArray[np.uint8]:
    """An image, uint8 RGB [H, W, 3] or grey [H, W], fitted into PANEL under its caption: uint8 RGB."""
    if image.ndim == 2:
        image = cv2.cvtColor(image, cv2.COLOR_GRAY2RGB).astype(np.uint8)
    scale = min(PANEL[0] / image.shape[1], PANEL[1] / image.shape[0])
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    canvas = np.zeros((PANEL[1] + CAPTION, PANEL[0], 3), np.uint8)
    left = (PANEL[0] - small.shape[1]) // 2
    canvas[CAPTION : CAPTION + small.shape[0], left : left + small.shape[1]] = small
    # The built-in font knows only ASCII.
    text = caption.encode("ascii", "replace").decode()
    cv2.putText(canvas, text, (8, 19), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (255, 255, 255), 1, cv2.LINE_AA)
    return canvas
