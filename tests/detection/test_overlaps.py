import numpy as np
import pytest

from ros2_textfuse.detection.overlaps import overlaps
from ros2_textfuse.saliency.regions import overlap


def test_it_is_that_of_two_boxes_for_each_pair():
    corners = np.random.default_rng(0).uniform(0, 100, (7, 2, 2))
    boxes = np.sort(corners, axis=1).reshape(-1, 4)
    found = overlaps(boxes[:3], boxes)
    assert found.shape == (3, 7)
    expected = [[overlap(tuple(one), tuple(other)) for other in boxes] for one in boxes[:3]]
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert found[0, 0] == pytest.approx(1)


def test_boxes_without_an_area_and_no_boxes_at_all():
    point = np.array([[5.0, 5.0, 5.0, 5.0]])
    assert overlaps(point, point) == 0
    assert overlaps(np.zeros((0, 4)), point).shape == (0, 1)
