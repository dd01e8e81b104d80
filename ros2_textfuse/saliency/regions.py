"""Where something is to be brought out, or kept."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Rectangle = tuple[float, float, float, float]


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
    """

    box: Rectangle
    id: int = 0
    weight: float = 1.0
    name: str = ""
    outline: NDArray[np.float32] | None = field(default=None, compare=False)
    keep: bool = False


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


def area(box: Rectangle) -> float:
    """Pixels of a box."""
    return (box[2] - box[0]) * (box[3] - box[1])


def _shared(one: Rectangle, other: Rectangle) -> float:
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    return max(width, 0) * max(height, 0)
