"""Registration by edges on images made by formula: a known warp comes back, and what has no answer gets none."""

import cv2
import numpy as np
import pytest

from ros2_textfuse.geometry.registration import STEPS, RegistrationError, distance, register
from tests.helpers.images import shapes

SIZE = (320, 240)  # of the shapes


def warp(scale, degrees, x, y):
    matrix = cv2.getRotationMatrix2D(((SIZE[0] - 1) / 2, (SIZE[1] - 1) / 2), degrees, scale)
    matrix[:, 2] += x, y
    return np.vstack([matrix, [0, 0, 1]])


@pytest.mark.parametrize(("scale", "degrees", "x", "y"), [(0.75, 4.5, -30, 20), (1.35, -4, 35, -25)])
def test_a_known_warp_is_found(scale, degrees, x, y):
    visible, thermal = shapes(1)
    matrix = warp(scale, degrees, x, y)
    steps = []
    found = register([visible], [cv2.warpPerspective(thermal, matrix, SIZE)], progress=lambda: steps.append(1))
    assert distance(found.homography, np.linalg.inv(matrix), visible.shape, thermal.shape) < 1
    assert found.sure and found.residual <= 1.5, found.summary()
    assert len(steps) == STEPS


def test_another_resolution_and_several_pairs():
    """Half the pixels, and a guess of the scale that is a quarter off."""
    matrix = np.diag([0.5, 0.5, 1]) @ warp(1, -2, 12, 8)
    pairs = [shapes(seed) for seed in (2, 3)]
    thermal = [cv2.warpPerspective(cv2.GaussianBlur(t, (0, 0), 1), matrix, (160, 120)) for _, t in pairs]
    found = register([visible for visible, _ in pairs], thermal, scale=1.6)
    assert distance(found.homography, np.linalg.inv(matrix), (240, 320), (120, 160)) < 1
    assert found.sure, found.summary()


def test_two_scenes_that_have_nothing_in_common_are_not_sure():
    assert not register([shapes(4)[0]], [shapes(5)[1]]).sure


def test_flat_images_are_refused_or_not_sure():
    flat = np.full((96, 128), 90, np.uint8)
    with pytest.raises(RegistrationError, match="edges"):
        register([flat], [flat])


@pytest.mark.parametrize(
    ("visible", "thermal", "reason"),
    [([], [], "at least one"), ([(96, 96)], [], "1 visible and 0 thermal"), ([(96, 96)], [(96, 32)], "64 pixels")],
)
def test_what_cannot_be_registered_is_named(visible, thermal, reason):
    with pytest.raises(RegistrationError, match=reason):
        register(*([np.zeros(shape, np.uint8) for shape in shapes] for shapes in (visible, thermal)))
