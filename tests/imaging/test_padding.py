"""Frames of one level around a thermal image count for nothing."""

import numpy as np
import pytest

from ros2_textfuse.fuser import Fuser
from ros2_textfuse.imaging.padding import without_padding

SCENE = np.random.default_rng(0).integers(60, 110, (96, 128)).astype(np.uint8)


@pytest.mark.parametrize("level", [0, 128, 255])
@pytest.mark.parametrize("sides", [(20, 0, 0, 0), (0, 16, 0, 9), (0, 0, 24, 0), (12, 7, 10, 15)], ids=str)
def test_a_frame_fades_to_the_mean(level, sides):
    top, bottom, left, right = sides
    padded = SCENE.copy()
    inside = np.s_[top : 96 - bottom, left : 128 - right]
    frame = np.ones(SCENE.shape, bool)
    frame[inside] = False
    padded[frame] = level
    cleared = without_padding(padded)
    np.testing.assert_array_equal(cleared[inside], SCENE[inside])
    assert 60 <= cleared[frame].min() <= cleared[frame].max() < 110
    # Nothing at the seam that is not in the image itself.
    assert abs(cleared[frame].mean() - SCENE[inside].mean()) < 15


def clipped_sky() -> np.ndarray:
    image = SCENE.copy()
    image[:30] = 0
    image[25:30, 40:60] = 90  # a tree reaches into it
    return image


def noisy_frame() -> np.ndarray:
    image = SCENE.copy()
    image[:20] = np.random.default_rng(1).integers(200, 203, (20, 128))
    return image


def halves() -> np.ndarray:
    return np.repeat(np.uint8([[20], [200]]), 24, 0) * np.ones((1, 32), np.uint8)


@pytest.mark.parametrize(
    "image",
    [SCENE, np.full((8, 8), 7, np.uint8), SCENE[:1], SCENE[:, :1], clipped_sky(), noisy_frame(), halves(), halves().T],
)
def test_what_is_no_frame_stays(image):
    assert without_padding(image) is image


def test_a_white_frame_does_not_show_in_the_fused_image():
    """The frame's part of the fused image is as bright as the visible camera's, and not a white one."""
    visible = np.full((96, 128, 3), 90, np.uint8)
    padded = SCENE.copy()
    padded[:32] = 255
    fused = Fuser(engine="eager").fuse(visible, padded)
    assert abs(fused[:24].mean() - fused[40:].mean()) < 25
