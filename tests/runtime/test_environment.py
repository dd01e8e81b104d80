"""What a process needs in its environment before it imports rclpy."""

import os
import subprocess
import sys

import pytest


@pytest.mark.parametrize("home", [{}, {"HOME": "/proc"}, {"HOME": "/proc", "ROS_HOME": "/dev/null"}], ids=str)
def test_ros_starts_without_a_home_that_can_be_written(home):
    pytest.importorskip("rclpy", reason="ROS 2 is not installed")
    code = (
        "from ros2_textfuse.runtime import environment; environment.prepare(); "
        "import rclpy; rclpy.init(args=[]); rclpy.shutdown()"
    )
    variables = {name: value for name, value in os.environ.items() if name not in ("HOME", "ROS_HOME", "ROS_LOG_DIR")}
    ended = subprocess.run(
        [sys.executable, "-c", code], env={**variables, **home}, capture_output=True, text=True, timeout=60
    )
    assert ended.returncode == 0, ended.stderr
    assert ("ROS cannot write its logs to" in ended.stderr) == bool(home)
