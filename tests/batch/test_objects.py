"""Objects that a prompt names are found and brought out without nodes; here without a detector."""

import numpy as np
import pytest

from ros2_textfuse.batch.objects import ObjectFinder
from ros2_textfuse.detection.types import Detection, DetectorError
from ros2_textfuse.evaluation.metrics.fusion import to_grey
from ros2_textfuse.evaluation.metrics.retention import separability
from tests.saliency.test_warm_people import PEOPLE, night


def brought_out(finder, thermal, time=None):
    """The change of a dark fused image in which people can hardly be told, and that image."""
    fused = np.dstack([np.uint8(40 + thermal / 8 + np.random.default_rng(1).normal(0, 6, thermal.shape))] * 3)
    before = fused.copy()
    finder.bring_out(fused, before, thermal, time)
    return np.int16(fused[..., 0]) - before[..., 0], before, fused


@pytest.fixture
def no_detector(monkeypatch):
    def refuse(**_):
        raise DetectorError("ultralytics is not installed")

    monkeypatch.setattr("ros2_textfuse.batch.objects.Detector", refuse)


@pytest.mark.parametrize("times", [(None,), (0.0, 0.25, 0.5, 0.75, 1.0)], ids=["single", "stream"])
def test_people_are_brought_out_without_a_detector_and_nothing_else_changes(no_detector, times):
    finder, missing = ObjectFinder.with_or_without(("person", "car"))
    assert missing.startswith("car: not brought out; person: found by warmth alone, since there is no detector")
    thermal, boxes = night(PEOPLE[:2])
    change, before, after = [brought_out(finder, thermal, time) for time in times][-1]
    outside = np.ones(thermal.shape, bool)
    for box in boxes:
        assert separability(to_grey(after), box) > separability(to_grey(before), box) + 0.02
        left, top, right, bottom = (round(side) for side in box)
        outside[top - 25 : bottom + 25, left - 25 : right + 25] = False
    assert not change[outside].any()


def test_nothing_but_people_is_found_without_a_detector(no_detector):
    finder, missing = ObjectFinder.with_or_without(("car",))
    assert missing.startswith("car: not brought out, since")
    assert not brought_out(finder, night()[0])[0].any()


def test_who_was_detected_is_not_brought_out_twice(monkeypatch):
    thermal, (box,) = night(PEOPLE[:1])

    class Sees:
        names = ("person", "car")
        found: tuple[Detection, ...] = ()

        def __init__(self, classes):
            self.classes = classes

        def detect(self, image):
            return list(self.found)

    monkeypatch.setattr("ros2_textfuse.batch.objects.Detector", Sees)
    monkeypatch.setattr("ros2_textfuse.batch.objects.Tracker", object)
    finder = ObjectFinder(("person",))
    assert len(finder._in_one(np.dstack([thermal] * 3), thermal)) == 1
    Sees.found = (Detection("person", 0, 0.9, box),)
    assert [region.box for region in finder._in_one(np.dstack([thermal] * 3), thermal)] == [box]
    Sees.found = (Detection("car", 2, 0.9, box),)
    assert not finder._in_one(np.dstack([thermal] * 3), thermal)
