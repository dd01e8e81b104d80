"""The numbers that say what is wrong with a pair: known answers, and any pair at all."""

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ros2_textfuse.scene.features import features

SIZE = (480, 640)


def levels(log):
    """Grey levels of a number on the features' logarithmic scale."""
    return 2 ** (8 * log) - 1


def grey(level=128, size=SIZE):
    return np.full((*size, 3), level, np.uint8)


def thermal(level=128, size=SIZE):
    return np.full(size, level, np.uint8)


def noisy(image, sigma, seed=0):
    noise = np.random.default_rng(seed).normal(0, sigma, image.shape)
    return np.clip(np.round(image + noise), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("sigma", [3, 8, 20])
def test_noise_is_measured_in_grey_levels(sigma):
    found = features(noisy(grey(), sigma), noisy(thermal(), 2 * sigma))
    assert levels(found["t_noise_60"]) == pytest.approx(2 * sigma, rel=0.15)
    # Channels' noise is independent, and luma their weighted mean.
    assert levels(found["v_noise_60"]) == pytest.approx(sigma * np.hypot(0.299, np.hypot(0.587, 0.114)), rel=0.2)


def test_offsets_of_columns_are_no_noise_and_no_rows():
    offsets = np.random.default_rng(0).normal(0, 10, SIZE[1])
    striped = np.clip(128 + np.tile(offsets, (SIZE[0], 1)), 0, 255).astype(np.uint8)
    found = features(grey(), striped)
    assert levels(found["column_offsets"]) == pytest.approx(10, rel=0.15)
    assert levels(found["row_offsets"]) < 0.5 and levels(found["t_noise_60"]) < 0.7
    turned = features(grey(size=SIZE[::-1]), np.ascontiguousarray(striped.T))
    assert levels(turned["row_offsets"]) == pytest.approx(10, rel=0.15)


def test_a_scene_of_upright_edges_is_not_striped():
    """Poles in the upper half and others in the lower one are a scene."""
    scene = thermal(100)
    scene[:240, ::40] = 220
    scene[240:, 7::23] = 220
    offsets = np.random.default_rng(0).normal(0, 12, SIZE[1])
    striped = np.clip(scene + offsets, 0, 255).astype(np.uint8)
    assert 3 * features(grey(), scene)["column_offsets"] < features(grey(), striped)["column_offsets"]


def test_a_cast_is_the_ratio_of_the_channels():
    image = grey(100)
    image[..., 0], image[..., 2] = 150, 60
    found = features(image, thermal())
    assert found["red_mean"] == pytest.approx(np.log(152 / 102), abs=1e-3)
    assert found["cast_mean"] == pytest.approx(np.log(152 / 62), abs=1e-3)


def test_light_is_read_from_percentiles():
    image = grey(0)
    image[:, 320:] = 200
    found = features(image, thermal(51))
    assert found["v_p25"] == 0 and found["v_p75"] == pytest.approx(200 / 255)
    assert found["v_mean"] == pytest.approx(100 / 255, abs=1e-3) and found["t_mean"] == pytest.approx(0.2)
    assert found["v_black"] == pytest.approx(0.5, abs=0.01)


def test_blur_takes_steps_apart():
    sharp = grey(60)
    sharp[:, ::32] = 60
    for left in range(0, 640, 64):
        sharp[:, left : left + 32] = 190
    found = [features(cv2.GaussianBlur(sharp, (0, 0), s) if s else sharp, thermal()) for s in (0, 1, 2)]
    steps = [f["v_across_highest_1"] for f in found]
    assert steps[0] == pytest.approx(1.0) and steps[0] > steps[1] > steps[2]


@pytest.mark.parametrize("lean", [-4, 0, 4])
def test_streaks_are_followed_in_their_direction(lean):
    image = grey(110)
    rng = np.random.default_rng(1)
    for x, y in zip(rng.integers(0, 640, 400), rng.integers(0, 460, 400), strict=True):
        cv2.line(image, (int(x), int(y)), (int(x + 3 * lean), int(y + 18)), (190, 190, 190), 1)
    found, dots = features(image, thermal()), features(noisy(grey(110), 12), thermal())
    assert found["streak_lean"] == pytest.approx(abs(lean) / 6)
    assert found["streak_most"] > 0.25 > dots["streak_most"] + 0.1
    assert found["bright_to_dark"] > 0.05 > abs(dots["bright_to_dark"])


@pytest.mark.parametrize("lean", [-4, 2])
def test_rain_shows_before_what_is_calm_whatever_is_busy_beside_it(lean):
    """Half of the scene is fine texture, which outweighs faint streaks wherever both are added up."""
    rng = np.random.default_rng(4)
    dry = grey(110)
    dry[:, :320] = rng.integers(40, 200, (SIZE[0], 320, 1))
    wet = dry.copy()
    for x, y in zip(rng.integers(0, 640, 1500), rng.integers(0, 460, 1500), strict=True):
        end = int(x + 3 * lean), int(y + 18)
        streak = cv2.line(np.zeros(SIZE, np.uint8), (int(x), int(y)), end, 9, 1)
        wet = cv2.add(wet, np.dstack([streak] * 3))
    before, after = features(dry, thermal()), features(wet, thermal())
    assert after["falling_calm_most"] > before["falling_calm_most"] + 0.3
    assert after["streak_most"] < before["streak_most"] + 0.1


@pytest.mark.parametrize("sigma", [1.0, 2.0])
def test_edges_have_a_width_whatever_is_between_them(sigma):
    """That of a step blurred by a Gaussian is 2.5 sigma, of 1 in a sharp image; a plain wall has none."""
    sharp = grey(60)
    for left in range(0, 640, 64):
        sharp[:, left : left + 32] = 190
    widths = [
        features(image, thermal())["width_across_5"] * 8 for image in (sharp, cv2.GaussianBlur(sharp, (0, 0), sigma))
    ]
    assert widths == [pytest.approx(1.0), pytest.approx(np.sqrt(2 * np.pi) * sigma, rel=0.15)]
    assert features(grey(), thermal())["edges_across"] == 0


def test_haze_lifts_the_dark_and_takes_colour():
    rng = np.random.default_rng(2)
    scene = cv2.GaussianBlur(rng.integers(0, 256, (*SIZE, 3)).astype(np.float32), (0, 0), 4)
    scene = np.clip((scene - 127) * 6 + 127, 0, 255)
    clear = features(scene.astype(np.uint8), thermal())
    hazy = features((0.35 * scene + 0.65 * 215).astype(np.uint8), thermal())
    assert hazy["dark_50"] > clear["dark_50"] + 0.4 and hazy["saturation_50"] < 0.5 * clear["saturation_50"]
    assert hazy["texture_50"] < clear["texture_50"]


def test_what_only_the_thermal_camera_sees():
    warm = thermal(60)
    warm[100:380:20, 100:540] = 200
    found = features(grey(120), warm)
    assert found["blind"] > 0.2 and features(np.dstack([warm] * 3), warm)["blind"] == 0


sizes = st.tuples(st.integers(1, 300), st.integers(1, 300))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    size=sizes, seed=st.integers(0, 2**32 - 1), kind=st.sampled_from(["noise", "constant", "black", "white", "ramp"])
)
def test_any_pair_gives_finite_numbers(size, seed, kind):
    rng = np.random.default_rng(seed)
    images = {
        "noise": lambda shape: rng.integers(0, 256, shape, dtype=np.uint8),
        "constant": lambda shape: np.full(shape, rng.integers(0, 256), np.uint8),
        "black": lambda shape: np.zeros(shape, np.uint8),
        "white": lambda shape: np.full(shape, 255, np.uint8),
        "ramp": lambda shape: np.resize(np.arange(256, dtype=np.uint8), shape),
    }[kind]
    found = features(images((*size, 3)), images(size))
    values = np.array(list(found.values()))
    assert np.isfinite(values).all() and np.abs(values).max() <= 6
    assert list(found) == list(features(grey(), thermal()))


def test_strided_images_are_read_as_they_are():
    rng = np.random.default_rng(3)
    large = rng.integers(0, 256, (2 * SIZE[0], 2 * SIZE[1], 3), dtype=np.uint8)
    view, heat = large[::2, ::2], large[::2, ::2, 0]
    assert features(view, heat) == features(view.copy(), heat.copy())
