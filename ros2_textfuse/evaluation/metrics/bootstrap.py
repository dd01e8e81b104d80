"""Confidence intervals by bootstrap, so that noise is not sold as progress (Efron, 1979; Künsch, 1989, for blocks)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 2000
LEVEL = 0.95
DRAWN = 100  # drawings of groups at a time: this bounds the memory


@dataclass(frozen=True)
class Interval:
    """A mean and its 95 % confidence interval."""

    mean: float
    low: float
    high: float

    @property
    def sign(self) -> int:
        """1 or -1 where the whole interval is above or below zero, else 0."""
        return (self.low > 0) - (self.high < 0)


def mean_interval(values: Sequence[float], ordered: bool) -> Interval | None:
    """The mean over frames with its interval, the same at each call; None where there is no finite value.

    Args:
        values: one for each frame; NaN where there is none.
        ordered: whether the frames follow each other in time. Neighbours are alike then and count for less than
            independent frames: whole blocks of the square root of their number are drawn.
    """
    finite = _finite(values)
    return _interval(float(finite.mean()), _means(finite, ordered, seed=0)) if len(finite) else None


def difference_interval(a: Sequence[float], b: Sequence[float], ordered: bool) -> Interval | None:
    """Mean of b minus mean of a, of frames that do not match, with its interval; None where one has no finite value."""
    of_a, of_b = _finite(a), _finite(b)
    if not (len(of_a) and len(of_b)):
        return None
    means = _means(of_b, ordered, seed=0) - _means(of_a, ordered, seed=1)
    return _interval(float(of_b.mean() - of_a.mean()), means)


@dataclass(frozen=True)
class Clusters:
    """Groups of frames that belong together, such as recordings: whole groups are drawn, not frames.

    Frames of one drive are alike, in their blocks and beyond; another hundred drives would be other drives.

    Args:
        count: how many groups there are.
        seed: of the drawing; two seeds for two sets that have nothing in common.
    """

    count: int
    seed: int = 0

    def means(self, sums: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
        """Means over frames in RESAMPLES drawings, [RESAMPLES, F]; NaN where none of a drawing's groups has a frame.

        Args:
            sums: [count, F], of F figures over the frames of each group.
            counts: [count, F], of how many frames.
        """
        random = np.random.default_rng(self.seed)
        found = np.empty((RESAMPLES, sums.shape[1]))
        for at in range(0, RESAMPLES, DRAWN):
            drawn = random.integers(0, self.count, (DRAWN, self.count)) + self.count * np.arange(DRAWN)[:, None]
            times = np.bincount(drawn.ravel(), minlength=DRAWN * self.count).reshape(DRAWN, self.count)
            with np.errstate(invalid="ignore"):
                found[at : at + DRAWN] = (times @ sums) / (times @ counts)
        return found


def interval_of(mean: float, drawn: NDArray[np.float64]) -> Interval | None:
    """A mean with its interval among drawings of it; None where none has a value."""
    drawn = drawn[np.isfinite(drawn)]
    return _interval(mean, drawn) if len(drawn) and math.isfinite(mean) else None


def _finite(values: Sequence[float]) -> NDArray[np.float64]:
    array = np.asarray(values, np.float64)
    return array[np.isfinite(array)]


def _means(values: NDArray[np.float64], ordered: bool, seed: int) -> NDArray[np.float64]:
    """Means of RESAMPLES drawings."""
    count = len(values)
    block = math.isqrt(count) if ordered else 1
    # Circular blocks: the sum of each is a difference of two running sums.
    running = np.concatenate([[0.0], np.cumsum(np.concatenate([values, values[:block]]))])
    starts = np.random.default_rng(seed).integers(0, count, (RESAMPLES, math.ceil(count / block)))
    return (running[starts + block] - running[starts]).mean(axis=1) / block


def _interval(mean: float, drawn: NDArray[np.float64]) -> Interval:
    low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(mean, float(low), float(high))
