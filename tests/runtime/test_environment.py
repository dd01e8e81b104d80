"""What a process needs in its environment before it imports rclpy."""

import os
import subprocess
import sys

import pytest


def test_ros_starts_without_a_home():
    pytest.importorskip("rclpy", reason="ROS 2 is not installed")
    code = (
        "from ros2_textfuse.runtime import environment; environment.prepare(); "
        "import rclpy; rclpy.init(args=[]); rclpy.shutdown()"
    )
    variables = {name: value for name, value in os.environ.items() if name not in ("HOME", "ROS_HOME", "ROS_LOG_DIR")}
    ended = subprocess.run([sys.executable, "-c", code], env=variables, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0, ended.stderr
