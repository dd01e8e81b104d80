"""The detection node's boxes, for the parts of the fusion node that use them."""

from collections.abc import Callable
from typing import Any

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
        if bool(self._takers) != (self._subscription is not None):
            self._listen()

    def outline(self, take: Callable[[DetectionOutlines], None] | None) -> None:
        """Pass the outlines of detections on from now on; no more with None."""
        self._outlines = self._renewed(self._outlines, DetectionOutlines, "detections/outlines", take)
        self._listen()

    def candidates(self, take: Take | None) -> None:
        """Pass what was detected faintly on from now on; no more with None."""
        self._candidates = self._renewed(self._candidates, Detection2DArray, "detections/candidates", take)
        self._listen()

    def sent(self) -> bool:
        """Whether anybody publishes detections."""
        return bool(self._node.count_publishers(self.topic))

    def _listen(self) -> None:
        """Subscribe anew where anybody takes detections.

        rclpy serves subscriptions in the order in which they were made, and outlines and candidates belong to the
        detections that come after them.
        """
        take = self._receive if self._takers else None
        self._subscription = self._renewed(self._subscription, Detection2DArray, "detections", take)

    def _renewed(
        self, old: Subscription | None, kind: type[Any], topic: str, take: Callable[[Any], None] | None
    ) -> Subscription | None:
        if old is not None:
            self._node.destroy_subscription(old)
        return self._node.create_subscription(kind, topic, take, 10) if take else None

    def _receive(self, message: Detection2DArray) -> None:
        if message.detections and message.detections[0].header.stamp != message.header.stamp:
            return  # tracks, carried from a message that was passed on before
        for take in self._takers:
            take(message)
