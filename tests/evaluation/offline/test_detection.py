"""The detector's value on images whose objects are known."""

import cv2
import pytest

from ros2_textfuse import Fuser
from ros2_textfuse.detection.detector import Detector
from ros2_textfuse.detection.types import DetectorError
from ros2_textfuse.detection.weights import WeightsError
from ros2_textfuse.evaluation.metrics.average_precision import average_precision
from ros2_textfuse.evaluation.offline import detection
from ros2_textfuse.recordings.simulated_scene import still

pytest.importorskip("pycocotools", reason="pycocotools is not installed")


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
    assert average_precision(task.boxes, found, list(result["classes"])) == result["clean"]["fused"]
    assert result["images"] == 1 and result["boxes"] == len(lines) and result["exclusions"] == {}
    retained = result["retention"]
    assert retained["all"]["objects"] == len(lines) == sum(retained[name]["objects"] for name in result["classes"])
    assert 0 <= retained["all"]["fused"] <= 1
    # The boxes are what the detector itself found with confidence in the visible image.
    assert result["clean"]["visible"]["mAP50"] > 0.9
    assert result["degraded"]["ir_noise"]["visible"] == result["clean"]["visible"]
    assert result["degraded"]["haze"]["thermal"] == result["clean"]["thermal"]
    assert set(result["clean"]) == {"visible", "thermal", "fused", "cameras", "all"}
    assert set(result["degraded"]["haze"]) == {*result["clean"], "prompted", "all_prompted"}
    assert result["clean"]["cameras"]["mAP50"] > 0.9
