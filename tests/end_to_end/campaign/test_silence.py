"""Cameras that stop, stutter, or never start."""

import numpy as np
import pytest

from tests.helpers import spoils
from tests.helpers.campaign import campaign
from tests.helpers.rig import ERROR, OK, RATE, WARN, is_marked, visible_pixels

LIVING = {"visible": "THERMAL_ONLY", "thermal": "VISIBLE_ONLY"}
CAMERAS = pytest.mark.parametrize("camera", ["visible", "thermal"])
ONE_DAILY = pytest.mark.parametrize("camera", [pytest.param("visible", marks=campaign), "thermal"])


@CAMERAS
def test_a_camera_stops_and_returns(rig, camera):
    with rig.fault(**{camera: spoils.silent}):
        status = rig.expect(LIVING[camera], f"/{camera}/image_raw", grows=["passed_through"])
        assert getattr(status, f"{camera}_age") >= 1.0
        rig.expect_diagnostic(f"{camera} camera", ERROR)
        rig.expect_diagnostic("visible camera" if camera == "thermal" else "thermal camera", OK)
        rig.expect_diagnostic("fusion", WARN, camera)
        assert all(is_marked(fused.pixels) for fused in rig.wait_images(5))


@campaign
def test_the_living_visible_camera_is_passed_through_as_it_is(rig):
    with rig.fault(thermal=spoils.silent):
        rig.expect("VISIBLE_ONLY")
        fused = rig.wait_images(3)[-1].pixels[100:140, 100:220]
        wall = visible_pixels(0)[100:140, 100:220]
        np.testing.assert_allclose(fused.astype(int), wall, atol=8)


def test_both_cameras_stop_and_return(rig):
    with rig.fault(visible=spoils.silent, thermal=spoils.silent):
        status = rig.expect("WAITING", "/visible/image_raw")
        assert "/thermal/image_raw" in status.message
        rig.expect_diagnostic("visible camera", ERROR)
        rig.expect_diagnostic("thermal camera", ERROR)
        published = len(rig.seen["fused"])
        rig.wait_ticks(5)
        assert len(rig.seen["fused"]) == published, "images without cameras"


@campaign
def test_one_camera_stops_after_the_other(rig):
    with rig.fault(visible=spoils.silent):
        rig.expect("THERMAL_ONLY")
    with rig.fault(thermal=spoils.silent):
        rig.expect("VISIBLE_ONLY")


@ONE_DAILY
def test_a_camera_driver_ends_and_is_started_again(rig, camera):
    with rig.fault(**{camera: spoils.silent}):
        rig.unplug(camera)
        rig.expect(LIVING[camera], "publish")
        rig.plug(camera)


@ONE_DAILY
def test_a_camera_never_starts(rig, camera):
    assert rig.transition("deactivate")
    with rig.fault(**{camera: spoils.silent}):
        assert rig.transition("activate")
        status = rig.expect(LIVING[camera], f"/{camera}/image_raw", pairs_fused=0)
        assert getattr(status, f"{camera}_age") == -1
        assert getattr(status, f"{camera}_received") == 0
        rig.expect_diagnostic(f"{camera} camera", ERROR)


def test_a_stutter_shorter_than_the_timeout_is_no_silence(rig):
    """Half a second without thermal images, again and again."""
    with rig.fault(thermal=lambda message, number: () if number % 12 < 7 else (message,)):
        rig.wait_ticks(24)
        status = rig.expect("OK", grows=["visible_unpaired"])
        assert status.passed_through == rig.expect().passed_through
        assert rig.status().thermal_gap > 0.3


@ONE_DAILY
def test_a_camera_at_a_fifth_of_the_rate(rig, camera):
    other = "visible" if camera == "thermal" else "thermal"
    with rig.fault(**{camera: spoils.every(5)}):
        status = rig.expect("OK", grows=["pairs_fused", f"{other}_unpaired"])
        rig.wait(lambda: getattr(rig.status(), f"{camera}_rate") < 0.7 * RATE, 15.0, "the rate is not told")
        assert rig.status().passed_through == status.passed_through
        rig.expect_diagnostic("fusion", OK)
