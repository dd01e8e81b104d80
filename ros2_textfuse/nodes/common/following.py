"""A subscription that asks for what the publishers offer."""

import time
from collections.abc import Callable
from typing import Any

from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.qos import QoSPolicyKind, QoSProfile, ReliabilityPolicy
from rclpy.qos_overriding_options import QoSOverridingOptions
from rclpy.subscription import Subscription

from ros2_textfuse.nodes.common.compat import SubscriptionEventCallbacks
from ros2_textfuse.nodes.common.qos import OVERRIDABLE
from ros2_textfuse.nodes.common.topic_checks import name_of, type_name

DEPTH = 5  # images, as of rclpy's profile for sensor data
PERIOD = 0.2  # s, between two looks at who publishes
SHARED = 25.0  # s that a topic has several publishers before it is said: one that was killed is listed for 20 s yet
BUT_RELIABILITY = QoSOverridingOptions(
    tuple(kind for kind in OVERRIDABLE.policy_kinds if kind != QoSPolicyKind.RELIABILITY)
)


class FollowingSubscription:
    """Subscribes reliably where every publisher of the topic is reliable, and best effort otherwise.

    A camera driver without a DDS profile for images loses half of them to a best-effort subscriber on the same machine
    and none to a reliable one; a best-effort driver reaches no reliable subscriber at all. So the subscription is made
    anew when publishers come and go and the answer changes. Where reliable and best-effort ones share a topic, best
    effort hears both. A reliability that the user gave in `qos_overrides` stays.

    Several publishers that stay are named in the log: images of two drivers, or of a player that was started twice,
    make pairs of what does not belong together.

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
        self._shared_since, self._shared_told = 0.0, False  # since when there are several publishers; 0 for never
        self.reliable = not self._given
        """Whether it asks for reliable delivery; of no meaning where the user did."""
        self.subscription: Subscription = self._subscribe()
        # By a clock that goes on: a simulation that stands still has publishers as well.
        clock = Clock(clock_type=ClockType.STEADY_TIME)
        self._timer = node.create_timer(PERIOD, self._look, clock=clock)

    def destroy(self) -> None:
        """Leave the topic."""
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

    def _look(self) -> None:
        kind = type_name(self._kind)
        there = self._node.get_publishers_info_by_topic(self._topic)
        publishers = [publisher for publisher in there if publisher.topic_type == kind]
        self._name_several(publishers)
        if not self._given:
            self._follow(publishers)

    def _name_several(self, publishers: list[Any]) -> None:
        now = time.monotonic()
        if len(publishers) < 2:
            self._shared_since, self._shared_told = 0.0, False
        elif not self._shared_since:
            self._shared_since = now
        elif now - self._shared_since >= SHARED and not self._shared_told:
            self._shared_told = True
            self._node.get_logger().warning(
                f"{len(publishers)} nodes publish on {self._topic}: {', '.join(map(name_of, publishers))}; if all of "
                "them send images, end all but one, or give each a topic of its own"
            )

    def _follow(self, publishers: list[Any]) -> None:
        offered = [publisher.qos_profile.reliability == ReliabilityPolicy.RELIABLE for publisher in publishers]
        if not offered or all(offered) == self.reliable:  # nobody there: whoever comes is met as the last one was
            return
        self.reliable = all(offered)
        self._node.destroy_subscription(self.subscription)
        self.subscription = self._subscribe()
        self._node.get_logger().info(
            f"{self._topic} is offered {'reliably' if self.reliable else 'best effort'}: subscribed to it so"
        )
