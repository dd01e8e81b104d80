"""What the live watcher reads from a message that it does not unpack."""

import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")

from rclpy.serialization import serialize_message
from sensor_msgs.msg import Image

from ros2_textfuse.evaluation.live.watcher import stamp_of
from ros2_textfuse.sync.pairing import stamp_ns


@pytest.mark.parametrize(("seconds", "nanoseconds"), [(0, 0), (1_700_000_000, 999_999_999), (-1, 1)])
def test_the_stamp_of_a_serialised_image(seconds, nanoseconds):
    message = Image(height=2, width=2, encoding="mono8", step=2, data=[1, 2, 3, 4])
    message.header.stamp.sec, message.header.stamp.nanosec = seconds, nanoseconds
    message.header.frame_id = "camera"
    assert stamp_of(serialize_message(message)) == stamp_ns(message)


def test_the_other_byte_order():
    assert stamp_of(bytes((0, 0, 0, 0)) + (5).to_bytes(4, "big") + (7).to_bytes(4, "big")) == 5_000_000_007
