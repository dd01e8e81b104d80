"""Where something is to be brought out."""

from dataclasses import dataclass

Rectangle = tuple[float, float, float, float]


@dataclass(frozen=True)
class Region:
    """A box around something that is to be brought out.

    Args:
        box: left, top, right, bottom in pixels; it may reach over the image's border.
        id: the same for the same object in frames that follow each other, so that nothing about it changes suddenly;
            0 where a frame stands alone.
        weight: 0 (not at all) .. 1 (wholly): less for what fades in or out.
    """

    box: Rectangle
    id: int = 0
    weight: float = 1.0
