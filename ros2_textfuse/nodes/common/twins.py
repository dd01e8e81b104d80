"""A second node of the same name, which publishes everything twice."""

from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.subscription import Subscription

LOG_PERIOD = 5.0  # s, between two lines about it
LISTEN = 4  # own messages, after which enough was heard


class TwinWatch:
    """Looks whether another living node publishes on a topic that belongs to this one.

    Publishers are counted; but a node that was killed is counted for a while yet, so a topic that seems to have
    several is listened to: more messages than this node's own come from another.

    Args:
        node: that publishes.
        publisher: of a small message that is published again and again.
    """

    def __init__(self, node: Node, publisher: Publisher) -> None:
        self.warning = ""
        """Who publishes beside this node, and what to do; empty when nobody does."""
        self._node, self._publisher = node, publisher
        self._subscription: Subscription | None = None
        self._sent = self._heard = 0

    def destroy(self) -> None:
        """Leave the topic."""
        if self._subscription is not None:
            self._node.destroy_subscription(self._subscription)
            self._subscription = None

    def published(self) -> None:
        """To be called with every message that this node publishes there, and before it."""
        topic = self._publisher.topic_name
        if self._node.count_publishers(topic) < 2:
            self.destroy()
            self.warning = ""
            return
        if self._subscription is None:
            self._sent = self._heard = 0
            self._subscription = self._node.create_subscription(self._publisher.msg_type, topic, self._hear, 20)
        elif self._sent == LISTEN:
            self._judge()
            self._sent = self._heard = 0
        self._sent += 1

    def _hear(self, _: object) -> None:
        self._heard += 1

    def _judge(self) -> None:
        if self._heard < 1.5 * self._sent:
            self.warning = ""
            return
        topic = self._publisher.topic_name
        names = [
            f"{info.node_namespace.rstrip('/')}/{info.node_name}"
            for info in self._node.get_publishers_info_by_topic(topic)
        ]
        self.warning = (
            f"{len(names)} nodes publish here: {', '.join(names)}; every image comes more than once: end one of "
            "them, or give it another namespace"
        )
        self._node.get_logger().warning(self.warning, throttle_duration_sec=LOG_PERIOD)
