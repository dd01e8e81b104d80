"""The demo's video and sheet."""

import resource
import subprocess
import sys

import cv2
import numpy as np
import pytest

from ros2_textfuse.demo.side_by_side import SideBySide
from ros2_textfuse.imaging.drawing import CAPTION, PANEL

COLOUR = np.zeros((48, 64, 3), np.uint8)
FULL = """
import sys, pathlib, numpy as np
from ros2_textfuse.demo.side_by_side import SideBySide
recorder = SideBySide(pathlib.Path(sys.argv[1]), 15.0, False)
random = np.random.default_rng(0)
for _ in range(20):
    noise = random.integers(0, 255, (360, 480, 3), np.uint8)
    recorder.add(noise, noise[..., 0], noise, "")
try:
    recorder.close()
except OSError as error:
    sys.exit(str(error))
"""


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
    """OpenCV's writer says nothing; the process may write files of 100 kB."""
    limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))  # noqa: E731
    command = [sys.executable, "-c", FULL, str(tmp_path / "demo.mp4")]
    ended = subprocess.run(command, preexec_fn=limit, capture_output=True, text=True, check=False)
    assert ended.returncode == 1 and "is the disk full?" in ended.stderr
    assert not (tmp_path / "demo.mp4").exists()
