"""`textfuse demo` as make runs it, shorter."""

import cv2
import pytest

from ros2_textfuse.imaging.drawing import CAPTION, PANEL
from tests.end_to_end.test_command import textfuse
from tests.helpers.campaign import campaign

SECONDS = 6


def test_demo_writes_a_video_and_a_contact_sheet(graph, tmp_path):
    pytest.importorskip("ultralytics", reason="ultralytics is not installed")
    ended = textfuse("demo", "--seconds", str(SECONDS), "--out", str(tmp_path / "out"))
    assert ended.returncode == 0, ended.stderr
    assert "simulated" in ended.stdout and "repairing low_light" in ended.stdout
    video = cv2.VideoCapture(str(tmp_path / "out" / "demo.mp4"))
    # How many more is the machine's matter: a very busy one detects once a second.
    assert video.get(cv2.CAP_PROP_FRAME_COUNT) > SECONDS / 2
    sheet = cv2.imread(str(tmp_path / "out" / "demo.png"))
    # A row before and a row after the new prompt; that they brighten is test_stream's to see, on a still scene.
    assert sheet.shape == (2 * (PANEL[1] + CAPTION), 3 * PANEL[0], 3)


@campaign
def test_demo_of_a_bag(graph, bag, tmp_path):
    pytest.importorskip("ultralytics", reason="ultralytics is not installed")
    ended = textfuse(
        "demo", "--bag", bag, "--seconds", "4", "--prompt", "fog everywhere", "--out", str(tmp_path / "out")
    )
    assert ended.returncode == 0, ended.stderr
    assert "simulated" not in ended.stdout and "repairing haze" in ended.stdout
    assert (tmp_path / "out" / "demo.png").is_file()
