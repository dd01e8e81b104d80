"""The detection node's boxes, for the parts of the fusion node that use them."""

from collections.abc import Callable

from rclpy.node import Node
from rclpy.subscription import Subscription
from textfuse.msg import DetectionOutlines

from ros2_textfuse.nodes.common.detection_messages import Detection2DArray

Take = Callable[[Detection2DArray], None]


class DetectionListener:
    """One subscription to `detections`, only while somebody needs it, since a detector works for its subscribers.

    All calls are made in the executor's thread.

    Args:
        node: that subscribes.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self.topic = node.resolve_topic_name("detections")
        self._takers: list[Take] = []
        self._subscription: Subscription | None = None
        self._outlines: Subscription | None = None
        self._candidates: Subscription | None = None

    def follow(self, take: Take, wanted: bool) -> None:
        """Pass messages on from now on, or no more.

        Args:
            take: called with each message.
            wanted: whether it is to be.
        """
        self._takers = [taker for taker in self._takers if taker != take] + [take] * wanted
        if self._takers and self._subscription is None:
            self._subscription = self._node.create_subscription(Detection2DArray, "detections", self._receive, 10)
        elif not self._takers and self._subscription is not None:
            self._node.destroy_subscription(self._subscription)
            self._subscription = None

    def outline(self, take: Callable[[DetectionOutlines], None] | None) -> None:
        """Pass the outlines of detections on from now on; no more with None."""
        if self._outlines is not None:
            self._node.destroy_subscription(self._outlines)
            self._outlines = None
        if take:
            self._outlines = self._node.create_subscription(DetectionOutlines, "detections/outlines", take, 10)

    def candidates(self, take: Take | None) -> None:
        """Pass what was detected faintly on from now on; no more with None."""
        if self._candidates is not None:
            self._node.destroy_subscription(self._candidates)
            self._candidates = None
        if take:
            self._candidates = self._node.create_subscription(Detection2DArray, "detections/candidates", take, 10)

    def sent(self) -> bool:
        """Whether anybody publishes detections."""
        return bool(self._node.count_publishers(self.topic))

    def _receive(self, message: Detection2DArray) -> None:
        if message.detections and message.detections[0].header.stamp != message.header.stamp:
            return  # tracks, carried from a message that was passed on before
        for take in self._takers:
            take(message)
