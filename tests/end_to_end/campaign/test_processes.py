"""Processes that are killed, stopped and started again, and a lifecycle that is driven hard."""

import signal

import numpy as np
import psutil
import pytest

from tests.end_to_end.campaign.test_stamps import burst
from tests.helpers import spoils
from tests.helpers.campaign import campaign
from tests.helpers.graph import START
from tests.helpers.recordings import write_bag
from tests.helpers.rig import HEIGHT, RATE, WIDTH, thermal_pixels, visible_pixels


def test_fusion_is_killed_and_started_again(rig):
    with rig.fault():
        rig.kill_fusion()
        published = len(rig.seen["fused"])
        rig.run_fusion()
        rig.wait(lambda: len(rig.seen["fused"]) > published, START, "nothing is fused")
        rig.expect("OK", images_rejected=0)


@campaign
def test_detection_is_killed_and_started_again(rig):
    """Fusion does not notice, and detections come back."""
    pytest.importorskip("ultralytics", reason="ultralytics is not installed")
    with rig.fault():
        for _ in range(2):
            detection = rig.start("detection", width=WIDTH, height=HEIGHT)
            before = len(rig.seen["detections"])
            rig.wait(lambda before=before: len(rig.seen["detections"]) > before + 3, START, "no detections")
            detection.kill()
            detection.wait()
        rig.expect("OK", grows=["pairs_fused"])
        stamps = {fused.stamp for fused in rig.seen["fused"]}
        assert rig.stamps("detections")[-1] in stamps


def test_fusion_is_stopped_for_three_seconds(rig):
    """What came meanwhile is old when it goes on, and stays unpublished; but for one that was being fused just then."""
    with rig.fault(late=1):
        rig.process.send_signal(signal.SIGSTOP)
        rig.wait_ticks(45)
        rig.process.send_signal(signal.SIGCONT)
        rig.wait_images(10)
        rig.expect("OK", grows=["pairs_fused"])


@pytest.fixture(scope="module")
def small_bag(tmp_path_factory):
    """Four seconds of what the rig's own cameras see."""
    visible = np.stack([visible_pixels(number) for number in range(60)])
    thermal = np.stack([thermal_pixels(number) for number in range(60)])
    path = tmp_path_factory.mktemp("recordings") / "bag"
    return str(write_bag(path, visible, thermal, RATE, thermal_delay=0.003))


@campaign
def test_the_player_is_killed_and_started_again(rig, small_bag):
    """A recording in place of the cameras; what it sends is seen on its topics."""
    with rig.fault(visible=spoils.silent, thermal=spoils.silent):
        for camera in ("visible", "thermal"):
            rig.unplug(camera)
        with rig.listening_to_cameras():
            for _ in range(2):
                player = rig.start("player", bag=small_bag, loop=True)
                before = len(rig.seen["fused"])
                rig.wait(lambda before=before: len(rig.seen["fused"]) > before + 15, START, "nothing is fused")
                player.kill()
                player.wait()
                statuses = len(rig.seen["status"])
                rig.wait(
                    lambda statuses=statuses: any(s.state == s.WAITING for s in rig.seen["status"][statuses:]),
                    10.0,
                    "the silence is not named",
                )
        rig.expect("WAITING", "/visible/image_raw", grows=["pairs_fused"])
        for camera in ("visible", "thermal"):
            rig.plug(camera)


# Lifecycle ------------------------------------------------------------------------------------------------------------


@campaign
def test_activated_while_the_cameras_flood(rig):
    with rig.fault(visible=burst, thermal=burst):
        for _ in range(3):
            assert rig.transition("deactivate") and rig.transition("activate")
        rig.wait_images(10)
        assert rig.expect(images_rejected=0).state in ("OK", "DEGRADED")


def test_deactivated_in_mid_stream(rig):
    """An inactive node publishes nothing, and starts afresh: no image of before comes out after."""
    with rig.fault():
        rig.wait_images(5)
        assert rig.transition("deactivate")
        rig.wait_ticks(5)
        published, told = len(rig.seen["fused"]), len(rig.seen["status"])
        rig.wait_ticks(15)
        assert (len(rig.seen["fused"]), len(rig.seen["status"])) == (published, told), "an inactive node published"
        assert rig.transition("activate")
        rig.wait_images(5)


@campaign
def test_cleaned_up_and_configured_for_another_size(rig):
    with rig.fault():
        for width in (640, WIDTH):
            assert rig.transition("deactivate") and rig.transition("cleanup")
            assert rig.set_parameter("width", width).successful
            assert rig.transition("configure") and rig.transition("activate")
        rig.wait_images(5)


def test_transitions_that_are_not_there(rig):
    """Refused, and the images go on."""
    with rig.fault():
        for name in ("configure", "cleanup", "activate"):
            assert not rig.transition(name)
        assert rig.state() == "active"
        rig.expect("OK", grows=["pairs_fused"])


@campaign
def test_twenty_rounds_of_the_lifecycle_leave_nothing_behind(rig):
    """Handles, threads and memory stay as they are after the first rounds, while the cameras go on."""
    process = psutil.Process(rig.process.pid)
    found = []
    with rig.fault():
        for number in range(20):
            for name in ("deactivate", "cleanup", "configure", "activate"):
                assert rig.transition(name), rig.log("fusion")
            if number % 5 == 4:
                rig.wait_images(5)
                found.append((process.num_fds(), process.num_threads(), process.memory_info().rss / 2**20))
    handles, threads, memory = zip(*found, strict=True)
    assert max(handles[1:]) <= handles[0] + 2, handles
    assert max(threads[1:]) <= threads[0] + 1, threads
    assert memory[-1] < memory[0] + 15, memory
