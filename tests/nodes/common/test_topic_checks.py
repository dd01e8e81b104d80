"""QoS that does not meet, by name."""

from types import SimpleNamespace

import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")

from rclpy.duration import Duration
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy, qos_profile_sensor_data

from ros2_textfuse.nodes.common.topic_checks import qos_mismatch

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
