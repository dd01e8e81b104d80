"""Where rclpy differs between Humble, Jazzy, Kilted and Lyrical."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import rclpy

try:
    from rclpy.event_handler import PublisherEventCallbacks, SubscriptionEventCallbacks
except ImportError:  # Humble
    from rclpy.qos_event import PublisherEventCallbacks, SubscriptionEventCallbacks

__all__ = ["PublisherEventCallbacks", "SubscriptionEventCallbacks", "rclpy_running"]


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
