"""Streams have turns, and what was seen in the others is where it is by now."""

import pytest

from ros2_textfuse.detection.streams import STREAMS
from ros2_textfuse.detection.turns import OLDEST, Turns
from ros2_textfuse.detection.types import Detection
from ros2_textfuse.saliency.carrying import Carried, Sighting


def person(left, score=0.8):
    return Detection("person", 0, score, (left, 50.0, left + 40.0, 150.0))


@pytest.fixture
def walker():
    """Somebody who goes 60 pixels a second to the right, followed for a second."""
    tracks = Carried()
    for frame in range(31):
        left = 100 + 60 * frame / 30
        tracks.see([Sighting(1, "person", (left, 50.0, left + 40.0, 150.0))], frame / 30)
    return tracks


def test_each_stream_has_its_turn():
    turns, looked = Turns(), []
    for frame in range(6):
        looked.append(turns.next(STREAMS))
        turns.see(looked[-1], [], frame / 10, STREAMS, Carried())
    assert sorted(looked[:3]) == sorted(STREAMS) and looked[3:] == looked[:3]


def test_what_another_stream_saw_has_moved_on(walker):
    turns = Turns()
    turns.see("thermal", [person(160.0)], 1.0, STREAMS, walker)
    found = turns.see("fused", [], 1.2, STREAMS, walker)
    assert found["fused"] == [] and found["thermal"][0].box[0] == pytest.approx(172, abs=1)
    assert found["thermal"][0].score == 0.8


def test_what_nobody_follows_stays_where_it_was(walker):
    turns = Turns()
    turns.see("thermal", [person(400.0)], 1.0, STREAMS, walker)
    assert turns.see("fused", [], 1.2, STREAMS, walker)["thermal"][0].box[0] == 400


def test_an_old_look_says_nothing_nor_does_a_camera_at_fault(walker):
    turns = Turns()
    turns.see("thermal", [person(160.0)], 1.0, STREAMS, walker)
    assert "thermal" not in turns.see("fused", [], 1.1, ("visible", "fused"), walker)
    assert "thermal" not in turns.see("fused", [], 1.1 + OLDEST, STREAMS, walker)


def test_when_time_goes_back_looks_from_before_are_forgotten(walker):
    turns = Turns()
    turns.see("thermal", [person(160.0)], 5.0, STREAMS, walker)
    assert set(turns.see("fused", [], 1.0, STREAMS, walker)) == {"fused"}
