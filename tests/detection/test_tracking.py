"""Detections of successive frames get numbers."""

from types import SimpleNamespace

import numpy as np
import pytest

from ros2_textfuse.detection.joining import JoinedDetection
from ros2_textfuse.detection.types import Detection

pytest.importorskip("lap", reason="lap is not installed")

from ros2_textfuse.detection.tracking import GAP, Tracker


def frame(step):
    """Two who pass each other, the nearer one named last."""
    return [
        Detection("car", 2, 0.6, (300.0 - 6 * step, 100.0, 380.0 - 6 * step, 150.0)),
        Detection("person", 0, 0.9, (50.0 + 6 * step, 90.0, 80.0 + 6 * step, 170.0)),
    ]


def test_an_object_keeps_its_number_in_any_order():
    tracker = Tracker()
    first = tracker.update(frame(0), 0.0)
    assert [one.name for one in first] == ["car", "person"] and len({one.id for one in first}) == 2
    for step in range(1, 20):
        found = tracker.update(frame(step)[:: 1 if step % 2 else -1], step / 30)
        assert {one.name: one.id for one in found} == {one.name: one.id for one in first}


def test_a_new_object_has_a_number_from_its_second_frame_on():
    tracker = Tracker()
    tracker.update(frame(0), 0.0)
    dog = Detection("dog", 16, 0.8, (500.0, 300.0, 540.0, 330.0))
    assert tracker.update([*frame(1), dog], 1 / 30)[2].id == 0
    assert tracker.update([*frame(2), dog], 2 / 30)[2].id > 0


def test_who_is_seen_faintly_is_followed_from_the_second_frame_on_and_keeps_the_number_when_sure():
    scores = (0.15, 0.12, 0.2, 0.6, 0.5, 0.15)
    seen = {}
    for faint in (False, True):
        tracker = Tracker(faint)
        tracker.update(frame(0), -1 / 30)
        walker = [
            Detection("person", 0, score, (500.0 + 2 * n, 90.0, 530.0 + 2 * n, 170.0)) for n, score in enumerate(scores)
        ]
        seen[faint] = [tracker.update([*frame(n), one], n / 30)[2].id for n, one in enumerate(walker)]
    first, *later = seen[True]
    assert first == 0 and later[0] > 0 and set(later) == {later[0]}
    assert seen[False][:4] == [0, 0, 0, 0] and seen[False][4] > 0


def test_a_faint_box_of_one_frame_alone_is_nobody():
    tracker = Tracker(faint=True)
    tracker.update(frame(0), 0.0)
    once = Detection("person", 0, 0.2, (500.0, 90.0, 530.0, 170.0))
    assert [len(tracker.update([*frame(n), *[once] * (n % 2)], n / 30)) for n in range(1, 5)] == [3, 2, 3, 2]
    assert tracker.update([*frame(5), once], 5 / 30)[2].id == 0


def test_nobody_is_the_same_after_a_gap_or_when_time_goes_back():
    tracker = Tracker()
    tracker.update(frame(0), 0.0)
    tracker.update(frame(1), 0.1)
    assert all(one.id for one in tracker.update(frame(40), GAP + 1))  # a first frame again
    assert all(one.id for one in tracker.update(frame(0), 0.0))


def test_nothing_found_and_joined_detections():
    tracker = Tracker()
    assert tracker.update([], 0.0) == []
    joined = JoinedDetection("person", 0, 0.9, (50.0, 90.0, 80.0, 170.0), scores={"visible": 0.5})
    (found,) = tracker.update([joined], 5.0)
    assert found.id and found.scores == {"visible": 0.5}


def test_numbers_are_those_of_ultralytics():
    """A crowd that walks, hides, comes back and is seen with noise; ultralytics has the authors' algorithm."""
    pytest.importorskip("ultralytics", reason="ultralytics is not installed")
    from ultralytics.engine.results import Boxes
    from ultralytics.trackers.byte_tracker import BYTETracker

    settings = {"track_high_thresh": 0.25, "track_low_thresh": 0.1, "new_track_thresh": 0.25, "track_buffer": 30}
    theirs, ours = BYTETracker(SimpleNamespace(**settings, match_thresh=0.8, fuse_score=True)), Tracker()
    random = np.random.default_rng(1)
    start, speed = random.uniform((0, 100), (600, 300), (14, 2)), random.uniform(-5, 5, (14, 2))
    size = random.uniform((20, 40), (50, 120), (14, 2))
    agreed = []
    for step in range(120):
        corner = start + step * speed + random.normal(0, 1.5, (14, 2))
        hidden = (step + 17 * np.arange(14)) % 60 < 8 * (np.arange(14) % 3)
        rows = np.column_stack([corner, corner + size, random.uniform(0.12, 0.95, 14), np.zeros(14)])[~hidden]
        tracks = theirs.update(Boxes(rows.astype(np.float32), (480, 640)))
        expected = {int(track[7]): int(track[4]) for track in tracks}
        found = ours.update([Detection("person", 0, float(row[4]), tuple(row[:4].tolist())) for row in rows], step / 30)
        agreed += [one.id == expected.get(number, 0) for number, one in enumerate(found)]
    assert np.mean(agreed) == 1
