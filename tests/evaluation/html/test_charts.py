"""Paths and scales of the charts."""

import math

import pytest

from ros2_textfuse.evaluation.html.charts import HIGH, LEVELS, POINTS, WIDE, Scale, curve, density, thinned


def test_ticks_are_round_and_within():
    assert Scale(0.0, 18.7).ticks(6) == [0, 5, 10, 15]
    assert Scale(1.814, 1.849).ticks() == [1.82, 1.83, 1.84]
    assert Scale(-3.0, 7.0).ticks() == [0, 5]


def test_a_scale_of_equal_values_has_room():
    scale = Scale.from_values([5.0, 5.0, math.nan])
    assert scale.low < 5 < scale.high and scale.at(5) == pytest.approx(0.5)


def test_a_missing_value_breaks_the_line():
    path = curve([0, 0.25, 0.5, 0.75, 1], [0, 1, math.nan, 1, 0], Scale(0, 1), dots=False)
    assert path.count("M") == 2 and path.count("L") == 2
    assert path.startswith(f"M0.0 {HIGH:.2f}") and path.endswith(f"L{WIDE:.1f} {HIGH:.2f}")
    assert curve([0, 1], [0, 1], Scale(0, 1), dots=True).count("h0") == 2


def test_many_points_are_averaged():
    count = 10 * POINTS
    times, values = thinned(range(count), [math.nan] * 10 + [2.0] * (count - 10))
    assert len(times) == len(values) == POINTS
    assert math.isnan(values[0]) and set(values[1:]) == {2.0} and times[0] == pytest.approx(4.5)


def test_density_is_widest_where_most_values_are():
    path = density([1.0] * 9 + [9.0], Scale(0, 10))
    points = [tuple(map(float, point.split())) for point in path[1:-1].split("L")][1:-1]
    assert len(points) == LEVELS
    assert max(points)[1] == pytest.approx(0.9 * HIGH, abs=2 * HIGH / LEVELS)
    assert density([math.nan], Scale(0, 1)) == ""
