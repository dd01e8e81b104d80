"""Two nodes that publish what one should: told by what is heard, in the fusion node and in the detection node."""

from types import SimpleNamespace
from unittest.mock import MagicMock

import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")

from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticStatus

from ros2_textfuse.nodes.common.twins import FRAMES, STATUSES, TwinWatch
from ros2_textfuse.nodes.detection.ledger import Ledger
from ros2_textfuse.nodes.detection.node import DetectionNode

TOPIC = "/textfuse/detections"


@pytest.fixture
def node():
    """A node that two publishers on each topic are known to."""
    node = MagicMock()
    node.resolve_topic_name.return_value = TOPIC
    node.count_publishers.return_value = 2
    publisher = SimpleNamespace(node_namespace="/textfuse", node_name="detection")
    node.get_publishers_info_by_topic.return_value = [publisher] * 2
    return node


def look(watch, node, start, sent, heard):
    """`sent` messages of one node and `heard` of all, in looks of some each."""
    hear = node.create_subscription.call_args[0][2]
    for part in range(1, 5):
        for _ in range(heard // 4):
            hear(None)
        watch.look(start + part * sent // 4)


@pytest.mark.parametrize(
    ("listen", "sent", "heard", "named"),
    [
        (STATUSES, 4, 8, True),
        (STATUSES, 4, 4, False),  # the other was killed, and is listed for a while yet
        (FRAMES, 40, 80, True),
        (FRAMES, 40, 52, False),  # ten frames had to wait and came at once
        (FRAMES, 12, 24, False),  # not heard enough
    ],
)
def test_twins_are_heard(node, listen, sent, heard, named):
    watch = TwinWatch(node, object, "detections", listen)
    watch.look(1000)
    look(watch, node, 1000, sent, heard)
    assert (f"2 nodes publish on {TOPIC}: /textfuse/detection, /textfuse/detection;" in watch.warning) == named
    assert node.get_logger().warning.called == named
    node.count_publishers.return_value = 1
    watch.look(2000)
    assert not watch.warning
    node.destroy_subscription.assert_called_once()


def test_detection_says_so_in_its_diagnostics(node):
    node._ledger, node._published, node._streams = Ledger(), 1000, ("fused",)
    node._ledger.receive(float("inf"), dropped=False)
    node._faults = dict
    node._collector.incomplete, node.engine_name = 0, "openvino"
    node._twins = TwinWatch(node, object, "detections", FRAMES)
    node.get_fully_qualified_name.return_value = "/textfuse/detection"
    node.get_clock().now().to_msg = Time
    DetectionNode._look_around(node)
    for _ in range(2 * FRAMES):
        node.create_subscription.call_args[0][2](None)
    node._published += FRAMES
    DetectionNode._look_around(node)
    (entry,) = node._diagnostics.publish.call_args[0][0].status
    assert entry.level == DiagnosticStatus.WARN and f"2 nodes publish on {TOPIC}" in entry.message
