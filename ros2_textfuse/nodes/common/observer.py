"""A node of a program that is no node itself: it listens while the program goes on."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

NodeType = TypeVar("NodeType", bound=Node)


@contextmanager
def observing(make_node: Callable[[Context], NodeType]) -> Iterator[NodeType]:
    """Serve a node's callbacks in a thread of its own for the length of a `with` block.

    Signals stay the program's: rclpy would shut down under the thread that spins.

    Args:
        make_node: makes the node in the context that it is given.
    """
    context = Context()
    rclpy.init(args=[], context=context, signal_handler_options=SignalHandlerOptions.NO)
    try:
        node = make_node(context)
        executor = SingleThreadedExecutor(context=context)
        executor.add_node(node)
        spinning = threading.Thread(target=executor.spin, name=f"{node.get_name()} spinning")
        spinning.start()
        try:
            yield node
        finally:
            executor.shutdown()
            spinning.join()
            node.destroy_node()
    finally:
        rclpy.try_shutdown(context=context)
