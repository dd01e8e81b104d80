"""What the demo says while it runs."""

import statistics
import time
from collections import Counter, deque
from types import SimpleNamespace

import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")

from textfuse.msg import FusionStatus

from ros2_textfuse.demo import monitor


def test_an_image_that_comes_while_the_line_is_made_does_not_end_the_demo(monkeypatch):
    """The executor's thread appends while this one reads."""
    node = SimpleNamespace(_recent=deque([(time.monotonic() + 60, 5.0)] * 3), _found=Counter(), _status=FusionStatus())
    median = statistics.median

    def slow(values):
        values = iter(values)
        first = next(values)
        node._recent.append((time.monotonic() + 60, 7.0))
        return median([first, *values])

    monkeypatch.setattr(monitor.statistics, "median", slow)
    assert "latency   5.0 ms" in monitor.Monitor.live_line(node)
