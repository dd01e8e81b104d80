"""One camera of the fusion node: its topic, its offset and timeout, what came from it, and how it fares."""

import time
from collections.abc import Callable
from typing import Any

from rclpy.node import Node
from sensor_msgs.msg import CompressedImage, Image

from ros2_textfuse.imaging import encodings
from ros2_textfuse.imaging.camera_health import AHEAD, BEHIND, STAMPS, CameraHealth, Fault
from ros2_textfuse.imaging.outside_text import shown
from ros2_textfuse.nodes.common.following import FollowingSubscription
from ros2_textfuse.nodes.common.topic_checks import why_silent
from ros2_textfuse.nodes.fusion.state import CameraReport
from ros2_textfuse.sync.camera_input import CameraInput
from ros2_textfuse.sync.pairing import Stamped, stamp_ns
from ros2_textfuse.sync.stamp_gaps import StampGaps

LONGEST_FRAME_ID = 255  # characters; it goes into every header of what is published


class Camera(CameraInput):
    """A subscription that checks images, counts them and hands on the usable ones.

    Args:
        node: that subscribes.
        name: `visible` or `thermal`.
        transport: `raw` or `compressed`.
        take: called with this camera and each usable image, under its stamp with the offset.
        refuse: called with the reason for which an image is not usable.
    """

    def __init__(
        self,
        node: Node,
        name: str,
        transport: str,
        take: Callable[["Camera", Stamped[Any]], None],
        refuse: Callable[[str], None],
    ) -> None:
        super().__init__(name)
        self.timeout = 1.0
        """Seconds without a usable image, or with the same one, after which the camera is silent, or frozen."""
        self.max_missing_share = 1.0
        """Of its images of late, above which it is said that they never come."""
        self.received = 0
        self._refusal = ""
        self.frame_id = ""
        """Of the newest usable image."""
        self._stamp = 0  # ns, of the newest usable image
        self._node, self._take, self._refuse = node, take, refuse
        self._health = CameraHealth(thermal=name == "thermal")
        self._gaps = StampGaps()
        self._late = 0.0  # s, of the newest image's stamp when it came
        self._newest: Stamped[Any] | None = None  # until it is inspected
        self._began = time.monotonic()
        topic = f"/{name}/image_raw"
        if transport == "compressed":
            topic = node.resolve_topic_name(topic) + "/compressed"  # remapped as raw images are
        kind = CompressedImage if transport == "compressed" else Image
        self._following = FollowingSubscription(node, kind, topic, self._receive)
        self.topic = self._following.subscription.topic_name

    def destroy(self) -> None:
        """Leave the topic."""
        self._following.destroy()

    def report(self, unpaired: int) -> CameraReport:
        """How it fares; `unpaired` of its images found no partner."""
        now, fault = time.monotonic(), self._fault()
        return CameraReport(
            name=self.name,
            topic=self.topic,
            fault=fault.text if fault else "",
            rate=self._health.rate(now),
            gap=self._health.gap(now),
            age=self._health.age(now),
            received=self.received,
            unpaired=unpaired,
            frozen=fault is not None and fault.kind == "frozen",
            refusal=self._refusal,
            stamp=self._stamp,
            silence=self._why_silent(now),
            missing=self._gaps.missing,
            missing_share=self._gaps.share,
            loss=self._loss(),
        )

    def inspect(self) -> None:
        """Look at the newest image, if one came since the last call, and at the stamps of all that came."""
        self._gaps.look()
        newest, self._newest = self._newest, None
        if newest is not None:
            pixels = self.array(newest) if self.name == "visible" else encodings.pixels(newest.image)
            self._health.inspect(pixels, time.monotonic(), self.timeout)

    def _receive(self, message: Image | CompressedImage) -> None:
        own_stamp = stamp_ns(message)
        if own_stamp:
            self._gaps.add(own_stamp)  # an image that is refused came all the same
        try:
            if not own_stamp:
                raise encodings.ImageError(
                    "its stamp is zero: the driver must stamp images, to tell which belong together"
                )
            if len(message.header.frame_id) > LONGEST_FRAME_ID:
                raise encodings.ImageError(
                    f"its frame_id '{shown(message.header.frame_id)}' is no name: at most {LONGEST_FRAME_ID} are taken"
                )
            image = self.accept(message, own_stamp)
        except encodings.ImageError as error:
            self._refusal = str(error)
            self._refuse(f"{self.name} image: {error}")
            return
        self._stamp, self.frame_id, self._refusal = image.stamp, message.header.frame_id, ""
        self.received += 1
        self._newest = image
        now = self._node.get_clock().now().nanoseconds
        self._late = (now - image.stamp) / 1e9 if now else 0.0  # 0 before the first /clock
        self._health.arrived(time.monotonic())
        self._take(self, image)

    def _fault(self) -> Fault | None:
        """What is wrong with the images that come: their looks first, then their stamps."""
        late = self._late
        if self._health.fault or -AHEAD <= late <= BEHIND:
            return self._health.fault
        if late < 0:
            return Fault("stamps", f"{STAMPS} {-late:.1f} s ahead of this machine's clock: synchronise the clocks")
        advice = "synchronise the clocks, or use_sim_time with a recording's --clock"
        return Fault("stamps", f"{STAMPS} {late:.1f} s old: {advice}")

    def _loss(self) -> str:
        """That more than max_missing_share of its images never come, and what to do."""
        share, rate = self._gaps.share, self._gaps.rate
        if share <= self.max_missing_share:
            return ""
        cure = (
            "the link or this machine is too slow for them: send fewer, smaller or compressed ones"
            if self._following.reliable
            else "they come best effort: let the driver offer reliable delivery, or start it with a DDS profile that "
            "has room for images (config/fastdds.xml)"
        )
        return f"by their stamps, {(1 - share) * rate:.0f} of {rate:.0f} images a second come; {cure}"

    def _why_silent(self, now: float) -> str:
        """Why no usable image comes, and what to do; empty while some come, or the first may still be on its way."""
        age = self._health.age(now)
        if (age if age >= 0 else now - self._began) <= self.timeout:
            return ""
        reason = self._refusal or why_silent(self._node, self._following.subscription)
        return f"no {'usable ' if self._refusal else ''}{self.name} image on {self.topic}: {reason}"
