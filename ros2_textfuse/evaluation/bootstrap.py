"""Confidence intervals by bootstrap, so that noise is not sold as progress (Efron, 1979; Künsch, 1989, for blocks)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

RESAMPLES = 2000
LEVEL = 0.95


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
    finite = np.asarray(values, np.float64)
    finite = finite[np.isfinite(finite)]
    count = len(finite)
    if not count:
        return None
    block = math.isqrt(count) if ordered else 1
    # Circular blocks: the sum of each is a difference of two running sums.
    running = np.concatenate([[0.0], np.cumsum(np.concatenate([finite, finite[:block]]))])
    starts = np.random.default_rng(0).integers(0, count, (RESAMPLES, math.ceil(count / block)))
    means = (running[starts + block] - running[starts]).mean(axis=1) / block
    low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(float(finite.mean()), float(low), float(high))
