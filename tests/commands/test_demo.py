"""How `textfuse demo` ends."""

from contextlib import contextmanager, nullcontext
from types import SimpleNamespace

import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")

from ros2_textfuse import cli
from ros2_textfuse.commands import demo


@pytest.mark.parametrize(
    ("answered", "sheet", "said"),
    [(False, True, "the prompt was not taken"), (True, False, "no images before or after the prompt change")],
)
def test_what_went_wrong_is_said(tmp_path, monkeypatch, capsys, answered, sheet, said):
    nodes = SimpleNamespace(start=lambda *_, **__: None, wait=lambda *_: "http://localhost")
    monkeypatch.setattr(demo, "NodeGraph", lambda out: nullcontext(nodes))
    recorder = SimpleNamespace(close=lambda: None, write_sheet=lambda path: sheet)
    monkeypatch.setattr(demo, "SideBySide", lambda *_: recorder)
    monkeypatch.setattr(demo, "_play", lambda *_: answered)
    monkeypatch.setattr("ros2_textfuse.recordings.simulated_scene.write_videos", lambda *_: ("v.mp4", "t.mp4"))
    monkeypatch.setattr("ros2_textfuse.nodes.common.observer.observing", _watching)
    assert cli.main(["demo", "--out", str(tmp_path)]) == 1
    assert said in capsys.readouterr().err


@contextmanager
def _watching(make):
    yield SimpleNamespace(ready=lambda: True, summary=lambda: "fused 0 images")
