"""A thermal range that is spread again."""

import numpy as np
import pytest

from ros2_textfuse.imaging.stretching import stretched

SCENE = np.random.default_rng(0).integers(1, 256, (120, 160)).astype(np.uint8)


@pytest.mark.parametrize("level", [20, 100, 180])
def test_what_was_squeezed_and_lifted_comes_back(level):
    squeezed = np.uint8(level + 0.25 * np.float32(SCENE) / 2)
    found = stretched(squeezed, 1.0)
    assert found.min() < 4 and found.std() == pytest.approx(2 * squeezed.std(), rel=0.05)


def test_the_severer_the_more_and_nothing_for_none():
    squeezed = np.uint8(100 + SCENE // 4)
    np.testing.assert_array_equal(stretched(squeezed, 0.0), squeezed)
    found = [stretched(squeezed, severity) for severity in (0.05, 0.25, 0.5, 0.75, 1.0)]
    assert np.abs(found[0].astype(int) - squeezed).max() < 15, "it begins without a jump"
    spreads, means = [image.std() for image in found], [image.mean() for image in found]
    assert spreads == sorted(spreads) and means[:3] == sorted(means[:3], reverse=True)


def test_a_whole_range_is_not_cut():
    wide = np.uint8(np.linspace(1, 250, 160)[None].repeat(120, 0))
    found = stretched(wide, 1.0)
    assert (found == 255).mean() < 0.02 and abs(found.std() - wide.std()) < 3


def test_where_the_camera_sees_nothing_counts_for_nothing():
    squeezed = np.uint8(100 + SCENE // 4)
    framed = np.zeros((160, 200), np.uint8)
    framed[20:140, 20:180] = squeezed
    found = stretched(framed, 0.7)
    np.testing.assert_array_equal(found[20:140, 20:180], stretched(squeezed, 0.7))
    assert found[0, 0] == 0


@pytest.mark.parametrize("level", [0, 1, 128, 255])
def test_one_grey_is_one_grey(level):
    assert np.ptp(stretched(np.full((8, 8), level, np.uint8), 1.0)) == 0
