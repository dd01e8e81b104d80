"""Processes that are killed, stopped and started again, and a lifecycle that is driven hard."""

import signal
import time

import psutil
import pytest

from tests.end_to_end.campaign import spoils
from tests.end_to_end.campaign.rig import HEIGHT, OLDEST, WIDTH, thermal_pixels, visible_pixels
from tests.end_to_end.campaign.test_stamps import burst
from tests.end_to_end.graph import START
from tests.recordings import write_bag


def test_fusion_is_killed_and_started_again(rig):
    with rig.fault():
        rig.process.kill()
        rig.process.wait()
        published = len(rig.seen["fused"])
        rig.run_fusion()
        rig.wait(lambda: len(rig.seen["fused"]) > published, START, "nothing is fused")
        rig.expect("OK", images_rejected=0)


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
    """What came meanwhile is old when it goes on, and stays unpublished."""
    with rig.fault():
        rig.process.send_signal(signal.SIGSTOP)
        rig.wait_ticks(45)
        rig.process.send_signal(signal.SIGCONT)
        rig.wait_pictures(10)
        rig.expect("OK", grows=["pairs_fused"])
