"""Weights that segment: their outlines come with the boxes. The weights are random; nothing is recognised."""

import numpy as np
import pytest

from ros2_textfuse.detection.joining import join
from ros2_textfuse.detection.types import Detection

pytest.importorskip("ultralytics", reason="ultralytics is not installed")
torch = pytest.importorskip("torch")


@pytest.fixture(scope="module")
def detector(tmp_path_factory):
    from ros2_textfuse.detection.detector import Detector
    from ros2_textfuse.detection.ultralytics_setup import prepare_ultralytics

    prepare_ultralytics()
    from ultralytics import YOLO

    path = tmp_path_factory.mktemp("weights") / "yolo26n-seg.pt"
    torch.manual_seed(0)
    YOLO("yolo26n-seg.yaml").save(path)
    return Detector(path, engine="torch", confidence=1e-6, image_size=(128, 160))


def test_each_detection_has_an_outline_in_its_box(detector):
    image = np.random.default_rng(0).integers(0, 256, (120, 150, 3), dtype=np.uint8)
    found = detector.detect(image)
    outlined = [one for one in found if one.outline is not None and len(one.outline)]
    assert detector.segments and outlined
    for one in outlined:
        left, top, right, bottom = one.box
        assert one.outline.ndim == 2 and one.outline.shape[1] == 2
        x, y = one.outline.T
        assert x.min() >= left - 3 and x.max() <= right + 3 and y.min() >= top - 3 and y.max() <= bottom + 3


def test_joined_boxes_keep_the_surest_ones_outline():
    outline = np.array([[1, 1], [9, 1], [5, 9]], np.float32)
    seen = {
        "visible": [Detection("person", 0, 0.9, (0, 0, 10, 10), outline=outline)],
        "thermal": [Detection("person", 0, 0.5, (0, 0, 10, 10))],
    }
    (joined,) = join(seen)
    assert joined.outline is outline
