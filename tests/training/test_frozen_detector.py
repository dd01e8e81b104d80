import pytest
import torch

from ros2_textfuse.detection.weights import find_weights
from ros2_textfuse.training.frozen_detector import FrozenDetector


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


def test_what_is_there_is_found_and_what_is_not_is_missed(detector, bus):
    there = detector.misses(bus, objects(BUS)).item()
    grey = detector.misses(torch.full_like(bus, 0.5), objects(BUS)).item()
    elsewhere = detector.misses(bus, objects((5, 10, 560, 60, 630))).item()
    assert there < 0.7 < 3 < min(grey, elsewhere)


def test_without_objects_it_is_nothing(detector, bus):
    assert detector.misses(bus, objects((-1, 0, 0, 0, 0))).item() == 0


def test_its_gradient_reaches_the_image_and_leaves_the_network(detector, bus):
    image = bus.clone().requires_grad_()
    detector.misses(image, objects(PERSON, BUS)).backward()
    assert image.grad is not None and image.grad.abs().sum() > 0
    assert all(parameter.grad is None for parameter in detector.parameters())
    before = detector.misses(bus, objects(BUS)).item()
    assert detector.train().misses(bus, objects(BUS)).item() == before
