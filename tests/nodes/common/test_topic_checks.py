"""QoS that does not meet, by name."""

from types import SimpleNamespace

import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")

from rclpy.duration import Duration
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy, qos_profile_sensor_data
from sensor_msgs.msg import CompressedImage, Image

from ros2_textfuse.nodes.common.topic_checks import qos_mismatch, why_silent

DRIVER = SimpleNamespace(node_namespace="/rig", node_name="driver")
RELIABLE = QoSProfile(depth=5)


@pytest.mark.parametrize(
    ("offered", "requested"),
    [(RELIABLE, RELIABLE), (RELIABLE, qos_profile_sensor_data), (qos_profile_sensor_data, qos_profile_sensor_data)],
)
def test_what_meets_is_no_mismatch(offered, requested):
    assert qos_mismatch(DRIVER, offered, requested) == ""


@pytest.mark.parametrize(
    ("offered", "requested", "said"),
    [
        (
            qos_profile_sensor_data,
            RELIABLE,
            "QoS of /rig/driver does not meet: offered reliability best effort; requested reliability reliable",
        ),
        (
            RELIABLE,
            QoSProfile(depth=5, durability=DurabilityPolicy.TRANSIENT_LOCAL),
            "QoS of /rig/driver does not meet: offered durability volatile; requested durability transient local",
        ),
        (
            QoSProfile(depth=5, reliability=ReliabilityPolicy.BEST_EFFORT, deadline=Duration(seconds=2)),
            QoSProfile(depth=5, deadline=Duration(seconds=0.5)),
            "QoS of /rig/driver does not meet: offered reliability best effort, deadline 2 s; "
            "requested reliability reliable, deadline 0.5 s",
        ),
    ],
)
def test_both_profiles_are_named(offered, requested, said):
    assert qos_mismatch(DRIVER, offered, requested) == said


@pytest.mark.parametrize(
    ("transport", "kind"), [("", Image), ("/compressed", CompressedImage)], ids=["raw", "compressed"]
)
def test_a_topic_with_the_ending_of_its_transport_is_understood(transport, kind):
    """Named as `ros2 topic list` shows it; with compressed set, the node adds the ending once more."""
    there = "/cam/rgb/compressed"
    driver = SimpleNamespace(**vars(DRIVER), topic_type="sensor_msgs/msg/CompressedImage")
    node = SimpleNamespace(
        get_publishers_info_by_topic=lambda topic: [driver] * (topic == there),
        get_topic_names_and_types=lambda: [(there, ["sensor_msgs/msg/CompressedImage"])],
        count_publishers=lambda topic: int(topic == there),
    )
    said = why_silent(node, SimpleNamespace(topic_name=there + transport, msg_type=kind))
    assert said.endswith("name the topic /cam/rgb, and set the camera's transport parameter to compressed")
