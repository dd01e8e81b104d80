"""What a robot does not need may be missing."""

import subprocess
import sys
import textwrap

import pytest


def without(modules, code):
    """Run code in a Python where these modules cannot be imported."""
    blocked = f"import sys\nfor name in {modules!r}: sys.modules[name] = None\n"
    command = [sys.executable, "-c", blocked + textwrap.dedent(code)]
    return subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)


def test_a_gpu_machine_needs_no_openvino_and_modes_no_tokenizers():
    ended = without(
        ["openvino", "tokenizers", "ultralytics", "rosbags", "mcap", "pycocotools", "jinja2", "tqdm"],
        """
        import numpy as np
        from ros2_textfuse import Fuser
        from ros2_textfuse.prompts.text_encoder import EncoderError
        fuser = Fuser()
        fuser.set_prompt(modes=["low_light"])
        fused = fuser.fuse(np.zeros((32, 32, 3), np.uint8), np.zeros((32, 32), np.uint8))
        assert fused.shape == (32, 32, 3) and "eager" in fuser.engine_name
        assert "pip install openvino" in fuser.engine_warning
        try:
            fuser.set_prompt("it is dark")
        except EncoderError as error:
            assert "pip install tokenizers" in str(error), error
        else:
            raise AssertionError("free text without tokenizers")
        """,
    )
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize("node", ["fusion", "detection", "player"])
def test_the_nodes_need_no_library_of_a_development_machine(node):
    pytest.importorskip("rclpy", reason="ROS 2 is not installed")
    modules = ["openvino", "tokenizers", "ultralytics", "pycocotools", "jinja2", "mcap"]
    if node != "player":
        modules += ["rosbags", "tqdm"]
    ended = without(modules, f"import ros2_textfuse.nodes.{node}.node")
    assert ended.returncode == 0, ended.stderr
