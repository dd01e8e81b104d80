"""The examples run."""

import ast
import runpy
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"


def test_fuse_images(tmp_path):
    rng = np.random.default_rng(0)
    for folder in ("rgb", "lwir"):
        (tmp_path / folder).mkdir()
    for name in ("a", "b"):
        cv2.imwrite(str(tmp_path / "rgb" / f"{name}.png"), rng.integers(0, 256, (48, 64, 3), dtype=np.uint8))
        cv2.imwrite(str(tmp_path / "lwir" / f"{name}.png"), rng.integers(28000, 31000, (48, 64), dtype=np.uint16))
    cv2.imwrite(str(tmp_path / "rgb" / "single.png"), np.zeros((48, 64, 3), np.uint8))
    command = [sys.executable, EXAMPLES / "fuse_images.py", "rgb", "lwir", "fused"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "single.png: no thermal image" in result.stdout and "fused on" in result.stdout
    fused = {path.name: cv2.imread(str(path)) for path in (tmp_path / "fused").iterdir()}
    assert fused.keys() == {"a.png", "b.png"}
    assert fused["a.png"].shape == (48, 64, 3) and (fused["a.png"] != fused["b.png"]).any()


def test_camera_driver():
    rclpy = pytest.importorskip("rclpy", reason="ROS 2 is not installed")
    from rclpy.executors import SingleThreadedExecutor
    from rclpy.qos import qos_profile_sensor_data
    from sensor_msgs.msg import Image

    from ros2_textfuse.imaging.encodings import THERMAL_ENCODINGS, check_message, thermal_array

    driver = runpy.run_path(str(EXAMPLES / "camera_driver.py"))["Driver"]
    context = rclpy.Context()
    rclpy.init(args=["--ros-args", "-p", "rate:=50.0", "-r", "image_raw:=/thermal/image_raw"], context=context)
    node = driver(context=context)
    seen = []
    node.create_subscription(Image, "/thermal/image_raw", seen.append, qos_profile_sensor_data)
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)
    deadline = time.monotonic() + 20
    while len(seen) < 2 and time.monotonic() < deadline:
        executor.spin_once(timeout_sec=0.1)
    executor.shutdown()
    node.destroy_node()
    rclpy.shutdown(context=context)

    check_message(seen[0], THERMAL_ENCODINGS)
    counts = thermal_array(seen[0])
    assert counts.dtype == np.uint16 and counts.shape == (120, 160) and 30000 < counts.max() <= 31000
    assert seen[0].header.stamp.sec + seen[0].header.stamp.nanosec > 0


def test_two_rigs_gives_arguments_that_the_launch_file_has():
    """Statically, since launch comes with a distribution only."""
    example = ast.parse((EXAMPLES / "two_rigs.launch.py").read_text())
    given = next(
        {key.value for key in node.keys}
        for node in ast.walk(example)
        if isinstance(node, ast.Dict) and any(getattr(key, "value", "") == "namespace" for key in node.keys)
    )
    launch_file = ast.parse((ROOT / "launch" / "fusion.launch.py").read_text())
    names = {node.value for node in ast.walk(launch_file) if isinstance(node, ast.Constant)}
    assert given == {"namespace", "visible", "thermal", "calibration"} and given <= names


def test_two_rigs_describes_two_graphs():
    launch = pytest.importorskip("launch", reason="launch comes with a ROS distribution")
    pytest.importorskip("launch_ros", reason="launch_ros comes with a ROS distribution")
    describe = runpy.run_path(str(EXAMPLES / "two_rigs.launch.py"))["generate_launch_description"]
    included = [e for e in describe().entities if isinstance(e, launch.actions.IncludeLaunchDescription)]
    assert len(included) == 2
