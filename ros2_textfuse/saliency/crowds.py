"""Who loses where objects stand close together: to bring one out may hide the next, whose surroundings it is."""

import cv2
import numpy as np
from cv2.typing import MatLike
from numpy.typing import NDArray

from ros2_textfuse.saliency.surroundings import BINS, Surroundings

FINEST = 128  # rows and columns of box and ring that are looked at, at least
LOSS = 1e-9  # of separability from which on an object has lost, and not its figure rounded


def separability(cut: NDArray[np.uint8], around: Surroundings) -> float:
    """1 minus the overlap of the grey histograms of a box and of the ring around it, 0..1.

    Args:
        cut: their pixels, uint8 RGB [h, w, 3], of `Surroundings.cut`.
        around: the box and its ring.
    """
    left, top, right, bottom = around.outer
    down, across = (max(length // FINEST, 1) for length in (bottom - top, right - left))
    grey = cv2.cvtColor(np.ascontiguousarray(cut[::down, ::across]), cv2.COLOR_RGB2GRAY)
    rows = _steps(around.inner[1] - top, around.inner[3] - top, down)
    columns = _steps(around.inner[0] - left, around.inner[2] - left, across)
    inside, ring = _counts(grey[rows, columns]), _counts(grey)
    ring = ring - inside
    if not ring.any() or not inside.any():
        return 0.0
    return float(1 - np.minimum(inside / inside.sum(), ring / ring.sum()).sum())


def touch(one: Surroundings, other: Surroundings) -> bool:
    """Whether a box lies in the other one or in its ring, in part."""
    box, outer = one.inner, other.outer
    return box[0] < outer[2] and outer[0] < box[2] and box[1] < outer[3] and outer[1] < box[3]


def _counts(grey: MatLike) -> MatLike:
    return cv2.calcHist([np.ascontiguousarray(grey)], [0], None, [BINS], [0, 256])[:, 0]


def _steps(start: int, end: int, step: int) -> slice:
    """The rows of every step-th row that lie within start..end."""
    return slice(-(-start // step), -(-end // step))
