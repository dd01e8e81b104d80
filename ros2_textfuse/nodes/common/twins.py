"""A second node of the same name, which publishes everything twice."""

from typing import Any

from rclpy.node import Node
from rclpy.subscription import Subscription

from ros2_textfuse.nodes.common.logs import LOG_PERIOD
from ros2_textfuse.nodes.common.topic_checks import name_of

STATUSES = 4  # of one node, after which enough was heard of a status topic
FRAMES = 40  # the same of a topic with a message for each frame, ten of which may come at once after they had to wait
MANY = 1.5  # times what one node sends, from which on another must send as well
DEPTH = 100  # messages that may wait while the executor is busy


class TwinWatch:
    """Looks whether two living nodes publish on a topic that belongs to one.

    Publishers are counted; but a node that was killed is counted for a while yet, so a topic that seems to have
    several is listened to: more messages than one node sends come from another.

    Args:
        node: that looks.
        kind: of the messages.
        topic: on which one node publishes small messages, again and again.
        listen: STATUSES or FRAMES.
    """

    def __init__(self, node: Node, kind: type[Any], topic: str, listen: int) -> None:
        self.warning = ""
        """Who publishes there, and what to do; empty when only one node does."""
        self._node, self._kind, self._listen = node, kind, listen
        self._topic = node.resolve_topic_name(topic)
        self._subscription: Subscription | None = None
        self._sent_before = self._heard = 0

    def destroy(self) -> None:
        """Leave the topic."""
        if self._subscription is not None:
            self._node.destroy_subscription(self._subscription)
            self._subscription = None

    def look(self, sent: int) -> None:
        """To be called some times a second, in the executor's thread.

        Args:
            sent: messages that one node has sent there at most, since whenever.
        """
        if self._node.count_publishers(self._topic) < 2:
            self.destroy()
            self.warning = ""
            return
        if self._subscription is None:
            self._subscription = self._node.create_subscription(self._kind, self._topic, self._hear, DEPTH)
        elif sent - self._sent_before < self._listen:
            return
        else:
            self._judge(sent - self._sent_before)
        self._sent_before, self._heard = sent, 0

    def _hear(self, _: object) -> None:
        self._heard += 1

    def _judge(self, sent: int) -> None:
        if self._heard < MANY * sent:
            self.warning = ""
            return
        names = [name_of(publisher) for publisher in self._node.get_publishers_info_by_topic(self._topic)]
        self.warning = (
            f"{len(names)} nodes publish on {self._topic}: {', '.join(names)}; everything comes more than once: end "
            "one of them, or give it another namespace"
        )
        self._node.get_logger().warning(self.warning, throttle_duration_sec=LOG_PERIOD)
