"""A coarse mask follows the contours that either camera shows."""

import numpy as np
import pytest

from ros2_textfuse.saliency.contours import follow, masked
from ros2_textfuse.saliency.surroundings import SIDE

ROWS, COLUMNS = np.indices((SIDE, SIDE))
MIDDLE = (SIDE - 1) / 2
DISC = (ROWS - MIDDLE) ** 2 + (COLUMNS - MIDDLE) ** 2 < 6**2
RING = (np.abs(ROWS - MIDDLE) > 8) | (np.abs(COLUMNS - MIDDLE) > 8)
FLAT = np.full((SIDE, SIDE), 90, np.uint8)
COARSE = np.float32(0.5 * ~RING)
"""All of the box may be the object."""


@pytest.mark.parametrize("camera", ["visible", "thermal"])
@pytest.mark.parametrize("level", [40, 160])
def test_a_mask_ends_where_either_camera_shows_an_edge(camera, level):
    noisy = np.random.default_rng(0).normal(90, 4, (2, SIDE, SIDE))
    noisy[0][DISC] += level - 90
    shown, other = np.uint8(noisy)
    images = (shown, other) if camera == "visible" else (other, shown)
    mask = masked(follow(np.float32(np.where(DISC, 0.7, COARSE)), *images, RING), *images)
    assert mask[DISC].mean() > 0.9
    assert mask[~DISC & ~RING].mean() < 0.2


def test_where_no_camera_shows_an_edge_a_mask_fades_towards_the_border():
    mask = masked(follow(COARSE, FLAT, FLAT, RING), FLAT, FLAT)
    middle = mask[SIDE // 2, SIDE // 2 : -4]
    assert np.diff(middle).max() <= 1e-6 and middle[-1] < 0.4 * middle[0]


def test_what_goes_on_beyond_the_border_is_ground():
    """A bar through the box, as surely the object's as the disc before it."""
    bar = np.abs(COLUMNS - MIDDLE - 4) < 2
    visible = np.uint8(np.where(DISC, 160, np.where(bar, 130, 90)))
    thermal = np.uint8(np.where(DISC, 200, np.where(bar, 100, 90)))
    mask = masked(
        follow(np.float32(np.where((DISC | bar) & ~RING, 0.9, 0.1)), visible, thermal, RING), visible, thermal
    )
    assert mask[DISC].mean() > 0.9
    assert mask[bar & ~DISC & ~RING].mean() < 0.6 * mask[DISC].mean()
