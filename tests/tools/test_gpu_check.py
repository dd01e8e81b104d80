"""The GPU check, with engines of the CPU standing in."""

import json

import cv2
import pytest

from tools import gpu_check


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    monkeypatch.setenv("TEXTFUSE_CACHE", str(tmp_path / "mine"))


def test_every_engine_is_a_row_and_a_failure_leaves_the_others(tmp_path, capsys):
    arguments = [
        "--models",
        "pico",
        "--engines",
        "eager",
        "warp",
        "--sizes",
        "160x120",
        "--seconds",
        "0",
        "--out",
        str(tmp_path),
    ]
    assert gpu_check.main(arguments) == 1
    rows = json.loads((tmp_path / "gpu.json").read_text())["rows"]
    assert rows[0]["runs"].startswith("eager") and rows[0]["levels_mean"] == 0.0
    assert rows[0]["median_ms"] > 0 and rows[0]["first_after_prompt_ms"] > 0 and rows[0]["load_s"] > 0
    assert "warp" in rows[1]["error"]
    assert cv2.imread(str(tmp_path / "gpu.png")).shape == (960, 640, 3)
    assert "FAILED" in capsys.readouterr().out


def test_it_succeeds_where_every_engine_does(tmp_path):
    arguments = ["--engines", "eager", "--sizes", "64x48", "--seconds", "0", "--out", str(tmp_path)]
    assert gpu_check.main(arguments) == 0
