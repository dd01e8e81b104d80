"""What the core logs reaches a node's logger."""

import logging
from types import SimpleNamespace

import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")

from ros2_textfuse.nodes.common.logs import RosLogHandler


def test_a_fault_comes_with_its_place():
    said = []
    core = logging.Logger("a core")
    core.addHandler(RosLogHandler(SimpleNamespace(get_logger=lambda: SimpleNamespace(error=said.append))))
    core.error("%s cannot be read", "a file")
    try:
        raise ZeroDivisionError("an unforeseen reason")
    except ZeroDivisionError:
        core.exception("a fault")
    plain, fault = said
    assert plain == "a file cannot be read"
    assert fault.startswith("a fault\nTraceback") and fault.endswith("ZeroDivisionError: an unforeseen reason")
