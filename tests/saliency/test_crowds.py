"""Where objects stand close together, none pays for the others."""

import cv2
import numpy as np
import pytest

from ros2_textfuse.evaluation.metrics.retention import separability
from ros2_textfuse.saliency import crowds
from ros2_textfuse.saliency.bring_out import BringOut
from ros2_textfuse.saliency.regions import Region
from ros2_textfuse.saliency.surroundings import Surroundings

SIZE = (120, 160)


def crowd(seed):
    """A fused image, its sides, and the boxes of people before and beside each other."""
    rng = np.random.default_rng(seed)
    fused = cv2.GaussianBlur(rng.uniform(40, 200, SIZE).astype(np.float32), (0, 0), 6) + rng.normal(0, 6, SIZE)
    boxes = []
    for _ in range(8):
        left, top = int(rng.integers(20, 100)), int(rng.integers(30, 55))
        width, height = int(rng.integers(12, 24)), int(rng.integers(30, 50))
        level = rng.uniform(70, 190)
        fused[top + 3 : top + height - 3, left + 3 : left + width - 3] = level + rng.normal(
            0, 12, (height - 6, width - 6)
        )
        boxes.append((left, top, left + width, top + height))
    grey = np.clip(fused, 0, 255).astype(np.uint8)
    return np.dstack([grey] * 3), np.dstack([grey] * 3), grey, boxes


def changes(before, after, boxes):
    """Of each object, how its separability has changed."""
    return np.array([separability(after[..., 0], box) - separability(before[..., 0], box) for box in boxes])


@pytest.mark.parametrize("seed", [21, 25, 67])
def test_none_in_a_single_image_loses(seed):
    fused, visible, thermal, boxes = crowd(seed)
    plain = fused.copy()
    BringOut()(fused, visible, thermal, [Region(box) for box in boxes])
    found = changes(plain, fused, boxes)
    assert found.min() > -1e-6 and found.mean() > 0.02


def test_in_a_stream_who_harms_others_gives_way():
    plain, visible, thermal, boxes = crowd(25)
    bring_out = BringOut()
    for _ in range(160):
        fused = plain.copy()
        bring_out(fused, visible, thermal, [Region(box, id=n) for n, box in enumerate(boxes, 1)])
    found = changes(plain, fused, boxes)
    assert found.min() > -0.01 and found.mean() > 0.02


def test_separability_is_that_of_the_measure():
    fused, _, _, boxes = crowd(3)
    for box in boxes:
        around = Surroundings.of(box, *SIZE)
        assert crowds.separability(around.cut(fused), around) == pytest.approx(separability(fused[..., 0], box))
