"""What the main functions of the nodes share: start, work, end."""

import gc
import os
import sys
import threading
import traceback
from collections.abc import Callable
from typing import TypeVar

import rclpy
from rclpy.exceptions import InvalidParameterTypeException, InvalidParameterValueException, ParameterException
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions
from rclpy.utilities import remove_ros_args

from ros2_textfuse.errors import TextfuseError
from ros2_textfuse.nodes.common.parameters import Parameter
from ros2_textfuse.nodes.common.restarts import report_restarts
from ros2_textfuse.runtime import environment, interrupts, memory, notify, parent, watchdog
from ros2_textfuse.runtime.dds_profile import expected_image
from ros2_textfuse.runtime.supervisor import REFUSED

INVALID_PARAMETER = InvalidParameterTypeException, InvalidParameterValueException


class StartError(TextfuseError, RuntimeError):
    """A node cannot start; the message names the cause and the cure."""


NodeType = TypeVar("NodeType", bound=Node)


def spin(node: Node, interrupted: threading.Event, alive: Callable[[], bool] = lambda: True) -> None:
    """Serve a node's callbacks until an interrupt, and tell who watches over it that it lives.

    Args:
        node: that is served.
        interrupted: ends it.
        alive: whether its other threads live as well; asked often.
    """
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    heartbeat = notify.Heartbeat()
    try:
        while not interrupted.is_set():
            executor.spin_once(timeout_sec=0.2)  # Python sees a signal only between two waits
            if alive():
                heartbeat.beat()
    finally:
        watchdog.stop()  # who asked this process to end sees to it that it does


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
        work: what the node does; it returns when it is done or the event is set, and raises StartError for what a
            user may cause.

    Returns:
        The exit code: 0 when the work is done or after an interrupt; REFUSED (1) when the node cannot start, for a
        reason that it has logged; 70 (EX_SOFTWARE) after an error that nobody foresaw.
    """
    if {"-h", "--help"} & set(sys.argv[1:]):
        print(_help(name, table, purpose))
        return 0
    interrupted = threading.Event()
    node = None
    try:
        interrupts.on_signal(interrupts.interrupt)
        parent.end_with_parent()
        memory.share_arenas()
        environment.prepare(expected_image(sys.argv))
        # rclpy's own signal handlers shut the context down at once, under a worker that still publishes.
        rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
        if others := remove_ros_args(sys.argv)[1:]:  # ROS passes over what stands before --ros-args
            raise StartError(f"unknown argument {others[0]}: see --help; parameters and remappings go after --ros-args")
        try:
            node = make_node()
        except (ValueError, ParameterException, *INVALID_PARAMETER) as error:  # a parameter's value
            raise StartError(str(error)) from error
        # Python's collector would walk through all that torch and ROS have set up, tens of milliseconds in the middle
        # of an image, again and again.
        memory.give_back()
        gc.freeze()
        # An event, since Ctrl-C under `ros2 launch` comes twice, and a second KeyboardInterrupt would break the end.
        interrupts.on_signal(lambda *_: interrupted.set())
        report_restarts(node)
        notify.notify("READY=1")
        work(node, interrupted)
    except KeyboardInterrupt:
        pass
    except StartError as error:
        rclpy.logging.get_logger(name).fatal(str(error))
        return REFUSED
    except Exception as error:
        if isinstance(error, RuntimeError) and not rclpy.ok():
            # It could not even be initialised: a parameter file that is missing or no YAML, an unknown option.
            print(f"{name}: {' '.join(str(error).split())}", file=sys.stderr)
            return REFUSED
        traceback.print_exc()
        return os.EX_SOFTWARE
    finally:
        # Until the very end: Python gives signals their deadly default back, and a late second Ctrl-C would find it.
        interrupts.ignore()
        if node is not None:
            node.destroy_node()
        rclpy.try_shutdown()
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
