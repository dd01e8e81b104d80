"""A subscription that asks for what the publishers offer."""

from collections.abc import Callable
from typing import Any

from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.qos import QoSPolicyKind, QoSProfile, ReliabilityPolicy
from rclpy.qos_overriding_options import QoSOverridingOptions
from rclpy.subscription import Subscription

from ros2_textfuse.nodes.common.compat import SubscriptionEventCallbacks
from ros2_textfuse.nodes.common.qos import OVERRIDABLE
from ros2_textfuse.nodes.common.topic_checks import type_name

DEPTH = 5  # images, as of rclpy's profile for sensor data
PERIOD = 0.2  # s, between two looks at who publishes
BUT_RELIABILITY = QoSOverridingOptions(
    tuple(kind for kind in OVERRIDABLE.policy_kinds if kind != QoSPolicyKind.RELIABILITY)
)


class FollowingSubscription:
    """Subscribes reliably where every publisher of the topic is reliable, and best effort otherwise.

    A camera driver without a DDS profile for images loses half of them to a best-effort subscriber on the same machine
    and none to a reliable one; a best-effort driver reaches no reliable subscriber at all. So the subscription is made
    anew when publishers come and go and the answer changes. Where reliable and best-effort ones share a topic, best
    effort hears both. A reliability that the user gave in `qos_overrides` stays.

    Args:
        node: that subscribes.
        kind: of the messages.
        topic: to subscribe to.
        callback: called with each message.
    """

    def __init__(self, node: Node, kind: type[Any], topic: str, callback: Callable[[Any], None]) -> None:
        self._node, self._kind, self._callback = node, kind, callback
        self._topic = node.resolve_topic_name(topic)
        override = f"qos_overrides.{self._topic}.subscription.reliability"
        # rclpy has no public name for what it was given.
        self._given = override in getattr(node, "_parameter_overrides", {})
        self.reliable = not self._given
        """Whether it asks for reliable delivery; of no meaning where the user did."""
        self.subscription: Subscription = self._subscribe()
        # By a clock that goes on: a simulation that stands still has publishers as well.
        clock = Clock(clock_type=ClockType.STEADY_TIME)
        self._timer = None if self._given else node.create_timer(PERIOD, self._follow, clock=clock)

    def destroy(self) -> None:
        """Leave the topic."""
        if self._timer is not None:
            self._node.destroy_timer(self._timer)
        self._node.destroy_subscription(self.subscription)

    def _subscribe(self) -> Subscription:
        reliability = ReliabilityPolicy.RELIABLE if self.reliable else ReliabilityPolicy.BEST_EFFORT
        return self._node.create_subscription(
            self._kind,
            self._topic,
            self._callback,
            QoSProfile(depth=DEPTH, reliability=reliability),
            qos_overriding_options=OVERRIDABLE if self._given else BUT_RELIABILITY,
            # rclpy's own warns of every best-effort publisher, before it is followed.
            event_callbacks=SubscriptionEventCallbacks(use_default_callbacks=self._given),
        )

    def _follow(self) -> None:
        kind = type_name(self._kind)
        offered = [
            publisher.qos_profile.reliability == ReliabilityPolicy.RELIABLE
            for publisher in self._node.get_publishers_info_by_topic(self._topic)
            if publisher.topic_type == kind
        ]
        if not offered or all(offered) == self.reliable:  # nobody there: whoever comes is met as the last one was
            return
        self.reliable = all(offered)
        self._node.destroy_subscription(self.subscription)
        self.subscription = self._subscribe()
        self._node.get_logger().info(
            f"{self._topic} is offered {'reliably' if self.reliable else 'best effort'}: subscribed to it so"
        )
