"""/diagnostics of a node that `textfuse up` watches over: how often it was started again, and why."""

import os

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.clock import Clock, ClockType
from rclpy.node import Node

from ros2_textfuse.runtime.supervisor import LAST_END, RESTARTS

PERIOD = 1.0  # s


def report_restarts(node: Node) -> None:
    """Have a node publish an entry `NAME: restarts`, WARN once it was started again; nothing without a supervisor."""
    if RESTARTS not in os.environ:
        return
    count, last_end = int(os.environ[RESTARTS]), os.environ.get(LAST_END, "")
    entry = DiagnosticStatus(
        level=DiagnosticStatus.WARN if count else DiagnosticStatus.OK,
        name=f"{node.get_fully_qualified_name().lstrip('/')}: restarts",
        message=f"started again {count} times; the last time it {last_end}" if count else "never started again",
        hardware_id="textfuse",
        values=[KeyValue(key="restarts", value=str(count)), KeyValue(key="last_end", value=last_end)],
    )
    publisher = node.create_publisher(DiagnosticArray, "/diagnostics", 10)

    def publish() -> None:
        array = DiagnosticArray(status=[entry])
        array.header.stamp = node.get_clock().now().to_msg()
        publisher.publish(array)

    node.create_timer(PERIOD, publish, clock=Clock(clock_type=ClockType.STEADY_TIME))
