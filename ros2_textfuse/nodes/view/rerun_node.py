"""What a graph that runs publishes, logged for the Rerun viewer."""

from functools import partial
from typing import Any

import numpy as np
from rclpy.context import Context
from rclpy.node import Node
from sensor_msgs.msg import Image
from textfuse.msg import FusionStatus

from ros2_textfuse.imaging import encodings
from ros2_textfuse.nodes.common.detection_messages import Detection2DArray
from ros2_textfuse.nodes.common.following import FollowingSubscription
from ros2_textfuse.nodes.common.logs import LOG_PERIOD
from ros2_textfuse.nodes.common.streams import TOPICS
from ros2_textfuse.nodes.view.messages import boxes
from ros2_textfuse.sync.pairing import stamp_ns
from ros2_textfuse.view.rerun_file import QUALITY

TEXTS = ("state", "message", "prompt", "scene")  # of the status, logged when they change


class RerunNode(Node):
    """Logs images, boxes and the status on the timeline `stamp`.

    Args:
        stream: a rerun.RecordingStream that goes to a file or a viewer.
        rerun: the module.
        namespace: of the graph.
        context: of the node.
    """

    def __init__(self, stream: Any, rerun: Any, namespace: str, context: Context) -> None:
        super().__init__("rerun", namespace=namespace, context=context)
        self._stream, self._rerun = stream, rerun
        self._said: dict[str, str] = {}
        self.frames = 0
        """Fused images that were logged."""
        for name, topic in TOPICS.items():
            FollowingSubscription(self, Image, topic, partial(self._take_image, name))
        self.create_subscription(Detection2DArray, "detections", self._take_boxes, 10)
        self.create_subscription(FusionStatus, "status", self._take_status, 10)

    def _at(self, message: Any) -> None:
        self._stream.set_time("stamp", timestamp=np.datetime64(stamp_ns(message), "ns"))

    def _take_image(self, name: str, message: Image) -> None:
        try:
            encodings.check_message(message, encodings.VISIBLE_ENCODINGS)
        except encodings.ImageError as error:
            self.get_logger().warning(f"rejected {name} image: {error}", throttle_duration_sec=LOG_PERIOD)
            return
        self._at(message)
        pixels = encodings.visible_array(message)
        self._stream.log(name, self._rerun.Image(pixels).compress(jpeg_quality=QUALITY))
        self.frames += name == "fused"

    def _take_boxes(self, message: Detection2DArray) -> None:
        self._at(message)
        found = boxes(message)
        centres, sizes = [one["box"][:2] for one in found], [one["box"][2:] for one in found]
        labels = [f"{one['name']} {one['score']:.0%}" for one in found]
        self._stream.log("fused/boxes", self._rerun.Boxes2D(centers=centres, sizes=sizes, labels=labels))

    def _take_status(self, message: FusionStatus) -> None:
        self._at(message)
        self._stream.log("balance", self._rerun.Scalars([message.balance]))
        for name in TEXTS:
            text = getattr(message, name)
            if self._said.get(name) != text:
                self._said[name] = text
                self._stream.log(name, self._rerun.TextLog(text))
