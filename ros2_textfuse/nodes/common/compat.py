"""Where rclpy differs between Humble, Jazzy, Kilted and Lyrical."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import rclpy
from rclpy.lifecycle import LifecycleNode as _LifecycleNode
from rclpy.lifecycle import TransitionCallbackReturn

try:
    from rclpy.event_handler import PublisherEventCallbacks, SubscriptionEventCallbacks
except ImportError:  # Humble
    from rclpy.qos_event import PublisherEventCallbacks, SubscriptionEventCallbacks

__all__ = ["LifecycleNode", "PublisherEventCallbacks", "SubscriptionEventCallbacks", "rclpy_running"]


@contextmanager
def rclpy_running(**options: Any) -> Iterator[None]:
    """rclpy for as long as the block lasts; `rclpy.init()` itself is a context manager only from Kilted on.

    Args:
        options: of `rclpy.init()`; the process's own arguments are not for ROS unless `args` says so.
    """
    rclpy.init(**{"args": [], **options})
    try:
        yield
    finally:
        rclpy.try_shutdown()


class LifecycleNode(_LifecycleNode):
    """Refuses a transition which its state does not allow. Before Kilted that ended the process."""

    def _LifecycleNodeMixin__change_state(self, transition_id: int) -> TransitionCallbackReturn:
        try:
            return super()._LifecycleNodeMixin__change_state(transition_id)  # type: ignore[misc]
        except RuntimeError as error:  # what a callback raises never gets here
            self.get_logger().error(f"transition {transition_id} is refused: {' '.join(str(error).split())}")
            return TransitionCallbackReturn.ERROR
