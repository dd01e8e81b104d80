"""What the main functions of the nodes share: start, work, end."""

import gc
import logging
import signal
import sys
import threading
from collections.abc import Callable
from typing import TypeVar

import rclpy
from rclpy.exceptions import InvalidParameterTypeException, InvalidParameterValueException, ParameterException
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

from ros2_textfuse.errors import TextfuseError
from ros2_textfuse.nodes.common.parameters import Parameter
from ros2_textfuse.runtime import environment
from ros2_textfuse.runtime.dds_profile import expected_image

INVALID_PARAMETER = InvalidParameterTypeException, InvalidParameterValueException


class StartError(TextfuseError, RuntimeError):
    """A node cannot start; the message names the cause and the cure."""


NodeType = TypeVar("NodeType", bound=Node)


def spin(node: Node, interrupted: threading.Event) -> None:
    """Serve a node's callbacks until an interrupt."""
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    while not interrupted.is_set():
        executor.spin_once(timeout_sec=0.2)  # Python sees a signal only between two waits


def run(
    name: str,
    make_node: Callable[[], NodeType],
    table: tuple[Parameter, ...],
    purpose: str,
    work: Callable[[NodeType, threading.Event], None] = spin,
) -> int:
    """Run a node until it is interrupted.

    Args:
        name: of the executable.
        make_node: creates the node, after rclpy was initialised.
        table: the node's parameters, for --help.
        purpose: one line, for --help.
        work: what the node does; it returns when it is done or the event is set.

    Returns:
        The exit code: 0 after an interrupt, 1 when the node could not start.
    """
    if {"-h", "--help"} & set(sys.argv[1:]):
        print(_help(name, table, purpose))
        return 0
    environment.prepare(expected_image(sys.argv))
    interrupted = threading.Event()
    node = None
    try:
        # rclpy's own signal handlers shut the context down at once, under a worker that still publishes.
        rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
        node = make_node()
        # Python's collector would walk through all that torch and ROS have set up, tens of milliseconds in the middle
        # of an image, again and again.
        gc.collect()
        gc.freeze()
        # An event, since Ctrl-C under `ros2 launch` comes twice, and a second KeyboardInterrupt would break the end.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: interrupted.set())
        work(node, interrupted)
    except KeyboardInterrupt:
        pass
    except (StartError, ValueError, ParameterException, *INVALID_PARAMETER) as error:
        rclpy.logging.get_logger(name).fatal(str(error))
        return 1
    except RuntimeError as error:
        if rclpy.ok():
            raise
        # It could not even be initialised: a parameter file that is missing or no YAML, an unknown --ros-args option.
        print(f"{name}: {' '.join(str(error).split())}", file=sys.stderr)
        return 1
    finally:
        if node is not None:
            node.destroy_node()
        rclpy.try_shutdown()
        # Python gives signals their deadly default back while it ends, and a late second Ctrl-C would find it.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    return 0


def _help(name: str, table: tuple[Parameter, ...], purpose: str) -> str:
    lines = [
        f"{name}: {purpose}",
        "",
        f"usage: {name} [--ros-args -p NAME:=VALUE ... --params-file FILE -r FROM:=TO]",
        "",
        "parameters:",
    ]
    for p in table:
        limits = f"; {p.limits()}" if p.limits() else ""
        lines.append(f"  {p.name} (default {p.default!r}{limits})\n      {p.description}")
    return "\n".join(lines)


class RosLogHandler(logging.Handler):
    """Hands what the core logs to a node's logger, so that it reaches /rosout."""

    def __init__(self, node: Node) -> None:
        super().__init__()
        self._logger = node.get_logger()

    def emit(self, record: logging.LogRecord) -> None:
        """Log one record; rclpy keeps one severity for each line of code, hence the branches."""
        message = record.getMessage()
        if record.levelno >= logging.ERROR:
            self._logger.error(message)
        elif record.levelno >= logging.WARNING:
            self._logger.warning(message)
        else:
            self._logger.info(message)


def forward_logs(node: Node) -> None:
    """Send what the core logs at INFO and above to `node`'s logger."""
    core = logging.getLogger("ros2_textfuse")
    core.setLevel(logging.INFO)
    core.handlers = [RosLogHandler(node)]
    core.propagate = False
