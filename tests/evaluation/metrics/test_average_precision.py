"""mAP against closed forms."""

import pytest

from ros2_textfuse.detection.types import Detection
from ros2_textfuse.evaluation.metrics import average_precision as ap
from ros2_textfuse.evaluation.metrics.boxes import Box

pytest.importorskip("pycocotools", reason="pycocotools is not installed")

LEFT, RIGHT = (10.0, 10.0, 50.0, 50.0), (100.0, 10.0, 140.0, 50.0)
TRUTH = {"a": [Box("car", LEFT), Box("car", RIGHT)], "b": [Box("person", LEFT)]}


def found(*entries):
    """Detections of image, class, box, score."""
    result = {"a": [], "b": []}
    for image, name, box, score in entries:
        result[image].append(Detection(name, 0, score, box))
    return result


ALL = found(("a", "car", LEFT, 0.9), ("a", "car", RIGHT, 0.8), ("b", "person", LEFT, 0.7))


def test_everything_found():
    figures = ap.average_precision(TRUTH, ALL, ["car", "person"])
    assert figures == {"mAP50": pytest.approx(1), "mAP75": pytest.approx(1), "mAP": pytest.approx(1)}


def test_nothing_found():
    assert ap.average_precision(TRUTH, found(), ["car", "person"]) == {"mAP50": 0, "mAP75": 0, "mAP": 0}


def test_half_found_and_not_well():
    """One of two cars at an overlap of 0.625: recall 0.5, which is 51 of COCO's 101 steps, up to an overlap of 0.6."""
    shifted = (10.0, 10.0, 50.0, 35.0)
    figures = ap.average_precision({"a": TRUTH["a"]}, found(("a", "car", shifted, 0.9)), ["car"])
    assert figures["mAP50"] == pytest.approx(51 / 101)
    assert figures["mAP75"] == 0
    assert figures["mAP"] == pytest.approx(0.3 * 51 / 101)


def test_a_surer_false_alarm_halves_precision():
    alarmed = found(("b", "person", RIGHT, 0.9), ("b", "person", LEFT, 0.8))
    assert ap.average_precision({"b": TRUTH["b"]}, alarmed, ["person"])["mAP50"] == pytest.approx(0.5)


def test_classes_without_boxes_do_not_count():
    others = found(("a", "car", LEFT, 0.9), ("a", "car", RIGHT, 0.8), ("a", "dog", LEFT, 0.99))
    assert ap.average_precision({"a": TRUTH["a"]}, others, ["car"])["mAP50"] == pytest.approx(1)


def test_the_interval_of_a_difference():
    """Ten images with one car each; fused finds all, the camera those of the first half."""
    truth = {str(number): [Box("car", LEFT)] for number in range(10)}
    every = {name: [Detection("car", 2, 0.9, LEFT)] for name in truth}
    half = {name: every[name] if int(name) < 5 else [] for name in truth}
    difference = ap.difference(truth, every, half, ["car"])
    assert difference.mean == pytest.approx(1 - 51 / 101)
    assert 0 < difference.low < 0.35 and 0.65 < difference.high <= 1
    assert ap.difference(truth, every, every, ["car"]).high == 0
