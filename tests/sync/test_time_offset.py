"""Cameras by formula whose clocks differ by a known time: it comes back, and what has no answer gets none."""

import pickle

import cv2
import numpy as np
import pytest

from ros2_textfuse.sync.time_offset import Motion, TimeOffsetError, estimate
from tests.helpers import moving


def watched(camera, stamps, image):
    """A camera that has seen image(stamp) at each stamp."""
    motion = Motion(camera)
    for stamp in stamps:
        motion.add(stamp, image(stamp))
    return motion


def two_cameras(path, offset=0.0, seconds=8.0, rates=(30.0, 9.0), noise=True, thermal_path=None, **lens):
    """Both before one world; the thermal camera starts 13 ms later, and its stamps lack the offset."""
    scene = moving.world(1)
    first, second = (np.random.default_rng(seed) if noise else None for seed in (0, 1))
    visible = watched(
        "visible", np.arange(0, seconds, 1 / rates[0]), lambda time: moving.visible(scene, path(time), first)[..., 0]
    )
    thermal = watched(
        "thermal",
        np.arange(0.013, seconds, 1 / rates[1]) - offset,
        lambda stamp: moving.thermal(scene, (thermal_path or path)(stamp + offset), second, **lens),
    )
    return visible, thermal


def still(time):
    return 600.0, 400.0


@pytest.mark.parametrize(
    ("offset", "rates", "lens"),
    [
        (0.0, (30.0, 30.0), {}),
        (0.137, (30.0, 9.0), {"width": 300}),
        (-0.4321, (25.0, 8.7), {"width": 600, "size": (160, 128)}),
        (0.7, (12.0, 30.0), {"size": (320, 240)}),
    ],
)
def test_a_known_offset_is_found(offset, rates, lens):
    found = estimate(*two_cameras(moving.unsteady, offset, rates=rates, **lens))
    assert found.offset == pytest.approx(offset, abs=0.008)
    assert found.sure and found.spread < 0.02, found.summary()


def test_cameras_that_stand_see_people_walk():
    offset = -0.26
    scene = moving.world(2)
    random = np.random.default_rng(0)
    visible = watched(
        "visible",
        np.arange(0, 12, 1 / 30),
        lambda time: moving.visible(moving.crossing(time, scene), still(time), random)[..., 0],
    )
    thermal = watched(
        "thermal",
        np.arange(0, 12, 1 / 9) - offset,
        lambda stamp: moving.thermal(moving.crossing(stamp + offset, scene), still(stamp), random),
    )
    found = estimate(visible, thermal)
    assert found.offset == pytest.approx(offset, abs=0.02)
    assert found.sure, found.summary()


def test_a_shutter_and_a_gap_do_no_harm():
    """The thermal image stands still for half a second and comes back brighter; then the visible one is missing."""
    scene = moving.world(3)
    visible = watched(
        "visible",
        [time for time in np.arange(0, 12, 1 / 30) if not 7 < time < 9],
        lambda time: moving.visible(scene, moving.unsteady(time))[..., 0],
    )

    def thermal_image(stamp):
        time = stamp + 0.1
        image = moving.thermal(scene, moving.unsteady(min(time, 3.0) if time < 3.5 else time))
        return cv2.convertScaleAbs(image, alpha=2.0 if time >= 3.5 else 1.0)

    found = estimate(visible, watched("thermal", np.arange(0, 12, 1 / 9), thermal_image))
    assert found.offset == pytest.approx(0.1, abs=0.01)
    assert found.sure, found.summary()


def swaying(period):
    return lambda time: (600 + 40 * np.sin(2 * np.pi * time / period), 400.0)


@pytest.mark.parametrize(
    ("cameras", "reason"),
    [
        ({"path": still, "noise": False}, "nothing moves before the visible camera"),
        ({"path": moving.unsteady, "thermal_path": still, "noise": False}, "nothing moves before the thermal camera"),
        ({"path": still}, ""),
        ({"path": swaying(0.6)}, "agrees as well"),
        ({"path": swaying(1.1), "offset": 0.2}, "agrees as well"),
        ({"path": moving.unsteady, "thermal_path": lambda time: moving.unsteady(40 - time)}, ""),
        ({"path": moving.unsteady, "seconds": 4.0}, "share 3.8 s"),
        ({"path": moving.unsteady, "rates": (30.0, 1.0)}, "thermal images are more than 0.5 s apart"),
        ({"path": moving.unsteady, "offset": 500.0}, "share 0.0 s"),
        ({"path": moving.unsteady, "offset": 1.04, "seconds": 10.0}, "beyond the limit of 1 s"),
        ({"path": moving.unsteady, "offset": -1.8, "seconds": 10.0}, "beyond the limit of 1 s"),
    ],
)
def test_no_answer_is_better_than_a_wrong_one(cameras, reason):
    found = estimate(*two_cameras(**cameras))
    assert not found.sure, found.summary()
    assert reason in found.doubt


@pytest.mark.parametrize("seed", range(2))
def test_noise_has_no_offset(seed):
    random = np.random.default_rng(seed)
    cameras = [
        watched(name, np.arange(0, 8, 1 / rate), lambda stamp: random.integers(0, 255, (60, 80), np.uint8))
        for name, rate in (("visible", 30), ("thermal", 9))
    ]
    assert not estimate(*cameras).sure


def test_no_images():
    found = estimate(Motion("visible"), Motion("thermal"))
    assert not found.sure and "share 0.0 s" in found.doubt and found.summary() == "no estimate"


def test_a_larger_limit_believes_more():
    found = estimate(*two_cameras(moving.unsteady, -1.8, seconds=14.0), limit=2.0)
    assert found.sure and found.offset == pytest.approx(-1.8, abs=0.01), found.summary()


def test_images_are_not_kept():
    motion, sizes = Motion("visible"), []
    random = np.random.default_rng(0)
    for number in range(200):
        motion.add(number / 30, random.integers(0, 255, (480, 640), np.uint8))
        if number % 100 == 99:
            sizes.append(len(pickle.dumps(motion)))
    assert (sizes[1] - sizes[0]) / 100 < 2000  # bytes for each image of 307200


@pytest.mark.parametrize("stamp", [1.0, 0.5])
def test_stamps_that_do_not_go_forward(stamp):
    motion = Motion("thermal")
    motion.add(1.0, np.zeros((60, 80), np.uint8))
    with pytest.raises(TimeOffsetError, match=r"thermal stamps .* image 1, from 1.000 s"):
        motion.add(stamp, np.zeros((60, 80), np.uint8))


def test_a_limit_must_be_above_zero():
    with pytest.raises(ValueError, match="above 0"):
        estimate(Motion("visible"), Motion("thermal"), limit=0)
