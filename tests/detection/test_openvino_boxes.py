"""What is done around a network that OpenVINO runs."""

import numpy as np
import pytest

openvino_boxes = pytest.importorskip("ros2_textfuse.detection.openvino_boxes", reason="OpenVINO is not installed")


def test_an_image_is_fitted_into_grey():
    image = np.full((50, 200, 3), 7, np.uint8)
    field, scale, corner = openvino_boxes.fitted(image, (96, 100))
    assert field.shape == (96, 100, 3) and scale == (0.5, 0.5) and corner == (0, 35)
    assert (field[36:59] == 7).all() and (field[:35] == 114).all() and (field[60:] == 114).all()
    same, scale, corner = openvino_boxes.fitted(image, (50, 200))
    assert same is image and scale == (1, 1) and corner == (0, 0)


def test_a_box_on_a_surer_one_of_its_class_is_left_out():
    rows = np.array(
        [[0, 0, 10, 10, 0.9, 1], [0, 0, 10, 9, 0.8, 1], [0, 0, 10, 9, 0.7, 2], [20, 0, 30, 10, 0.6, 1]], np.float32
    )
    assert openvino_boxes.suppressed(rows)[:, 4].tolist() == pytest.approx([0.9, 0.7, 0.6])
    assert openvino_boxes.suppressed(rows[:0]).shape == (0, 6)


def test_the_best_class_of_each_place_by_score():
    output = np.zeros((4 + 3, 5), np.float32)
    output[:4] = np.array([50, 40, 20, 10])[:, None]
    output[4:, 1], output[4:, 3] = (0.1, 0.4, 0.3), (0.6, 0.0, 0.2)
    rows = openvino_boxes._best(output, 0.25, None)
    np.testing.assert_allclose(rows, [[40, 35, 60, 45, 0.6, 0], [40, 35, 60, 45, 0.4, 1]], atol=1e-6)
    assert openvino_boxes._best(output, 0.25, [1])[:, 5].tolist() == [1]
    assert not len(openvino_boxes._best(output, 0.7, None))
