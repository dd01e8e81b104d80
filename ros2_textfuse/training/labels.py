"""Where objects are in a pair, as `labels/NAME.txt` says: YOLO text, a line each."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ros2_textfuse.degradations.synthesis import Image

OBJECTS = 8  # known objects in a crop that count
SMALLEST_OBJECT = 5  # pixels of a crop

Known = tuple[int, float, float, float, float]
"""An object in pixels: class, left, top, right, bottom."""


def read_labels(path: Path, height: int, width: int) -> tuple[tuple[Known, ...], list[str]]:
    """The objects that a file of labels names, in pixels, and what is wrong with it; none where there is no file."""
    boxes = []
    for number, line in enumerate(path.read_text().splitlines() if path.is_file() else (), 1):
        try:
            kind, *sides = line.split()
            of, (x, y, w, h) = int(kind), [float(side) for side in sides]
            if of < 0 or not (0 <= x <= 1 and 0 <= y <= 1 and 0 < w <= 1 and 0 < h <= 1):
                raise ValueError
        except ValueError:
            return (), [f"{path}:{number}: expected class x y width height, shares of the image, not {line[:60]!r}"]
        boxes.append((of, (x - w / 2) * width, (y - h / 2) * height, (x + w / 2) * width, (y + h / 2) * height))
    return tuple(boxes), []


def labels_within(labels: Sequence[Known], left: int, top: int, extent: int, crop: int) -> Image:
    """Objects as float32 [OBJECTS, 5] in a window that is scaled to `crop`, those that are half in it."""
    rows = np.zeros((OBJECTS, 5), np.float32)
    rows[:, 0] = -1
    boxes = np.array(labels, np.float32).reshape(-1, 5)
    corners = (boxes[:, 1:] - np.array([left, top, left, top], np.float32)) * (crop / extent)
    inside = np.clip(corners, 0, crop)
    sides, whole = inside[:, 2:] - inside[:, :2], corners[:, 2:] - corners[:, :2]
    kept = (sides.min(1, initial=crop) >= SMALLEST_OBJECT) & (sides.prod(1) >= 0.5 * whole.prod(1))
    found = np.hstack([boxes[kept, :1], inside[kept]])[:OBJECTS]
    rows[: len(found)] = found
    return rows
