"""Thermal gain control."""

import numpy as np
import pytest

from ros2_textfuse.imaging.gain_control import KINDS, GainControl

SCENE = np.linspace(29000, 30000, 64 * 64).reshape(64, 64).astype(np.uint16)


def test_eight_bits_stay():
    image = np.arange(64, dtype=np.uint8).reshape(8, 8)
    control = GainControl()
    assert control(image) is not None and np.shares_memory(control(image), image)
    assert control.range is None


def test_the_range_is_that_of_the_percentiles():
    control = GainControl()
    fused = control(SCENE)
    assert fused.min() == 0 and fused.max() == 255
    low, high = control.range
    assert low == pytest.approx(29010, abs=16) and high == pytest.approx(29990, abs=16)  # a row


@pytest.mark.parametrize("kind", KINDS)
def test_a_hot_object_that_enters_does_not_make_the_image_pump(kind):
    control = GainControl(kind, smoothing=0.9)
    first = control(SCENE)
    hot = SCENE.copy()
    hot[:16] = 40000
    background = slice(32, 64)
    change = np.abs(control(hot)[background].astype(int) - first[background]).mean()
    pump = np.abs(GainControl(kind)(hot)[background].astype(int) - first[background]).mean()
    assert change < 0.6 * pump


def test_a_fixed_range_maps_the_same_temperature_to_the_same_grey():
    control = GainControl(fixed=(20.0, 40.0))
    for temperatures in ([20, 30, 40], [10, 30, 500]):
        image = np.array([temperatures], np.float32)
        assert control(image)[0, 1] == 127
        assert control(image)[0, 0] == 0 and control(image)[0, 2] == 255
    assert control.range == (20.0, 40.0)


def test_plateau_shows_detail_in_a_scene_of_two_temperatures():
    """A cold sky and a warm street, each with a little texture: a straight line spends its levels on the gap."""
    texture = np.random.default_rng(0).integers(0, 200, (64, 64))
    image = (np.where(np.arange(64)[:, None] < 32, 20000, 30000) + texture).astype(np.uint16)
    line, plateau = (GainControl(kind)(image)[40:].astype(float).std() for kind in KINDS)
    assert plateau > 3 * line


def test_plateau_keeps_the_order():
    fused = GainControl("plateau")(SCENE).ravel().astype(int)
    assert (np.diff(fused) >= 0).all() and fused[-1] > 250


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", [np.uint16, np.float32])
def test_a_flat_scene_is_no_noise(kind, dtype):
    assert GainControl(kind)(np.full((8, 8), 30000, dtype)).std() == 0


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_number_is_black_and_does_not_count(kind):
    image = np.linspace(10, 30, 64 * 64, dtype=np.float32).reshape(64, 64)
    control = GainControl(kind)
    image[:4] = np.nan
    image[4] = np.inf
    fused = control(image)
    assert not fused[:4].any()
    assert 10 < control.range[0] < control.range[1] < 31
    assert np.isfinite(control.range).all()


@pytest.mark.parametrize("kind", KINDS)
def test_temperatures_after_counts_have_a_range_of_their_own(kind):
    counts = np.linspace(29000, 31000, 64 * 64).reshape(64, 64).astype(np.uint16)
    temperatures = np.linspace(10, 30, 64 * 64, dtype=np.float32).reshape(64, 64)
    control = GainControl(kind)
    control(counts)
    np.testing.assert_array_equal(control(temperatures), GainControl(kind)(temperatures))


@pytest.mark.parametrize("kind", KINDS)
def test_counts_after_eight_bits_have_a_range_of_their_own(kind):
    control = GainControl(kind)
    for _ in range(5):
        control(np.full((64, 64), 30000, np.uint16))
    control(np.zeros((64, 64), np.uint8))
    image = np.linspace(29000, 31000, 64 * 64).astype(np.uint16).reshape(64, 64)
    assert np.array_equal(control(image), GainControl(kind)(image))


def test_nothing_but_nan():
    assert not GainControl()(np.full((8, 8), np.nan, np.float32)).any()


@pytest.mark.parametrize(("kind", "fixed", "word"), [("auto", None, "plateau"), ("percentile", (3, 3), "larger")])
def test_wrong_settings_are_named(kind, fixed, word):
    with pytest.raises(ValueError, match=word):
        GainControl(kind, fixed)
