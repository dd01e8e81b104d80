"""Where something is to be brought out, or kept."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Rectangle = tuple[float, float, float, float]

MARGIN = 0.03  # of a box's width and height, by which a detector's may be too small on each side


@dataclass(frozen=True)
class Region:
    """A box around something that is to be brought out, or kept.

    Args:
        box: left, top, right, bottom in pixels; it may reach over the image's border.
        id: the same for the same object in frames that follow each other, so that nothing about it changes suddenly;
            0 where a frame stands alone.
        weight: 0 (not at all) .. 1 (wholly): less for what fades in or out.
        name: of its class; empty where nobody asks.
        outline: corners as shares of the box's width and height, [N, 2]; None where only the box is known.
        keep: to be as plain as in the camera that shows it better, and no plainer.
        score: of the detector that found it, 0..1; 0 where none did.
    """

    box: Rectangle
    id: int = 0
    weight: float = 1.0
    name: str = ""
    outline: NDArray[np.float32] | None = field(default=None, compare=False)
    keep: bool = False
    score: float = 0.0


def within(outline: NDArray[np.float32] | None, box: Rectangle) -> NDArray[np.float32] | None:
    """An outline in pixels, [N, 2], as shares of a box; None where it is none, or no area."""
    width, height = box[2] - box[0], box[3] - box[1]
    if outline is None or len(outline) < 3 or width <= 0 or height <= 0:
        return None
    return np.float32((np.asarray(outline) - box[:2]) / (width, height))


def overlap(one: Rectangle, other: Rectangle) -> float:
    """Intersection over union of two boxes, 0..1."""
    shared = _shared(one, other)
    return shared / (area(one) + area(other) - shared) if shared else 0.0


def covered(one: Rectangle, other: Rectangle) -> float:
    """Share of the smaller of two boxes that lies in the other one, 0..1."""
    shared = _shared(one, other)
    return shared / min(area(one), area(other)) if shared else 0.0


def widened(box: Rectangle) -> Rectangle:
    """A box with some room, so that what lies in it ends where the image shows that, not where the box does."""
    left, top, right, bottom = box
    wide, high = MARGIN * (right - left), MARGIN * (bottom - top)
    return left - wide, top - high, right + wide, bottom + high


def area(box: Rectangle) -> float:
    """Pixels of a box."""
    return (box[2] - box[0]) * (box[3] - box[1])


def _shared(one: Rectangle, other: Rectangle) -> float:
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    return max(width, 0) * max(height, 0)
