"""What a camera's subscription makes of those who publish."""

from types import SimpleNamespace
from unittest.mock import MagicMock

import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")

from rclpy.qos import QoSProfile
from sensor_msgs.msg import Image

from ros2_textfuse.nodes.common import following


def publisher(name):
    kind = "sensor_msgs/msg/Image"
    return SimpleNamespace(node_namespace="/", node_name=name, topic_type=kind, qos_profile=QoSProfile(depth=1))


def test_several_publishers_that_stay_are_named_once(monkeypatch):
    """One that was killed is listed for a while yet, and is no second one."""
    node, now = MagicMock(), [1000.0]
    node.resolve_topic_name.side_effect = lambda topic: topic
    monkeypatch.setattr(following.time, "monotonic", lambda: now[0])
    subscription = following.FollowingSubscription(node, Image, "/cam", lambda _: None)
    said = node.get_logger().warning
    for names, seconds in (["driver"], 60), (["killed", "driver"], 20), (["driver"], 60), (["driver", "player"], 20):
        node.get_publishers_info_by_topic.return_value = [publisher(name) for name in names]
        subscription._look()
        now[0] += seconds
        subscription._look()
    assert not said.called
    now[0] += 10
    subscription._look()
    subscription._look()
    said.assert_called_once()
    assert "2 nodes publish on /cam: /driver, /player;" in said.call_args[0][0]
