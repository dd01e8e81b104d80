"""What the main functions of the nodes share: start, spin, end."""

import logging
import signal
import sys
from collections.abc import Callable
from typing import TypeVar

import rclpy
from rclpy.exceptions import InvalidParameterTypeException, InvalidParameterValueException, ParameterException
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node

from ros2_textfuse import environment
from ros2_textfuse.nodes.parameters import Parameter


class StartError(RuntimeError):
    """A node cannot start; the message names the cause and the cure."""


NodeType = TypeVar("NodeType", bound=Node)


def run(
    name: str,
    make_node: Callable[[], NodeType],
    table: tuple[Parameter, ...],
    purpose: str,
    spin: Callable[[NodeType], None] = rclpy.spin,
) -> int:
    """Run a node until it is interrupted.

    Args:
        name: of the executable.
        make_node: creates the node, after rclpy was initialised.
        table: the node's parameters, for --help.
        purpose: one line, for --help.
        spin: returns when the node's work is done.

    Returns:
        The exit code: 0 after an interrupt, 1 when the node could not start.
    """
    if {"-h", "--help"} & set(sys.argv[1:]):
        print(f"{name}: {purpose}\n\nusage: {name} [--ros-args -p NAME:=VALUE ... --params-file FILE -r FROM:=TO]\n")
        print("parameters:")
        for p in table:
            limits = ", ".join(p.choices) or ("" if p.low is None else f"{p.low:g} .. {p.high:g}")
            print(f"  {p.name} (default {p.default!r}{'; ' + limits if limits else ''})\n      {p.description}")
        return 0
    environment.prepare()
    rclpy.init()
    node = None
    try:
        node = make_node()
        spin(node)
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    except (
        StartError,
        ValueError,
        ParameterException,
        InvalidParameterTypeException,
        InvalidParameterValueException,
    ) as error:
        rclpy.logging.get_logger(name).fatal(str(error))
        return 1
    finally:
        # Ctrl-C under `ros2 launch` comes twice, from the terminal and from launch; once is enough to end in order.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        if node is not None:
            node.destroy_node()
        rclpy.try_shutdown()
    return 0


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
