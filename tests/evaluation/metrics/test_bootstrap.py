"""Intervals against closed forms."""

import math

import numpy as np
import pytest

from ros2_textfuse.evaluation.metrics.bootstrap import (
    Clusters,
    Interval,
    difference_interval,
    interval_of,
    mean_interval,
)


def test_independent_values_have_the_interval_of_the_normal_distribution():
    values = np.random.default_rng(1).normal(10, 2, 400)
    interval = mean_interval(values.tolist(), ordered=False)
    error = 1.96 * values.std() / math.sqrt(400)
    assert interval.mean == pytest.approx(values.mean())
    assert interval.low == pytest.approx(values.mean() - error, abs=0.1 * error)
    assert interval.high == pytest.approx(values.mean() + error, abs=0.1 * error)


def test_neighbours_that_are_alike_widen_the_interval():
    """20 independent values, each held for 20 frames: 400 frames know what 20 values know."""
    held = np.repeat(np.random.default_rng(2).normal(0, 1, 20), 20)
    apart, together = (mean_interval(held.tolist(), ordered) for ordered in (False, True))
    assert together.high - together.low > 3 * (apart.high - apart.low)
    assert together.high - together.low == pytest.approx(2 * 1.96 * held.std() / math.sqrt(20), rel=0.35)


def test_it_is_the_same_each_time():
    values = list(range(50))
    assert mean_interval(values, True) == mean_interval(values, True)


def test_missing_values_are_left_out():
    assert mean_interval([math.nan, 3.0, math.nan], True) == Interval(3.0, 3.0, 3.0)
    assert mean_interval([math.nan], True) is None
    assert mean_interval([], False) is None


@pytest.mark.parametrize(("low", "high", "sign"), [(0.1, 0.3, 1), (-0.3, -0.1, -1), (-0.1, 0.3, 0), (0.0, 0.3, 0)])
def test_sign(low, high, sign):
    assert Interval((low + high) / 2, low, high).sign == sign


def test_difference_of_frames_that_do_not_match():
    random = np.random.default_rng(3)
    a, b = random.normal(0, 1, 300), random.normal(0.5, 2, 200)
    interval = difference_interval(a.tolist(), b.tolist(), ordered=False)
    error = 1.96 * math.sqrt(a.var() / 300 + b.var() / 200)
    assert interval.mean == pytest.approx(b.mean() - a.mean())
    assert (interval.high - interval.low) / 2 == pytest.approx(error, rel=0.1)
    assert difference_interval([1.0], [math.nan], True) is None


def test_groups_are_drawn_whole():
    """Frames that repeat their group's value tell no more than one of them would."""
    values = np.random.default_rng(3).normal(size=30)
    once, often = (Clusters(30).means(values[:, None] * n, np.full((30, 1), float(n))) for n in (1, 500))
    assert np.allclose(once, often) and once.std() == pytest.approx(values.std() / np.sqrt(30), rel=0.1)
    counts = np.where(np.arange(30)[:, None] == 4, 9.0, 0.0)
    seldom = Clusters(30).means(counts, counts)
    assert np.isnan(seldom).any() and set(seldom[np.isfinite(seldom)]) == {1.0}
    assert interval_of(1.0, seldom[:, 0]) == Interval(1.0, 1.0, 1.0) and interval_of(1.0, seldom[:0, 0]) is None
