"""Nothing speaks to the outside: the libraries' usage reports stay off, with every engine of this machine."""

import os
import subprocess
import sys

import pytest

from ros2_textfuse.detection.weights import WeightsError, find_weights

# Python runs sitecustomize before anything else, and tells an audit hook of each look-up and connection.
WATCH = """
import os, sys
def note(event, arguments):
    if event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.connect"):
        os.write(2, f"OUTSIDE {event} {arguments!r}\\n".encode())
sys.addaudithook(note)
"""
USE = """
import logging, sys
from ros2_textfuse import Fuser
Fuser(engine="openvino").prepare(64, 64)
if len(sys.argv) > 1:
    from ros2_textfuse.detection.detector import Detector
    Detector(sys.argv[1], engine="openvino", image_size=(64, 64))
    import ultralytics
    print("sync:", ultralytics.settings["sync"])
"""


def test_nobody_is_told(tmp_path):
    """From an empty home and cache: engines are built, not only loaded."""
    pytest.importorskip("openvino", reason="openvino is not installed")
    try:
        weights = [str(find_weights())]
        pytest.importorskip("ultralytics")
    except (WeightsError, pytest.skip.Exception):
        weights = []
    (tmp_path / "watch").mkdir()
    (tmp_path / "watch" / "sitecustomize.py").write_text(WATCH)
    home = tmp_path / "home"
    home.mkdir()
    cache = str(tmp_path / "cache")
    variables = {"HOME": str(home), "TEXTFUSE_CACHE": cache, "PYTHONPATH": str(tmp_path / "watch")}
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "YOLO_"))}
    ended = subprocess.run(
        [sys.executable, "-c", USE, *weights], env=kept | variables, cwd=tmp_path, capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stderr
    assert "OUTSIDE" not in ended.stderr
    assert not list(home.rglob("*"))
    assert not weights or "sync: False" in ended.stdout
