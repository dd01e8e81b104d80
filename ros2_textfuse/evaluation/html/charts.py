"""Paths of small SVG charts; everything that is text stands in HTML beside them, so that it keeps its size.

The drawing space is WIDE x HIGH and is stretched to whatever room there is (preserveAspectRatio="none").
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

WIDE, HIGH = 1000.0, 100.0
POINTS = 400  # of a curve at most: means of what lies between
LEVELS = 48  # of a distribution


@dataclass(frozen=True)
class Scale:
    """Values from `low` (drawn at the bottom) to `high` (at the top)."""

    low: float
    high: float

    @classmethod
    def from_values(cls, *series: Sequence[float]) -> "Scale":
        """A scale with room for all finite values."""
        values = np.concatenate([np.asarray(values, np.float64) for values in series])
        values = values[np.isfinite(values)]
        low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 1.0)
        room = 0.06 * (high - low) or max(0.5, abs(high) * 0.05)
        return cls(low - room, high + room)

    def at(self, value: float) -> float:
        """Share of the height from the top, 0..1."""
        return (self.high - value) / (self.high - self.low)

    def ticks(self, wanted: int = 4) -> list[float]:
        """Round values within the scale, about as many as wanted."""
        step = 10 ** math.floor(math.log10((self.high - self.low) / wanted))
        step *= next(factor for factor in (1, 2, 5, 10) if (self.high - self.low) / (step * factor) <= wanted)
        first = math.ceil(self.low / step)
        return [round(number * step, 10) for number in range(first, math.floor(self.high / step) + 1)]


def thinned(times: Sequence[float], values: Sequence[float]) -> tuple[list[float], list[float]]:
    """Times and values, averaged down to POINTS; NaN where a stretch has no value."""
    count = len(times)
    if count <= POINTS:
        return list(times), list(values)
    edges = np.linspace(0, count, POINTS + 1).astype(int)
    rows = np.asarray([times, values], np.float64)
    finite = np.isfinite(rows[1])
    sums = np.add.reduceat(np.where(finite, rows[1], 0), edges[:-1])
    counts = np.add.reduceat(finite, edges[:-1])
    means = np.divide(sums, counts, out=np.full(POINTS, np.nan), where=counts > 0)
    return (np.add.reduceat(rows[0], edges[:-1]) / np.diff(edges)).tolist(), means.tolist()


def curve(places: Sequence[float], values: Sequence[float], scale: Scale, dots: bool) -> str:
    """A line through the values, broken where one is missing; or dots.

    Args:
        places: 0..1, from the left.
        values: NaN where one is missing.
        scale: of the values.
        dots: whether values stand alone (drawn with round line caps).
    """
    parts, joined = [], False
    for place, value in zip(places, values, strict=True):
        if not math.isfinite(value):
            joined = False
            continue
        move = "L" if joined else "M"
        parts.append(f"{move}{place * WIDE:.1f} {scale.at(value) * HIGH:.2f}" + ("h0" if dots or not joined else ""))
        joined = not dots
    return "".join(parts)


def density(values: Sequence[float], scale: Scale) -> str:
    """How often values occur, as an outline that grows to the right; the widest place fills the width."""
    finite = np.asarray([value for value in values if math.isfinite(value)])
    if not len(finite):
        return ""
    counts: NDArray[np.float64] = np.histogram(finite, LEVELS, (scale.low, scale.high))[0].astype(np.float64)
    kernel = np.exp(-0.5 * (np.arange(-4, 5) / 1.6) ** 2)
    smooth = np.convolve(counts, kernel / kernel.sum(), "same")
    smooth /= smooth.max()
    steps = [(1 - (level + 0.5) / LEVELS) * HIGH for level in range(LEVELS)]
    points = "".join(f"L{share * WIDE * 0.94:.1f} {y:.2f}" for share, y in zip(smooth, steps, strict=True))
    return f"M0 {HIGH:.0f}{points}L0 0Z"
