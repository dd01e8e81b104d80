"""mAP against closed forms, and the detector's value on images whose objects are known."""

import cv2
import pytest

from ros2_textfuse import Fuser
from ros2_textfuse.detection.detector import Detector
from ros2_textfuse.detection.types import Detection, DetectorError
from ros2_textfuse.detection.weights import WeightsError
from ros2_textfuse.evaluation.metrics.boxes import Box
from ros2_textfuse.evaluation.offline import detection
from ros2_textfuse.recordings.simulated_scene import still

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
    figures = detection.average_precision(TRUTH, ALL, ["car", "person"])
    assert figures == {"mAP50": pytest.approx(1), "mAP75": pytest.approx(1), "mAP": pytest.approx(1)}


def test_nothing_found():
    assert detection.average_precision(TRUTH, found(), ["car", "person"]) == {"mAP50": 0, "mAP75": 0, "mAP": 0}


def test_half_found_and_not_well():
    """One of two cars at an overlap of 0.625: recall 0.5, which is 51 of COCO's 101 steps, up to an overlap of 0.6."""
    shifted = (10.0, 10.0, 50.0, 35.0)
    figures = detection.average_precision({"a": TRUTH["a"]}, found(("a", "car", shifted, 0.9)), ["car"])
    assert figures["mAP50"] == pytest.approx(51 / 101)
    assert figures["mAP75"] == 0
    assert figures["mAP"] == pytest.approx(0.3 * 51 / 101)


def test_a_surer_false_alarm_halves_precision():
    alarmed = found(("b", "person", RIGHT, 0.9), ("b", "person", LEFT, 0.8))
    assert detection.average_precision({"b": TRUTH["b"]}, alarmed, ["person"])["mAP50"] == pytest.approx(0.5)


def test_classes_without_boxes_do_not_count():
    others = found(("a", "car", LEFT, 0.9), ("a", "car", RIGHT, 0.8), ("a", "dog", LEFT, 0.99))
    assert detection.average_precision({"a": TRUTH["a"]}, others, ["car"])["mAP50"] == pytest.approx(1)


def test_the_interval_of_a_difference():
    """Ten images with one car each; fused finds all, the camera those of the first half."""
    truth = {str(number): [Box("car", LEFT)] for number in range(10)}
    every = {name: [Detection("car", 2, 0.9, LEFT)] for name in truth}
    half = {name: every[name] if int(name) < 5 else [] for name in truth}
    difference = detection.difference(truth, every, half, ["car"])
    assert difference.mean == pytest.approx(1 - 51 / 101)
    assert 0 < difference.low < 0.35 and 0.65 < difference.high <= 1
    assert detection.difference(truth, every, every, ["car"]).high == 0


def test_a_folder_with_boxes(tmp_path):
    try:
        detector = Detector(confidence=0.4)
    except (WeightsError, DetectorError) as error:
        pytest.skip(str(error))
    visible, thermal = still()
    for side, image in (("vi", visible[..., ::-1]), ("ir", thermal)):
        (tmp_path / side).mkdir()
        cv2.imwrite(str(tmp_path / side / "scene.png"), image)
    height, width = thermal.shape
    lines = []
    for one in detector.detect(visible):
        left, top, right, bottom = one.box
        x, y, w, h = (left + right) / 2, (top + bottom) / 2, right - left, bottom - top
        lines.append(f"{one.class_id} {x / width} {y / height} {w / width} {h / height}")
    assert lines
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / "scene.txt").write_text("\n".join(lines))
    task = detection.prepare(tmp_path, tmp_path / "labels")
    result, found = detection.evaluate(task, Fuser(engine="eager"), {})
    assert detection.average_precision(task.boxes, found, list(result["classes"])) == result["clean"]["fused"]
    assert result["images"] == 1 and result["boxes"] == len(lines) and result["exclusions"] == {}
    # The boxes are what the detector itself found with confidence in the visible image.
    assert result["clean"]["visible"]["mAP50"] > 0.9
    assert result["degraded"]["ir_noise"]["visible"] == result["clean"]["visible"]
    assert result["degraded"]["haze"]["thermal"] == result["clean"]["thermal"]
    assert set(result["degraded"]["haze"]) == {"visible", "thermal", "fused", "prompted"}
