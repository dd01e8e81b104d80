"""One camera of the fusion node: its topic, what came from it, and how it fares."""

import time
from collections.abc import Callable
from typing import Any

from rclpy.node import Node
from rclpy.qos import qos_profile_sensor_data
from rclpy.subscription import Subscription
from rclpy.time import Time
from sensor_msgs.msg import CompressedImage, Image

from ros2_textfuse.imaging import compressed, encodings
from ros2_textfuse.imaging.camera_health import CameraHealth, Fault
from ros2_textfuse.nodes.common.qos import OVERRIDABLE
from ros2_textfuse.nodes.common.topic_checks import why_silent
from ros2_textfuse.sync.pairing import SET_BACK, SimpleFilter, stamp_ns

AHEAD, BEHIND = 0.2, 2.0  # s that stamps may be off this machine's clock; a driver or a network may be late


class Camera:
    """A subscription that checks images, counts them and hands on the usable ones.

    Args:
        node: that subscribes.
        name: `visible` or `thermal`.
        transport: `raw` or `compressed`.
        take: called with this camera and each usable image, whose fields are those of sensor_msgs/Image.
        refuse: called with the reason for which an image is not usable.
    """

    def __init__(
        self,
        node: Node,
        name: str,
        transport: str,
        take: Callable[["Camera", Any], None],
        refuse: Callable[[str], None],
    ) -> None:
        self.name = name
        self.filter = SimpleFilter()
        """Where the synchroniser listens; the owner replaces it with the synchroniser."""
        self.offset = 0
        """Nanoseconds to add to stamps."""
        self.received = 0
        self.refusal = ""
        """Why the newest image was not usable; empty when it was."""
        self.alone: list[float] = []
        """When its first images since the newest one of the other camera came; for the owner to keep."""
        self.set_back = False
        """Whether the newest image's stamp lies before its predecessor's by more than SET_BACK."""
        self.frame_id = ""
        self.stamp = 0
        """Nanoseconds, of the newest usable image."""
        self._node, self._take, self._refuse = node, take, refuse
        self._encodings = encodings.ENCODINGS[name]
        self._health = CameraHealth(thermal=name == "thermal")
        self._late = 0.0  # s, of the newest image's stamp when it came
        self._newest: Any = None  # until it is inspected
        self._began = time.monotonic()
        topic = f"/{name}/image_raw"
        if transport == "compressed":
            topic = node.resolve_topic_name(topic) + "/compressed"  # remapped as raw images are
        self._subscription: Subscription = node.create_subscription(
            CompressedImage if transport == "compressed" else Image,
            topic,
            self._receive,
            qos_profile_sensor_data,
            qos_overriding_options=OVERRIDABLE,
        )
        self.topic = self._subscription.topic_name

    def destroy(self) -> None:
        """Leave the topic."""
        self._node.destroy_subscription(self._subscription)

    def array(self, image: Any) -> Any:
        """A usable image as an array that `Fuser` takes."""
        return encodings.camera_array(image, self.name)

    # How it fares ---------------------------------------------------------------------------------------------------

    @property
    def age(self) -> float:
        """Seconds since the last usable image; -1 before the first."""
        return self._health.age(time.monotonic())

    @property
    def rate(self) -> float:
        """Usable images a second of late."""
        return self._health.rate(time.monotonic())

    @property
    def gap(self) -> float:
        """Longest seconds without a usable image of late."""
        return self._health.gap(time.monotonic())

    def silent(self, timeout: float) -> bool:
        """Whether no usable image came for so many seconds, counted from the subscription before the first."""
        age = self.age
        return (age if age >= 0 else time.monotonic() - self._began) > timeout

    def inspect(self, frozen_after: float) -> None:
        """Look at the newest image, if one came since the last call; see CameraHealth.inspect."""
        image, self._newest = self._newest, None
        if image is None:
            return
        pixels = self.array(image) if self.name == "visible" else encodings.pixels(image)
        self._health.inspect(pixels, time.monotonic(), frozen_after)

    @property
    def fault(self) -> Fault | None:
        """What is wrong with the images that come: their looks first, then their stamps."""
        late = self._late
        if self._health.fault or -AHEAD <= late <= BEHIND:
            return self._health.fault
        if late < 0:
            return Fault("stamps", f"stamps are {-late:.1f} s ahead of this machine's clock: synchronise the clocks")
        advice = "synchronise the clocks, or use_sim_time with a recording's --clock"
        return Fault("stamps", f"stamps are {late:.1f} s old: {advice}")

    def why_silent(self) -> str:
        """Why no usable image comes, and what to do."""
        reason = self.refusal or why_silent(self._node, self._subscription)
        return f"no {'usable ' if self.refusal else ''}{self.name} image on {self.topic}: {reason}"

    # Images -------------------------------------------------------------------------------------------------------

    def _receive(self, message: Image | CompressedImage) -> None:
        try:
            if not stamp_ns(message):
                raise encodings.ImageError(
                    "its stamp is zero: the driver must stamp images, to tell which belong together"
                )
            if isinstance(message, CompressedImage):
                message = compressed.decode(message)
            encodings.check_message(message, self._encodings)
        except encodings.ImageError as error:
            self.refusal = str(error)
            self._refuse(f"{self.name} image: {error}")
            return
        if self.offset:
            message.header.stamp = Time(nanoseconds=max(0, stamp_ns(message) + self.offset)).to_msg()
        stamp = stamp_ns(message)
        self.set_back = self.stamp - stamp > SET_BACK
        self.stamp, self.frame_id, self.refusal = stamp, message.header.frame_id, ""
        self.received += 1
        self._newest = message
        now = self._node.get_clock().now().nanoseconds
        self._late = (now - stamp) / 1e9 if now else 0.0  # 0 before the first /clock
        self._health.arrived(time.monotonic())
        self._take(self, message)
