"""Frames that the detector did not look at show where its last objects are by then."""

import pytest

from ros2_textfuse.detection.turns import OLDEST
from ros2_textfuse.detection.types import Detection
from ros2_textfuse.nodes.detection.between import Tracks

SIZE = 480, 640
SPEED = 90.0  # pixels a second


def walker(time, id_=3):
    left = 300 + SPEED * time
    return Detection("person", 0, 0.8, (left, 100.0, left + 40, 200.0), id_)


@pytest.fixture
def tracks():
    tracks = Tracks()
    for frame in range(0, 31, 3):
        tracks.see([walker(frame / 30), Detection("car", 2, 0.5, (0.0, 0.0, 50.0, 50.0))], frame / 30)
    return tracks


@pytest.mark.parametrize("late", [1 / 30, 2 / 30, 0.3])
def test_a_walker_is_carried_to_the_frame(tracks, late):
    (found,) = tracks.at(1 + late, SIZE)  # the car has no number, and its speed is not known
    assert found.box[0] == pytest.approx(walker(1 + late).box[0], abs=2)
    assert (found.id, found.name, found.score) == (3, "person", 0.8)


def test_nothing_is_said_of_frames_long_after_or_before(tracks):
    assert tracks.at(1 + OLDEST + 0.01, SIZE) is None
    assert tracks.at(0.9, SIZE) is None
    assert Tracks().at(0.0, SIZE) is None


def test_what_the_detector_no_longer_sees_is_gone_and_what_leaves_is_cut_off():
    tracks = Tracks()
    tracks.see([walker(0.0), Detection("car", 2, 0.5, (560.0, 0.0, 630.0, 50.0), 4)], 0.0)
    tracks.see([Detection("car", 2, 0.5, (600.0, 0.0, 670.0, 50.0), 4)], 0.1)
    (car,) = tracks.at(0.2, SIZE)
    assert car.name == "car" and car.box[2] == 640.0 and 580.0 < car.box[0] < 640.0
