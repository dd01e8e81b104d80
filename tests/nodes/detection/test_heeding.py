"""What the detector makes of fusion's status."""

from types import SimpleNamespace

import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")

from textfuse.msg import FusionStatus

from ros2_textfuse.nodes.detection import node as node_module
from ros2_textfuse.nodes.detection.effort import Effort
from ros2_textfuse.nodes.detection.node import DetectionNode


@pytest.fixture
def heed(monkeypatch):
    """Tells a detector of so many seconds of fusion at 30 Hz, twice a second; returns what it does then."""
    now, status = [0.0], FusionStatus()
    monkeypatch.setattr(node_module.time, "monotonic", lambda: now[0])
    node = SimpleNamespace(_effort=Effort(1, 3, [(480, 640)]), _joins=lambda: False)
    node.get_logger = lambda: SimpleNamespace(info=lambda text: None)

    def tell(seconds, state, dropped=0):
        for _ in range(round(2 * seconds)):
            now[0] += 0.5
            status.state = state
            status.pairs_fused += 15 - dropped
            status.pairs_dropped += dropped
            DetectionNode._heed(node, status)
        return str(node._effort)

    return tell


def test_what_is_dropped_while_an_engine_is_built_is_no_reason_to_do_less(heed):
    all_of_it = heed(10, FusionStatus.OK)
    assert heed(10, FusionStatus.BUILDING, dropped=15) == all_of_it
    assert heed(0.5, FusionStatus.OK, dropped=10) == all_of_it  # some of them were dropped before it was ready
    assert heed(10, FusionStatus.OK) == all_of_it
    assert heed(10, FusionStatus.OK, dropped=5) != all_of_it
