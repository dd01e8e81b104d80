"""Stamps that are late, jumping, double or wrong, and rates that do not meet."""

import random

import pytest
from rclpy.time import Time

from tests.helpers import spoils
from tests.helpers.campaign import campaign
from tests.helpers.rig import ERROR, PERIOD, SLOP, WARN

HOUR = 3600.0
LIVING = {"visible": "THERMAL_ONLY", "thermal": "VISIBLE_ONLY"}


def burst(message, number):
    """Ten images where there was one, with stamps of ten times the rate."""
    stamp = Time.from_msg(message.header.stamp).nanoseconds
    for part in range(10):
        copy = type(message)(header=message.header, height=message.height, width=message.width, step=message.step)
        copy.encoding, copy.data = message.encoding, message.data
        copy.header = type(message.header)(frame_id=message.header.frame_id)
        copy.header.stamp = Time(nanoseconds=stamp + part * PERIOD // 10).to_msg()
        yield copy


@campaign
def test_bursts_of_ten_times_the_rate(rig):
    """More than are fused may come, but what comes out is in order and new; DEGRADED where the machine is too slow."""
    with rig.fault(visible=burst, thermal=burst):
        rig.wait_ticks(25)
        assert rig.expect(grows=["pairs_fused"]).state in ("OK", "DEGRADED")
    assert rig.status().images_rejected == rig.before.images_rejected


@pytest.mark.parametrize(
    ("camera", "other"), [("visible", "thermal"), pytest.param("thermal", "visible", marks=campaign)]
)
def test_a_burst_of_one_camera(rig, camera, other):
    with rig.fault(**{camera: burst}):
        rig.wait_ticks(15)
        status = rig.expect(grows=["pairs_fused", f"{camera}_unpaired"])
        assert status.state in ("OK", "DEGRADED")
        received = {
            name: getattr(status, f"{name}_received") - getattr(rig.before, f"{name}_received") for name in LIVING
        }
        assert received[camera] > 3 * received[other]


def test_jitter_beyond_slop(rig):
    """The cameras see the same, but their stamps never meet: nothing is fused, and slop is named."""
    with rig.fault(thermal=spoils.shifted(lambda number: random.Random(number).uniform(0.025, 0.035))):
        rig.expect("WAITING", "slop", grows=["visible_unpaired", "thermal_unpaired"])
        rig.expect_diagnostic("fusion", WARN, "slop")


@campaign
def test_jitter_around_slop(rig):
    with rig.fault(thermal=spoils.shifted(lambda number: random.Random(number).uniform(-0.03, 0.03))):
        rig.wait_ticks(15)
        rig.expect("OK", grows=["visible_unpaired", "thermal_unpaired", "pairs_fused"])


@campaign
def test_every_image_comes_twice(rig):
    """No pair comes out twice."""
    with rig.fault(visible=spoils.twice, thermal=spoils.twice):
        rig.wait_ticks(15)
        rig.expect("OK", grows=["pairs_fused"])


@pytest.mark.parametrize("camera", ["visible", pytest.param("thermal", marks=campaign)])
def test_images_overtake_each_other(rig, camera):
    """What comes late is dropped rather than published after what is newer."""
    with rig.fault(**{camera: spoils.Reordered()}):
        rig.wait_ticks(15)
        rig.expect("OK", grows=["pairs_fused"])


def test_both_clocks_jump_an_hour_ahead_and_back(rig):
    with rig.fault(visible=spoils.shifted(HOUR), thermal=spoils.shifted(HOUR)):
        rig.expect("DEGRADED", visible_fault="ahead", thermal_fault="ahead", grows=["pairs_fused"])
        rig.expect_diagnostic("visible camera", WARN, "ahead")
        assert rig.status().clock_resets == rig.before.clock_resets
    rig.expect("OK", grows=["clock_resets"], visible_fault="", thermal_fault="")


@campaign
def test_both_clocks_jump_an_hour_back_and_ahead(rig):
    with rig.fault(visible=spoils.shifted(-HOUR), thermal=spoils.shifted(-HOUR)):
        rig.expect("DEGRADED", visible_fault="old", thermal_fault="old", grows=["pairs_fused", "clock_resets"])
        rig.expect_diagnostic("thermal camera", WARN, "old")
    rig.expect("OK", visible_fault="", thermal_fault="")


def test_both_clocks_start_at_zero(rig):
    """A simulation that was started: stamps of some seconds since 1970, not those of zero."""

    def since_start():
        began = []

        def spoil(message, number):
            stamp = Time.from_msg(message.header.stamp).nanoseconds
            began.append(stamp)
            message.header.stamp = Time(nanoseconds=stamp - began[0] + 1_000_000_000).to_msg()
            return (message,)

        return spoil

    with rig.fault(visible=since_start(), thermal=since_start()):
        rig.expect("DEGRADED", visible_fault="old", grows=["pairs_fused", "clock_resets"])
        rig.wait_images(5)


@pytest.mark.parametrize(
    ("camera", "hours", "says"), [("thermal", 1, "ahead"), pytest.param("visible", -1, "old", marks=campaign)]
)
def test_one_clock_is_an_hour_off(rig, camera, hours, says):
    """No pair is made of what does not belong together, and the camera whose clock is wrong is named."""
    with rig.fault(**{camera: spoils.shifted(hours * HOUR)}):
        rig.expect("WAITING", grows=["visible_unpaired"], **{f"{camera}_fault": says})
        rig.expect_diagnostic(f"{camera} camera", WARN, says)


def test_a_single_image_from_the_future(rig):
    """One bad stamp must not make all that follow look late."""
    with rig.fault(visible=spoils.one_in(10, spoils.shifted(600.0)), thermal=spoils.one_in(10, spoils.shifted(600.0))):
        rig.wait_ticks(20)
        rig.expect("OK", grows=["pairs_fused"])
        rig.wait(lambda: len(rig.seen["fused"]) > 15, 10.0, "what follows is not fused")


def test_thermal_at_nine_hertz_is_held(rig):
    """With hold, each visible image is fused, though only one in three has a thermal image of its own."""
    assert rig.set_parameter("hold", 0.4).successful
    try:
        with rig.fault(thermal=spoils.every(3), pairing=(-round(0.45e9), SLOP)):
            rig.wait_ticks(15)
            status = rig.expect("OK", grows=["thermal_held"])
            rig.wait(lambda: len(rig.seen["fused"]) > 12, 10.0, "not every visible image is fused")
            assert status.images_rejected == rig.before.images_rejected
    finally:
        assert rig.set_parameter("hold", 0.0).successful


@campaign
def test_thermal_stops_while_it_is_held(rig):
    """An old thermal image is held for as long as `hold` says, and no longer."""
    assert rig.set_parameter("hold", 0.4).successful
    try:
        with rig.fault(thermal=spoils.silent, pairing=(-round(0.45e9), SLOP)):
            rig.expect("VISIBLE_ONLY", "/thermal/image_raw")
            rig.expect_diagnostic("thermal camera", ERROR)
    finally:
        assert rig.set_parameter("hold", 0.0).successful
