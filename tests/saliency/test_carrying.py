"""Boxes are carried from the frame in which they were seen to the present one."""

import numpy as np
import pytest

from ros2_textfuse.saliency.carrying import GONE, HELD, LATE, SILENT, Carried, Sighting

SPEED = 120.0  # pixels a second


def walker(time, noise=0.0):
    left = 100 + SPEED * time
    return Sighting(3, "person", (left + noise, 50.0, left + 40 + noise, 150.0))


def test_a_walker_is_where_he_is_now_though_the_detector_is_four_frames_late():
    rng, carried, errors = np.random.default_rng(0), Carried(), []
    for frame in range(60):
        now = frame / 30
        if frame >= 6 and frame % 3 == 0:
            carried.see([walker((frame - 4) / 30, rng.normal(0, 1))], (frame - 4) / 30)
        if frame > 30:
            (region,) = carried.regions(now)
            errors.append(region.box[0] - walker(now).box[0])
    assert abs(np.mean(errors)) < 1 and np.abs(errors).max() < 4


def test_all_are_there_the_largest_first():
    carried = Carried()
    carried.see(
        [Sighting(1, "car", (0, 0, 9, 9)), Sighting(2, "person", (0, 0, 5, 5)), Sighting(4, "person", (0, 0, 7, 7))],
        1.0,
    )
    assert [region.id for region in carried.regions(1.0)] == [1, 4, 2]


def test_what_is_no_longer_seen_fades_and_goes():
    carried = Carried()
    carried.see([walker(0.0)], 0.0)
    carried.see([], HELD * 0.9)
    assert carried.regions(HELD)[0].weight == pytest.approx(1.0)
    carried.see([], (HELD + GONE) / 2)
    assert 0 < carried.regions(GONE)[0].weight < 1
    carried.see([], GONE + 0.1)
    assert carried.regions(GONE + 0.1) == [] and not carried._followed


def test_what_a_detector_is_unsure_of_is_kept_and_scores_change_slowly():
    carried = Carried()
    for frame, score in enumerate((0.2, 0.2, 0.9)):
        carried.see([Sighting(1, "person", (0, 0, 9, 9), score=score, faint=score < 0.25)], frame / 30)
        (region,) = carried.regions(frame / 30)
        assert region.keep == (score < 0.25) and region.score < 0.45
    assert region.score > 0.3


def test_a_slow_detector_is_believed_for_a_second_and_a_silent_one_is_not():
    carried = Carried()
    carried.see([walker(0.0)], 0.0)
    assert carried.regions(LATE)[0].weight == pytest.approx(1.0)
    assert 0 < carried.regions((LATE + SILENT) / 2)[0].weight < 1
    assert carried.regions(SILENT) == []


def test_when_time_goes_back_all_from_before_is_forgotten():
    carried = Carried()
    carried.see([walker(5.0)], 5.0)
    carried.see([Sighting(9, "person", (0, 0, 5, 5))], 1.0)
    assert [region.id for region in carried.regions(1.0)] == [9]


def test_nothing_is_brought_out_long_before_it_was_seen():
    carried = Carried()
    carried.see([walker(100.0)], 100.0)
    assert carried.regions(99.9) and carried.boxes(99.9)
    assert carried.regions(40.0) == [] and carried.boxes(40.0) == []
