"""Arrivals and looks of a camera's images."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ros2_textfuse.imaging.camera_health import WINDOW, CameraHealth
from tests.helpers.messages import noise


def camera(times=(), thermal=False):
    health = CameraHealth(thermal)
    for time in times:
        health.arrived(time)
    return health


def looks(*images, thermal=False, every=0.5, frozen_after=1.0):
    """The kind of fault after these images came one by one."""
    health = CameraHealth(thermal)
    for number, image in enumerate(images):
        health.inspect(image, number * every, frozen_after)
    return health.fault.kind if health.fault else ""


# Arrivals -------------------------------------------------------------------------------------------------------------


def test_before_the_first_image():
    health = camera()
    assert (health.age(9.0), health.rate(9.0), health.gap(9.0)) == (-1.0, 0.0, 0.0)


@pytest.mark.parametrize("rate", [0.5, 9.0, 30.0, 300.0])
@pytest.mark.parametrize("seconds", [10.0, 100.0])
def test_a_steady_camera(rate, seconds):
    times = np.arange(round(seconds * rate)) / rate + 50
    now = times[-1] + 0.1 / rate
    health = camera(times)
    assert health.rate(now) == pytest.approx(rate, abs=1.2 / WINDOW)
    assert health.gap(now) == pytest.approx(1 / rate, rel=1e-3)
    assert health.age(now) == pytest.approx(0.1 / rate)


def test_the_first_second_tells_the_rate_already():
    assert camera(np.arange(15) / 15).rate(14.5 / 15) == pytest.approx(15, rel=0.05)


def test_a_gap_is_seen_until_it_is_long_ago():
    times = [*np.arange(0, 3, 0.1), *np.arange(4.5, 20, 0.1)]
    health = camera([time for time in times if time < 6])
    assert health.gap(6.0) == pytest.approx(1.6)
    health = camera(times)
    assert health.gap(20.0) == pytest.approx(0.1)


def test_silence_is_a_gap_and_no_rate():
    health = camera(np.arange(0, 3, 0.1))
    assert health.gap(63.0) == health.age(63.0) == pytest.approx(60.1)
    assert health.rate(63.0) == 0.0


@given(st.lists(st.floats(0, 2), max_size=50))
def test_figures_are_sane_whenever_images_come(intervals):
    times = np.cumsum(intervals).tolist()
    health = camera(times)
    now = (times or [0.0])[-1] + 0.5
    assert health.rate(now) >= 0
    assert health.gap(now) >= max(health.age(now), 0)


# Looks ----------------------------------------------------------------------------------------------------------------

SCENE = noise(48, 64, 3)
COUNTS = noise(48, 64, dtype=np.uint16)


@pytest.mark.parametrize("image", [SCENE, COUNTS, SCENE[..., 0]])
def test_a_scene_is_no_fault(image):
    assert looks(image, thermal=image.ndim == 2) == ""


def test_frozen_is_said_after_a_while_and_taken_back_with_the_first_new_image():
    assert looks(SCENE, SCENE, SCENE) == ""
    assert looks(SCENE, SCENE, SCENE, SCENE) == "frozen"
    assert looks(SCENE, SCENE, SCENE, SCENE, noise(48, 64, 3, seed=1)) == ""
    one_pixel_lives = SCENE.copy()
    one_pixel_lives[13, 7, 1] ^= 1
    assert looks(SCENE, SCENE, SCENE, one_pixel_lives) == ""


def test_frozen_temperatures_with_holes():
    temperatures = np.where(COUNTS > 60000, np.nan, COUNTS).astype(np.float32)
    assert looks(*[temperatures] * 4, thermal=True) == "frozen"


@pytest.mark.parametrize(
    ("image", "kind"),
    [
        (noise(48, 64, 3) // 40, "black"),
        (255 - noise(48, 64, 3) // 40, "white"),
        (noise(48, 64) // 40, "black"),
        (100 + noise(48, 64) // 100, "flat"),
        (29300 + noise(48, 64).astype(np.uint16) // 12, "flat"),
        (np.zeros((48, 64), np.uint16), "flat"),
        (np.full((48, 64), 293.1, np.float32), "flat"),
        (np.full((48, 64), np.nan, np.float32), "empty"),
        (noise(48, 64, 3), "coloured"),
    ],
    ids=str,
)
def test_what_no_scene_shows_is_named(image, kind):
    thermal = kind in ("flat", "empty", "coloured") or image.ndim == 2
    assert looks(image, thermal=thermal) == kind


def test_a_flat_or_colourful_visible_image_is_a_scene():
    """A grey wall is one; a thermal camera without any difference is not."""
    assert looks(np.full((48, 64, 3), 120, np.uint8)) == ""


def test_grey_sent_as_colour_is_not_coloured():
    grey = np.dstack([noise(48, 64)] * 3)
    assert looks(grey, thermal=True) == ""


def test_temperatures_of_a_few_kelvin_are_a_scene():
    rng = np.random.default_rng(0)
    assert looks((293 + rng.normal(0, 1, (48, 64))).astype(np.float32), thermal=True) == ""
    assert looks((20 + rng.normal(0, 1, (48, 64))).astype(np.float32), thermal=True) == ""
