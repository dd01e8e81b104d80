"""Retention on a grid: what the fused image loses of a plain region, it loses of the figure."""

import numpy as np
import pytest

from ros2_textfuse.evaluation.metrics.regions import CELL, kept_in_regions
from ros2_textfuse.evaluation.metrics.retention import retention


@pytest.fixture
def scene():
    """A flat visible image, and a thermal one with a warm figure of 3 x 6 cells on the grid."""
    random = np.random.default_rng(1)
    visible = random.normal(60, 2, (120, 160)).astype(np.uint8)
    thermal = random.normal(90, 2, (120, 160)).astype(np.uint8)
    thermal[5 * CELL : 11 * CELL, 8 * CELL : 11 * CELL] += 80
    return visible, thermal


def test_what_is_kept_and_what_is_lost(scene):
    visible, thermal = scene
    kept, count = kept_in_regions(visible, thermal, thermal)
    lost, same = kept_in_regions(visible, thermal, visible)
    assert kept == 1 and count == same > 0 and lost < 0.3
    faint = thermal.copy()
    faint[thermal > 130] -= 76
    assert lost < kept_in_regions(visible, thermal, faint)[0] < 0.9
    assert kept_in_regions(visible, visible, thermal) == (pytest.approx(np.nan, nan_ok=True), 0)


def test_a_region_on_the_grid_is_measured_as_an_object_is(scene):
    visible, thermal = scene
    fused = np.where(np.arange(160) < 9 * CELL, visible, thermal).astype(np.uint8)
    box = tuple(float(CELL * edge) for edge in (8, 5, 11, 11))
    one = retention(visible, thermal, fused, box)
    # The figure alone in a cut of one region and its ring; retention's ring is 0.3 of 3 cells wide, and here one.
    cut = np.s_[4 * CELL : 12 * CELL, 7 * CELL : 12 * CELL]
    padded = [np.pad(image[cut], ((0, CELL), (0, CELL)), "edge") for image in (visible, thermal, fused)]
    share, count = kept_in_regions(*padded)
    assert count >= 1 and share == pytest.approx(one.fused / one.better, abs=0.2)


def test_images_too_small_for_any_region():
    tiny = np.zeros((24, 24), np.uint8)
    assert kept_in_regions(tiny, tiny, tiny)[1] == 0
