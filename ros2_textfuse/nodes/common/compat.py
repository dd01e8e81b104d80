"""Where rclpy differs between Humble, Jazzy, Kilted and Lyrical."""

import functools
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import rclpy
from rclpy.lifecycle import LifecycleNode as _LifecycleNode
from rclpy.lifecycle import LifecycleState, TransitionCallbackReturn

try:
    from rclpy.event_handler import PublisherEventCallbacks, SubscriptionEventCallbacks
except ImportError:  # Humble
    from rclpy.qos_event import PublisherEventCallbacks, SubscriptionEventCallbacks

__all__ = ["LifecycleNode", "PublisherEventCallbacks", "SubscriptionEventCallbacks", "rclpy_running", "told"]

NodeType = TypeVar("NodeType", bound=_LifecycleNode)
Transition = Callable[[NodeType, LifecycleState], TransitionCallbackReturn]


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


def told(transition: Transition[NodeType]) -> Transition[NodeType]:
    """Log what a transition callback raises; rclpy makes an ERROR of it and drops it without a word."""

    @functools.wraps(transition)
    def telling(self: NodeType, state: LifecycleState) -> TransitionCallbackReturn:
        try:
            return transition(self, state)
        except Exception:
            self.get_logger().error(f"{transition.__name__} broke off: {traceback.format_exc()}")
            raise

    return telling
