"""Boxes and labels drawn into an image."""

import colorsys
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from ros2_textfuse.detection.types import Detection, check_image


def draw(image: NDArray[np.uint8], detections: Sequence[Detection]) -> NDArray[np.uint8]:
    """A copy of the image with a box and a label ("person 87%") for each detection.

    Args:
        image: uint8 RGB [H, W, 3]; left as it is.
        detections: what detect() found in it.

    Returns:
        uint8 RGB [H, W, 3].

    Raises:
        TypeError: the dtype is not uint8.
        ValueError: the shape is not [H, W, 3].
    """
    check_image(image)
    canvas = np.array(image, order="C")
    height, width = canvas.shape[:2]
    line = max(1, round(min(height, width) / 240))
    scale = max(0.4, min(height, width) / 1000)
    for detection in reversed(detections):  # the surest on top
        left, top, right, bottom = (round(value) for value in detection.box)
        colour = _class_colour(detection.class_id)
        cv2.rectangle(canvas, (left, top), (right, bottom), colour, line)
        label = f"{detection.name} {detection.score:.0%}"
        (text_width, text_height), below = cv2.getTextSize(label, cv2.FONT_HERSHEY_SIMPLEX, scale, 1)
        x = max(0, min(left, width - text_width - 4))  # a label stays within the canvas
        y = max(top, text_height + below + 2)
        corner = (x + text_width + 4, y - text_height - below - 2)
        cv2.rectangle(canvas, (x, y), corner, colour, cv2.FILLED)
        origin = (x + 2, y - below)
        cv2.putText(canvas, label, origin, cv2.FONT_HERSHEY_SIMPLEX, scale, (0, 0, 0), 1, cv2.LINE_AA)
    return canvas


def _class_colour(class_id: int) -> tuple[int, int, int]:
    """A light colour of its own for each class: black text reads on it, and it shows in a dark image."""
    red, green, blue = colorsys.hsv_to_rgb(0.11 + class_id * 0.618034 % 1, 0.65, 1.0)
    return round(red * 255), round(green * 255), round(blue * 255)
