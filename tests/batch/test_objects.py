"""Objects that a prompt names are found and brought out without nodes; here without a detector."""

import numpy as np
import pytest

from ros2_textfuse.batch.objects import ObjectFinder
from ros2_textfuse.detection.types import Detection, DetectorError
from ros2_textfuse.evaluation.metrics.fusion import to_grey
from ros2_textfuse.evaluation.metrics.retention import separability
from ros2_textfuse.saliency.regions import widened
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


class Sees:
    """A detector that sees what it is told."""

    names = ("person", "car")
    found: tuple[Detection, ...] = ()

    def __init__(self, confidence, classes):
        self.confidence, self.classes = confidence, classes

    def detect(self, image):
        return [one for one in self.found if one.score >= self.confidence]


@pytest.mark.parametrize("time", [None, 0.0], ids=["single", "stream"])
def test_what_is_faint_is_kept_and_never_brought_out(monkeypatch, time):
    pytest.importorskip("lap", reason="lap is not installed")
    monkeypatch.setattr("ros2_textfuse.batch.objects.Detector", Sees)
    boxes = (40.0, 40.0, 60.0, 100.0), (100.0, 40.0, 120.0, 100.0)
    Sees.found = tuple(Detection("person", 0, score, box) for score, box in zip((0.9, 0.15), boxes, strict=True))
    image = np.full((120, 160, 3), 90, np.uint8)
    found = {}
    for keep in (False, True):
        finder = ObjectFinder(("person",), keep=keep)
        for step in range(3):
            regions = finder.bring_out(image.copy(), image, image[..., 0], None if time is None else step / 30)
        found[keep] = [(region.keep, region.score) for region in regions]
    assert found == {False: [(False, 0.9)], True: [(False, 0.9), (True, 0.15)]}


def test_who_was_detected_is_not_brought_out_twice(monkeypatch):
    monkeypatch.setattr("ros2_textfuse.batch.objects.Tracker", lambda faint: None)
    thermal, (box,) = night(PEOPLE[:1])

    monkeypatch.setattr("ros2_textfuse.batch.objects.Detector", Sees)
    Sees.found = ()
    finder = ObjectFinder(("person",))
    assert len(finder._in_one(np.dstack([thermal] * 3), thermal)) == 1
    Sees.found = (Detection("person", 0, 0.9, box),)
    assert [region.box for region in finder._in_one(np.dstack([thermal] * 3), thermal)] == [widened(box)]
    Sees.found = (Detection("car", 2, 0.9, box),)
    assert not finder._in_one(np.dstack([thermal] * 3), thermal)
