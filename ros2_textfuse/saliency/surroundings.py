"""A box and the ring around it, as a grid of cells of one size whatever the size of the box."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ros2_textfuse.saliency.regions import Rectangle

SIDE = 24  # cells along either side of box and ring
FINE = 4  # parts of a cell's side, to which an outline is filled
# The measure of separability is taken with these as well: what is brought out is chosen by what is measured.
RING = 0.3  # its width, in widths and heights of the box
NARROWEST = 3  # pixels of the ring, and of what the image shows of the box
BINS = 32  # of the histograms of grey levels in both
CORE = 0.3  # of the way from the border to the middle of a box, from which on the object is surely there
SOFT = 0.15  # of that way, in which an effect rises from none to all


@dataclass(frozen=True)
class Surroundings:
    """A box with its ring, cut at the image's border.

    Args:
        box: left, top, right, bottom. Sides that the image's border cuts off lie beyond it.
        half: of the true box's width and height.
        outer: left, top, right, bottom of box and ring, in whole pixels of the image.
        inner: of the box likewise.
    """

    box: Rectangle
    half: tuple[float, float]
    outer: tuple[int, int, int, int]
    inner: tuple[int, int, int, int]

    @classmethod
    def of(cls, box: Rectangle, height: int, width: int) -> "Surroundings | None":
        """Of a box in an image; None where the image shows too little of the box, or nothing but it."""
        left, top, right, bottom = box
        inner = max(round(left), 0), max(round(top), 0), min(round(right), width), min(round(bottom), height)
        wide, high = max(RING * (right - left), NARROWEST), max(RING * (bottom - top), NARROWEST)
        outer = (
            max(round(left - wide), 0),
            max(round(top - high), 0),
            min(round(right + wide), width),
            min(round(bottom + high), height),
        )
        if min(inner[2] - inner[0], inner[3] - inner[1]) < NARROWEST or inner == outer:
            return None
        # An object that goes on beyond the image's border has no soft edge there.
        wide, high = right - left, bottom - top
        whole = (
            left if left >= 1 else left - wide,
            top if top >= 1 else top - high,
            right if right <= width - 1 else right + wide,
            bottom if bottom <= height - 1 else bottom + high,
        )
        return cls(whole, (wide / 2, high / 2), outer, inner)

    def look(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The cells of an image, RGB or grey, as grey levels, uint8 [SIDE, SIDE]."""
        # Single pixels, not means of several: their levels are spread as in the image.
        cells = cv2.resize(self.cut(image), (SIDE, SIDE), interpolation=cv2.INTER_NEAREST)
        return np.asarray(cv2.cvtColor(cells, cv2.COLOR_RGB2GRAY) if cells.ndim == 3 else cells, np.uint8)

    def profiles(self) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_]]:
        """Of each cell, [SIDE, SIDE]: how much it may change, how surely it shows the object, and whether it is ring.

        The first two are 0..1, and 0 outside the box.
        """
        left, top, right, bottom = self.outer
        middles = (np.arange(SIDE, dtype=np.float32) + 0.5) / SIDE
        across, down = left + middles * (right - left), top + middles * (bottom - top)
        inside, core = (np.outer(self._within(down, 1, rise), self._within(across, 0, rise)) for rise in (SOFT, CORE))
        ring = ~np.outer((down > self.box[1]) & (down < self.box[3]), (across > self.box[0]) & (across < self.box[2]))
        return inside, core, ring

    def filled(self, outline: NDArray[np.float32], box: Rectangle) -> NDArray[np.float32]:
        """Share of each cell that lies within an outline, given as shares of a box, 0..1: [SIDE, SIDE]."""
        left, top, right, bottom = self.outer
        at = np.asarray(box[:2]) + outline * (box[2] - box[0], box[3] - box[1])
        corners = (at - (left, top)) / (right - left, bottom - top) * SIDE * FINE
        fine = np.zeros((SIDE * FINE, SIDE * FINE), np.float32)
        cv2.fillPoly(fine, [np.round(corners).clip(-(2**15), 2**15).astype(np.int32)], 1.0)
        return np.asarray(cv2.resize(fine, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.float32)

    def cut(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The pixels of box and ring, a view."""
        left, top, right, bottom = self.outer
        return image[top:bottom, left:right]

    def inside(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The pixels of the box, a view."""
        left, top, right, bottom = self.inner
        return image[top:bottom, left:right]

    def enlarge(self, cells: NDArray[np.float32]) -> NDArray[np.float32]:
        """Cells [SIDE, SIDE] as pixels of the box, a view."""
        left, top, right, bottom = self.outer
        pixels = cv2.resize(cells, (right - left, bottom - top), interpolation=cv2.INTER_LINEAR)
        return np.asarray(
            pixels[self.inner[1] - top : self.inner[3] - top, self.inner[0] - left : self.inner[2] - left]
        )

    def soften(self, pixels: NDArray[np.float32]) -> None:
        """Let pixels of the box, [h, w], fall to 0 at its border, in place."""
        for axis, line in enumerate((pixels, pixels.T)):
            line *= self._within(np.arange(self.inner[axis] + 0.5, self.inner[axis + 2]), axis, SOFT)

    def _within(self, at: NDArray[np.floating[Any]], axis: int, rise: float) -> NDArray[np.float32]:
        """0 outside the box, 1 inside from a share of the way to its middle on, smooth between: of positions."""
        near, far, soft = self.box[axis], self.box[axis + 2], rise * self.half[axis]
        share = np.interp(at, (near, near + soft, far - soft, far), (0, 1, 1, 0))
        return np.float32(share * share * (3 - 2 * share))
