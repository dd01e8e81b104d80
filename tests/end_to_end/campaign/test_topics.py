"""What else is on the topics: other types, other qualities of service, second drivers, bad subscribers."""

import signal
import sys
from array import array

import cv2
import numpy as np
import pytest
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rclpy.serialization import serialize_message
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import String

from ros2_textfuse.processes import OWN_GROUP
from tests.end_to_end.campaign import spoils
from tests.end_to_end.campaign.rig import ERROR, OK, RATE, WARN, thermal_pixels

# Publishers -----------------------------------------------------------------------------------------------------------


def test_two_drivers_on_one_topic(rig):
    """A second thermal camera, half a period late: each pair is still one of pictures that belong together."""
    second = rig.node.create_publisher(Image, "/thermal/image_raw", 10)
    late = spoils.shifted(0.033)

    def both(message, number):
        copy = rig.picture(thermal_pixels(number + 1), "mono8", message.header.stamp)
        (copy,) = late(copy, number)
        rig.note("thermal", copy)
        second.publish(copy)
        return (message,)

    with rig.fault(thermal=both):
        rig.wait_ticks(45)
        status = rig.expect("OK", grows=["pairs_fused", "thermal_alone"])
        assert status.thermal_rate > 1.3 * RATE
    rig.node.destroy_publisher(second)


def test_another_type_on_the_topic(rig):
    with rig.fault(thermal=spoils.silent):
        rig.unplug("thermal")
        with rig.another_driver() as driver:
            publisher = driver.create_publisher(String, "/thermal/image_raw", 10)
            driver.create_timer(0.1, lambda: publisher.publish(String(data="not a picture")))
            rig.expect("VISIBLE_ONLY", "std_msgs/msg/String")
            rig.expect_diagnostic("thermal camera", ERROR, "std_msgs/msg/String")
        rig.plug("thermal")


def test_compressed_pictures_where_raw_ones_are_awaited(rig):
    with rig.fault(visible=spoils.silent):
        rig.unplug("visible")
        publisher = rig.node.create_publisher(CompressedImage, "/visible/image_raw/compressed", 10)
        rig.expect("THERMAL_ONLY", "compressed")
        rig.node.destroy_publisher(publisher)
        rig.plug("visible")


def test_bytes_that_are_no_message(rig):
    """As a driver of another ROS version, or a broken bridge, would put them on the wire."""
    publisher = rig.node.create_publisher(Image, "/thermal/image_raw", 10)
    message = rig.picture(thermal_pixels(0), "mono8", rig.node.get_clock().now().to_msg())
    whole = serialize_message(message)
    with rig.fault():
        rig.wait(lambda: publisher.get_subscription_count(), 5.0, "nobody listens")
        for data in (b"", b"\x00\x01\x00\x00", whole[:20], whole[: len(whole) // 2], b"\xff" * 1000):
            publisher.publish(data)
            rig.wait_ticks(2)
        rig.expect("OK", grows=["pairs_fused"])
    rig.node.destroy_publisher(publisher)


def test_a_frame_id_that_is_no_utf8(rig):
    publisher = rig.node.create_publisher(Image, "/thermal/image_raw", 10)
    message = rig.picture(thermal_pixels(0), "mono8", rig.node.get_clock().now().to_msg())
    message.header.frame_id = "thermal"
    with rig.fault():
        rig.wait(lambda: publisher.get_subscription_count(), 5.0, "nobody listens")
        for _ in range(5):
            publisher.publish(serialize_message(message).replace(b"thermal", b"\xff\xfe\x80\xc0\xaf\xed\xa0"))
            rig.wait_ticks(2)
        rig.expect("OK", grows=["pairs_fused"])
    rig.node.destroy_publisher(publisher)


# Subscribers ----------------------------------------------------------------------------------------------------------

SUBSCRIBER = """
import rclpy
from rclpy.qos import QoSProfile
from sensor_msgs.msg import Image
rclpy.init()
node = rclpy.create_node("subscriber")
node.create_subscription(Image, "/textfuse/fused", lambda message: print("one", flush=True), QoSProfile(depth=100))
rclpy.spin(node)
"""


@pytest.fixture
def subscriber(rig):
    process = rig.processes.start("subscriber", [sys.executable, "-c", SUBSCRIBER], log=rig.logs / "subscriber.log")
    rig.wait(lambda: "one" in rig.log("subscriber"), 20.0, "the subscriber sees nothing")
    yield process
    process.kill()
    process.wait()


def test_a_reliable_subscriber_that_hangs(rig, subscriber):
    """It does not slow the others down."""
    with rig.fault():
        subscriber.send_signal(signal.SIGSTOP)
        rig.wait_ticks(60)
        rig.expect("OK", grows=["pairs_fused"])
        assert len(rig.seen["fused"]) > 30
        subscriber.send_signal(signal.SIGCONT)


def test_a_subscriber_is_killed(rig, subscriber):
    with rig.fault():
        subscriber.kill()
        rig.wait_ticks(20)
        rig.expect("OK", grows=["pairs_fused"])


# Quality of service ---------------------------------------------------------------------------------------------------


def overrides(**policies):
    return {f"qos_overrides./{camera}/image_raw.subscription.{policy}": value for camera, (policy, value) in policies.items()}


@pytest.mark.parametrize(
    ("requested", "offered", "policy"),
    [
        (("reliability", "reliable"), QoSProfile(depth=5, reliability=ReliabilityPolicy.BEST_EFFORT), "reliab"),
        (("durability", "transient_local"), QoSProfile(depth=5, durability=DurabilityPolicy.VOLATILE), "durab"),
    ],
    ids=["reliable is requested, best effort offered", "transient local is requested, volatile offered"],
)
def test_qos_mismatch(rig, requested, offered, policy):
    """The commonest reason for no output: the message says who offers what, and what was requested."""
    rig.run_fusion(**overrides(thermal=requested))
    with rig.fault(thermal=spoils.silent):
        rig.plug("thermal", offered)
        rig.expect("VISIBLE_ONLY", policy)
        rig.expect_diagnostic("thermal camera", ERROR, "observer")
    rig.plug("thermal")


# Compressed pictures --------------------------------------------------------------------------------------------------
