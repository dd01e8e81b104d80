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

from tests.helpers import spoils
from tests.helpers.campaign import campaign, cases
from tests.helpers.rig import ERROR, RATE, thermal_pixels

# Publishers -----------------------------------------------------------------------------------------------------------


def test_two_drivers_on_one_topic(rig):
    """A second thermal camera, half a period late: each pair is still one of images that belong together."""
    late = spoils.shifted(0.033)

    def both(message, number):
        copy = rig.image(thermal_pixels((number + 1) % 32), "mono8", message.header.stamp)
        (copy,) = late(copy, number)
        rig.note("thermal", copy)
        second.publish(copy)
        return (message,)

    with rig.publishing(Image, "/thermal/image_raw") as second, rig.fault(thermal=both):
        rig.wait_images(15)
        rig.expect("OK", grows=["pairs_fused", "thermal_unpaired"])
        rig.wait(lambda: rig.status().thermal_rate > 1.2 * RATE, 10.0, "the doubled rate is not told")


def test_another_type_on_the_topic(rig):
    with rig.fault(thermal=spoils.silent):
        rig.unplug("thermal")
        with rig.another_driver() as driver:
            publisher = driver.create_publisher(String, "/thermal/image_raw", 10)
            driver.create_timer(0.1, lambda: publisher.publish(String(data="not an image")))
            rig.expect("VISIBLE_ONLY", "std_msgs/msg/String")
            rig.expect_diagnostic("thermal camera", ERROR, "std_msgs/msg/String")
        rig.plug("thermal")


def test_bytes_that_are_no_message(rig):
    """As a driver of another ROS version, or a broken bridge, would put them on the wire."""
    whole = serialize_message(rig.image(thermal_pixels(0), "mono8", rig.node.get_clock().now().to_msg()))
    with rig.publishing(Image, "/thermal/image_raw") as publisher, rig.fault():
        for data in (b"", b"\x00\x01\x00\x00", whole[:20], whole[: len(whole) // 2], b"\xff" * 1000):
            publisher.publish(data)
            rig.wait_ticks(2)
        rig.expect("OK", grows=["pairs_fused"])


@campaign
def test_a_frame_id_that_is_no_utf8(rig):
    message = rig.image(thermal_pixels(0), "mono8", rig.node.get_clock().now().to_msg())
    message.header.frame_id = "thermal"
    rig.note("thermal", message)
    data = serialize_message(message).replace(b"thermal", b"\xff\xfe\x80\xc0\xaf\xed\xa0")
    with rig.publishing(Image, "/thermal/image_raw") as publisher, rig.fault():
        for _ in range(5):
            publisher.publish(data)
            rig.wait_ticks(2)
        rig.expect("OK", grows=["thermal_received", "pairs_fused"])


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


@campaign
def test_a_reliable_subscriber_that_hangs(rig, subscriber):
    """It does not slow the others down."""
    with rig.fault():
        subscriber.send_signal(signal.SIGSTOP)
        rig.wait_ticks(40)
        rig.expect("OK", grows=["pairs_fused"])
        assert len(rig.seen["fused"]) > 20
        subscriber.send_signal(signal.SIGCONT)


def test_a_subscriber_is_killed(rig, subscriber):
    with rig.fault():
        subscriber.kill()
        rig.wait_ticks(10)
        rig.expect("OK", grows=["pairs_fused"])


# Quality of service ---------------------------------------------------------------------------------------------------


def test_a_camera_offers_best_effort_where_reliable_is_requested(rig):
    """The commonest reason for no output: the message says who offers what, and what was requested."""
    rig.make_ready(**{"qos_overrides./thermal/image_raw.subscription.reliability": "reliable"})
    with rig.fault(thermal=spoils.silent):
        rig.plug("thermal", QoSProfile(depth=5, reliability=ReliabilityPolicy.BEST_EFFORT))
        status = rig.expect("VISIBLE_ONLY", "QoS of /textfuse/observer")
        assert "offered reliability best effort" in status.message
        assert "requested reliability reliable" in status.message
        rig.expect_diagnostic("thermal camera", ERROR, "best effort")
        rig.plug("thermal")


@campaign
def test_a_subscriber_requests_transient_local_where_volatile_is_offered(rig):
    """The node says whom it does not reach; the others go on."""
    with rig.fault():
        profile = QoSProfile(depth=5, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        unserved = rig.node.create_subscription(Image, "fused", lambda message: None, profile)
        rig.wait(lambda: "requested durability transient local" in rig.log("fusion"), 10.0, "it is not named")
        rig.expect("OK", grows=["pairs_fused"])
        rig.node.destroy_subscription(unserved)


# Compressed images --------------------------------------------------------------------------------------------------


class CompressedDriver:
    """Sends a camera's images as JPEG (visible) or PNG (thermal), which a fault may damage."""

    def __init__(self, rig, camera):
        self.publisher = rig.node.create_publisher(CompressedImage, f"/{camera}/image_raw/compressed", 10)
        self.extension = ".jpg" if camera == "visible" else ".png"
        self.damage = None  # of the next image alone
        self.format = self.extension[1:]

    def __call__(self, message):
        shape = (message.height, message.width, -1) if message.encoding == "rgb8" else (message.height, message.width)
        pixels = np.frombuffer(message.data, np.uint8).reshape(shape)
        _, data = cv2.imencode(self.extension, pixels[..., ::-1] if pixels.ndim == 3 else pixels)
        damage, self.damage = self.damage or bytes, None
        data = array("B", damage(data.tobytes()))
        self.publisher.publish(CompressedImage(header=message.header, format=self.format, data=data))


@pytest.fixture
def compressed_rig(running_rig):
    """A rig of cameras that send compressed images."""
    running_rig.drivers = {camera: CompressedDriver(running_rig, camera) for camera in ("visible", "thermal")}
    running_rig.make_ready(visible_transport="compressed", thermal_transport="compressed")
    yield running_rig
    for driver in running_rig.drivers.values():
        running_rig.node.destroy_publisher(driver.publisher)
    running_rig.drivers = {}


DAMAGE = {
    "a JPEG that is cut off": ("visible", lambda data: data[: len(data) // 2], "cut off"),
    "a PNG that is cut off": ("thermal", lambda data: data[: len(data) // 2], "cut off"),
    "a PNG with a hole": ("thermal", lambda data: data[:500] + bytes(1000) + data[1500:], "damaged"),
    "no data": ("visible", lambda data: b"", "no JPEG"),
    "a header and nothing else": ("thermal", lambda data: data[:33] + data[-12:], "damaged"),
}


@pytest.mark.parametrize(("camera", "damage", "reason"), cases(DAMAGE, "a JPEG that is cut off"))
def test_compressed(compressed_rig, camera, damage, reason):
    rig, driver = compressed_rig, compressed_rig.drivers[camera]

    def damaged(message, number):
        driver.damage = damage
        return (message,)

    with rig.fault(**{camera: damaged}, usable=False):
        rig.expect("ERROR", reason, grows=["images_rejected"])
        rig.expect_diagnostic(f"{camera} camera", ERROR, reason)


@campaign
def test_compressed_under_a_wrong_format(compressed_rig):
    """No fault: what the data are is read from the data."""
    with compressed_rig.fault():
        compressed_rig.drivers["visible"].format = "png"
        compressed_rig.drivers["thermal"].format = "16UC1; compressedDepth"
        compressed_rig.wait_images(5)
        compressed_rig.expect("OK", grows=["pairs_fused"])
