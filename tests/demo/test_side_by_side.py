"""The demo's video and sheet."""

import subprocess
import sys

import cv2
import numpy as np
import pytest

from ros2_textfuse.demo.side_by_side import SideBySide
from ros2_textfuse.imaging.drawing import CAPTION, PANEL
from tests.helpers.full_disk import full_disk

COLOUR = np.zeros((48, 64, 3), np.uint8)


def test_a_video_and_a_sheet(tmp_path):
    recorder = SideBySide(tmp_path / "demo.mp4", 15.0, simulated=True)
    for prompt in ("", "dark"):
        recorder.add(
            np.zeros((48, 64, 3), np.uint8), np.zeros((48, 64), np.uint8), np.zeros((48, 64, 3), np.uint8), prompt
        )
    recorder.close()
    assert recorder.write_sheet(tmp_path / "demo.png")
    assert cv2.VideoCapture(str(tmp_path / "demo.mp4")).get(cv2.CAP_PROP_FRAME_COUNT) == 2
    assert cv2.imread(str(tmp_path / "demo.png")).shape == (2 * (PANEL[1] + CAPTION), 3 * PANEL[0], 3)


def test_a_video_without_frames_is_removed(tmp_path):
    SideBySide(tmp_path / "demo.mp4", 15.0, simulated=False).close()
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(OSError, match="cannot be written"):
        SideBySide(tmp_path / "nowhere" / "demo.mp4", 15.0, simulated=False)


def test_a_disk_that_is_full_is_named_as_such(tmp_path):
    """OpenCV's writer says nothing."""
    recorder, random = SideBySide(tmp_path / "demo.mp4", 15.0, simulated=False), np.random.default_rng(0)
    with full_disk(100_000):
        for _ in range(20):
            noise = random.integers(0, 255, (360, 480, 3), np.uint8)
            recorder.add(noise, noise[..., 0], noise, "")
        with pytest.raises(OSError, match="is the disk full"):
            recorder.close()
    assert not (tmp_path / "demo.mp4").exists()


def test_a_demo_on_a_disk_that_is_full_says_so_in_one_line(tmp_path):
    """In a process of its own: OpenCV would say so of each frame, and reads when it is imported whether it may."""
    command = [sys.executable, "-m", "ros2_textfuse.cli", "demo", "--out", str(tmp_path)]
    with full_disk(100_000):  # inherited
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    (said,) = ended.stderr.splitlines()
    assert said.startswith("textfuse demo: ") and "is the disk full?" in said
    assert not any(path.is_file() for path in tmp_path.rglob("*"))
