"""Boxes of several streams, joined: by hand where it can be done by hand."""

import time

import numpy as np
import pytest

from ros2_textfuse.detection.joining import CORROBORATION, PRIOR, WITNESSES, join
from ros2_textfuse.detection.types import Detection

BOX = (100.0, 100.0, 140.0, 200.0)
SHIFTED = (104.0, 100.0, 144.0, 200.0)  # an overlap of 0.82
ELSEWHERE = (300.0, 100.0, 340.0, 200.0)


def person(score, box=BOX):
    return Detection("person", 0, score, box)


def probability(log_odds):
    return 1 / (1 + np.exp(-log_odds))


def log_odds(stream, score):
    """Of a box by itself."""
    return WITNESSES[stream].slope * np.log(score / (1 - score)) + WITNESSES[stream].offset


def test_one_stream_is_calibrated():
    (one,) = join({"thermal": [person(0.3)]})
    assert one.score == pytest.approx(probability(log_odds("thermal", 0.3)))


def test_the_surest_counts_whole_and_the_other_in_part():
    (one,) = join({"visible": [person(0.6)], "thermal": [person(0.3)]})
    evidence = log_odds("visible", 0.6) + CORROBORATION * (log_odds("thermal", 0.3) - PRIOR)
    assert one.score == pytest.approx(probability(evidence))
    assert one.scores == {"visible": 0.6, "thermal": 0.3}
    assert (one.name, one.class_id, one.box) == ("person", 0, pytest.approx(BOX))


def test_two_witnesses_are_surer_than_one_and_one_that_misses_is_evidence_against():
    (both,) = join({"visible": [person(0.6)], "thermal": [person(0.6)]})
    (not_looked,) = join({"visible": [person(0.6)]})
    (missed,) = join({"visible": [person(0.6)], "thermal": []})
    assert both.score > not_looked.score > missed.score
    assert missed.scores == {"visible": 0.6}


def test_the_box_leans_to_the_surer_stream():
    (one,) = join({"visible": [person(0.75)], "thermal": [person(0.25, SHIFTED)]})
    assert one.box == pytest.approx((101.0, 100.0, 141.0, 200.0))


def test_other_places_and_classes_stay_apart():
    car = Detection("car", 2, 0.9, BOX)
    joined = join({"visible": [person(0.8), person(0.7, ELSEWHERE)], "thermal": [car]})
    assert {(one.name, one.box) for one in joined} == {("person", BOX), ("person", ELSEWHERE), ("car", BOX)}
    assert [one.score for one in joined] == sorted((one.score for one in joined), reverse=True)


def test_two_neighbours_in_one_stream_are_two_objects():
    """The thermal image shows two people side by side, the visible one shows one: it joins the nearer."""
    joined = join({"visible": [person(0.9)], "thermal": [person(0.8), person(0.7, SHIFTED)]})
    assert sorted(tuple(one.scores) for one in joined) == [("thermal",), ("visible", "thermal")]
    assert next(one for one in joined if len(one.scores) == 2).scores["thermal"] == 0.8


def test_a_stream_without_trust_says_nothing():
    trusted = join({"visible": [person(0.6)]})
    assert join({"visible": [person(0.6)], "thermal": []}, {"thermal": 0.0})[0].score == trusted[0].score
    (half,) = join({"visible": [person(0.6)], "thermal": [person(0.9)]}, {"thermal": 0.5})
    (whole,) = join({"visible": [person(0.6)], "thermal": [person(0.9)]})
    assert trusted[0].score < half.score < whole.score


def test_nothing_seen():
    assert join({"visible": [], "thermal": []}) == []
    assert join({}) == []


def test_an_unknown_stream_is_refused():
    with pytest.raises(ValueError, match="unknown stream radar: the streams are visible, thermal, fused"):
        join({"radar": []})


def test_a_crowd_is_joined_within_a_frame():
    random = np.random.default_rng(0)
    corners = random.uniform(0, 400, (100, 2))
    crowd = [
        person(float(s), (x, y, x + 30, y + 80))
        for (x, y), s in zip(corners, random.uniform(0.05, 1, 100), strict=True)
    ]
    started = time.thread_time()  # this thread's own work, whatever else the machine does
    join({stream: crowd for stream in WITNESSES})
    assert time.thread_time() - started < 0.1
