"""What the fusion node publishes."""

from typing import Any

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray
from numpy.typing import NDArray
from rclpy.lifecycle import LifecycleNode
from rclpy.qos import QoSProfile
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from std_msgs.msg import Header
from textfuse.msg import FusionStatus

from ros2_textfuse.imaging import compressed, encodings
from ros2_textfuse.nodes.common.compat import PublisherEventCallbacks
from ros2_textfuse.nodes.common.qos import OVERRIDABLE
from ros2_textfuse.nodes.common.topic_checks import why_unserved
from ros2_textfuse.sync.pairing import CAMERAS


class Outputs:
    """The publishers of a lifecycle node, silent while it is inactive.

    Args:
        node: that publishes.
    """

    def __init__(self, node: LifecycleNode) -> None:
        self._node = node
        # A reliable publisher serves reliable and best-effort subscribers alike.
        self._fused = node.create_lifecycle_publisher(
            Image,
            "fused",
            QoSProfile(depth=5),
            qos_overriding_options=OVERRIDABLE,
            event_callbacks=PublisherEventCallbacks(incompatible_qos=self._warn_of_unserved),
        )
        self._aligned = {
            camera: node.create_lifecycle_publisher(Image, f"aligned/{camera}", QoSProfile(depth=5))
            for camera in CAMERAS
        }
        self._jpeg = node.create_lifecycle_publisher(CompressedImage, "fused/compressed", QoSProfile(depth=5))
        self._info = node.create_lifecycle_publisher(CameraInfo, "camera_info", QoSProfile(depth=5))
        self.status = node.create_lifecycle_publisher(FusionStatus, "status", 10)
        self.diagnostics = node.create_lifecycle_publisher(DiagnosticArray, "/diagnostics", 10)

    def destroy(self) -> None:
        """Take the topics back."""
        for publisher in (self._fused, *self._aligned.values(), self._jpeg, self._info, self.status, self.diagnostics):
            self._node.destroy_lifecycle_publisher(publisher)

    def wanted(self) -> bool:
        """Whether anybody listens to the images."""
        publishers = self._fused, self._jpeg, *self._aligned.values()
        return any(publisher.get_subscription_count() for publisher in publishers)

    def publish(self, message: Image, pixels: NDArray[Any], info: CameraInfo | None, jpeg_quality: int) -> None:
        """Publish an image, and what belongs to it where somebody subscribes.

        Args:
            message: rgb8.
            pixels: of the message, uint8 [H, W, 3].
            info: of the camera whose geometry it has; None where it is not known.
            jpeg_quality: 1..100.
        """
        self._fused.publish(message)
        if info:
            self._info.publish(info)
        if self._jpeg.get_subscription_count():
            data = compressed.jpeg(pixels, jpeg_quality)
            self._jpeg.publish(CompressedImage(header=message.header, format=compressed.FORMAT, data=data))

    def publish_aligned(self, header: Header, **images: NDArray[np.uint8]) -> None:
        """Publish what went into a fused image, under its header, where somebody subscribes.

        Args:
            header: of the fused image.
            images: camera -> uint8 RGB [H, W, 3], or uint8 [H, W] of the thermal one, in the fused image's geometry.
        """
        for camera, pixels in images.items():
            if self._aligned[camera].get_subscription_count():
                message = Image(header=header)
                encodings.fill_message(message, pixels, "rgb8" if pixels.ndim == 3 else "mono8")
                self._aligned[camera].publish(message)

    def _warn_of_unserved(self, _: object) -> None:
        if reason := why_unserved(self._node, self._fused):
            self._node.get_logger().warning(reason)
