import pytest
import torch

from ros2_textfuse.detection.weights import find_weights
from ros2_textfuse.training.frozen_detector import FrozenDetector
from ros2_textfuse.training.luma import luma


@pytest.fixture(scope="module")
def detector():
    return FrozenDetector(find_weights())


def objects(*rows):
    return torch.tensor([rows], dtype=torch.float32)


@pytest.fixture(scope="module")
def bus():
    """A street with a bus and people, and where ultralytics' own prediction finds them."""
    import cv2
    from ultralytics.utils import ASSETS

    image = cv2.imread(str(ASSETS / "bus.jpg"))[:, :, ::-1]
    small = cv2.resize(image, (480, 640), interpolation=cv2.INTER_AREA)
    return torch.from_numpy(small.copy()).permute(2, 0, 1)[None].float() / 255


PERSON, BUS = (0, 145, 240, 205, 510), (5, 5, 135, 475, 445)


def test_what_either_camera_shows_and_the_fused_image_does_not_is_missed(detector, bus):
    grey, thermal = torch.full_like(bus, 0.5), luma(bus)
    assert detector.misses(bus, bus, grey[:, :1], objects(BUS)).item() == 0
    assert detector.misses(grey, bus, grey[:, :1], objects(BUS)).item() > 2
    assert detector.misses(grey, grey, thermal, objects(BUS)).item() > 2


def test_what_neither_camera_shows_is_not_asked_for(detector, bus):
    grey = torch.full_like(bus, 0.5)
    assert detector.misses(grey, grey, grey[:, :1], objects(BUS)).item() == 0


def test_without_objects_it_is_nothing(detector, bus):
    assert detector.misses(1 - bus, bus, luma(bus), objects((-1, 0, 0, 0, 0))).item() == 0


def test_its_gradient_reaches_the_brightness_and_leaves_the_network(detector, bus):
    faint = (0.4 + 0.2 * bus).requires_grad_()
    detector.misses(faint, bus, luma(bus), objects(PERSON, BUS)).backward()
    red, green, blue = faint.grad[0]
    assert red.abs().sum() > 0
    torch.testing.assert_close(red / 0.299, green / 0.587)
    torch.testing.assert_close(red / 0.299, blue / 0.114)
    assert all(parameter.grad is None for parameter in detector.parameters())
