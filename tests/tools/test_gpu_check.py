"""The GPU check, with engines of the CPU standing in."""

import json
from dataclasses import replace
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch

from ros2_textfuse import Fuser
from ros2_textfuse.detection.types import Detection
from ros2_textfuse.engines.verification import check_pair
from ros2_textfuse.networks.textif import TextIFConfig
from ros2_textfuse.networks.textif.text_tower import TextTowerConfig
from tools.gpu_check import __main__ as command
from tools.gpu_check import cases, detection, device, fusion, report, worker
from tools.gpu_check.cases import Case
from tools.gpu_check.worker import Worker, answer_to

SMALL = Case("pico", "eager", "float32", 64, 48)


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    monkeypatch.setenv("TEXTFUSE_CACHE", str(tmp_path / "mine"))
    monkeypatch.setattr(fusion, "pair", lambda width, height: check_pair(height, width))  # a street takes seconds


def test_a_network_is_built_compared_timed_prompted_and_loaded_again():
    row, fused = answer_to(replace(SMALL, engine="openvino"), 0.0)
    assert row["runs"] == "openvino f32" and row["levels_mean"] < 0.5 and row["prompt_levels_mean"] < 0.5
    assert row["fuse_median_ms"] > 0 and row["first_after_prompt_ms"] > 0
    assert 0 < row["load_s"] <= row["build_s"]
    assert fused.shape == (48, 64, 3)


def test_an_image_unlike_eagers_is_an_error(monkeypatch):
    black = np.zeros((48, 64, 3), np.uint8)
    monkeypatch.setattr(fusion, "_eager", lambda *_: (black, black))
    row, image = answer_to(SMALL, 0.0)
    assert "the fused image is another one" in row["error"] and image is None


def test_a_prompt_that_builds_the_engine_anew_is_an_error(monkeypatch):
    def forgetful(self, **prompt):
        Fuser.set_prompt(self, **prompt)
        if prompt:
            self.prepare(48, 64)

    monkeypatch.setattr(fusion.CountingFuser, "set_prompt", forgetful)
    assert "a prompt built the engine anew: it was built 2 times" in answer_to(SMALL, 0.0)[0]["error"]


def test_the_papers_own_network_is_timed_with_random_weights(monkeypatch):
    tiny = TextIFConfig(width=8, text=TextTowerConfig(width=64, layers=1))
    monkeypatch.setattr(fusion, "TextIFConfig", lambda: tiny)
    row, _ = answer_to(Case("textif", "eager", "float32", 64, 48), 0.0)
    assert row["weights"] == "random" and row["runs"] == "eager cpu" and row["fuse_median_ms"] > 0


def test_without_the_detectors_weights_its_cases_are_left_out_by_name():
    detectors = [case for case in cases.plan(["nano"], ["eager"], ["64x48"], None, None) if case.model == "detector"]
    assert [case.name for case in detectors] == ["detector tensorrt 640x480", "detector torch 640x480"]
    assert all("--detector" in cases.lacking(case) for case in detectors)


def test_what_is_not_installed_or_not_there_is_named_with_its_cure(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    assert "torch-tensorrt-rtx" in cases.lacking(replace(SMALL, engine="tensorrt"))
    assert cases.lacking(SMALL) == ""
    assert cases.lacking(replace(SMALL, model="small")) == "there is no weights file small"


def test_the_most_telling_cases_come_first():
    names = [case.name for case in cases.plan(["nano"], ["tensorrt", "compile", "eager"], cases.SIZES, None, None)]
    assert names[0] == "nano tensorrt float16 640x480" and names[-1] == "nano compile float32 1280x1024"
    assert len(names) == len(set(names)) == 14


def found(name, class_id, score, *box):
    return Detection(name, class_id, score, box)


def test_boxes_that_are_not_pytorchs_are_an_error():
    expected = [found("bus", 5, 0.9, 0, 0, 100, 100), found("person", 0, 0.3, 0, 0, 9, 9)]
    near = [found("bus", 5, 0.45, 2, 0, 100, 100)]
    assert detection.agreement(expected, near) == {"boxes": 1, "least_overlap": 0.98}
    with pytest.raises(ValueError, match=r"bus of 0\.90 is not found by the engine"):
        detection.agreement(expected, [found("truck", 7, 0.9, 0, 0, 100, 100)])
    with pytest.raises(ValueError, match=r"dog of 0\.60 is not found by PyTorch"):
        detection.agreement(expected, [*near, found("dog", 16, 0.6, 0, 0, 9, 9)])


def test_a_case_without_end_takes_only_itself_along(tmp_path):
    measured = Worker(tmp_path / "log", 0.0)
    try:
        slow, _ = measured.measure(SMALL, 0.01)
        assert "not done within 0 s" in slow["error"]
        row, _ = measured.measure(Case("detector", "torch", "", 64, 48, tmp_path / "none.pt"), 120.0)
        assert "There is no weights file" in row["error"]
    finally:
        measured.end()
    assert "detector torch 64x48" in (tmp_path / "log").read_text()


def test_a_process_that_ends_is_said(monkeypatch, tmp_path):
    """As after a crash of a driver; STAND-IN: a process that measures nothing."""
    monkeypatch.setattr(worker, "sys", SimpleNamespace(executable="false"))
    assert "the process ended (1); log says" in Worker(tmp_path / "log", 0.0).measure(SMALL, 60.0)[0]["error"]


class InProcess:
    """A worker that is this process, so that a test is fast."""

    def __init__(self, log, limit):
        self._limit = limit

    def measure(self, case, patience):
        return answer_to(case, self._limit)

    def end(self):
        pass


def run(tmp_path, monkeypatch, *arguments):
    monkeypatch.setattr(worker, "Worker", InProcess)
    monkeypatch.setattr(cases, "plan", lambda models, *_: [replace(SMALL, model=model) for model in models])
    given = ["--sizes", "64x48", "--seconds", "0", "--out", str(tmp_path), *arguments]
    return command.main(given), json.loads((tmp_path / "gpu.json").read_text())


def test_a_failure_leaves_the_other_rows_and_the_image_names_all(tmp_path, monkeypatch, capsys):
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(b"nothing")
    code, result = run(tmp_path, monkeypatch, "--models", "pico", "small", str(broken))
    good, absent, failed = result["rows"]
    assert code == 1
    assert good["levels_mean"] == 0.0 and "no weights file small" in absent["left_out"] and "Weights" in failed["error"]
    assert result["environment"]["device"] and result["environment"]["torch"] == torch.__version__
    # Both cameras and three cases, in rows of three.
    assert cv2.imread(str(tmp_path / "gpu.png")).shape == (2 * (300 + 64), 3 * 400, 3)
    printed = capsys.readouterr().out
    assert "FAILED" in printed and "left out" in printed and "no rebuild" in printed


def test_when_the_time_is_over_the_rest_is_left_out_by_name(tmp_path, monkeypatch, capsys):
    code, result = run(tmp_path, monkeypatch, "--models", "pico", "--budget", "0")
    assert code == 1  # nothing ran
    assert result["rows"][0]["left_out"] == "no time was left"
    assert "pico eager float32 64x48: left out: no time was left" in capsys.readouterr().out


def test_what_torchs_environment_lacks_is_said_in_one_line(monkeypatch, capsys):
    monkeypatch.setattr(command.importlib.util, "find_spec", lambda name: None if name in ("cv2", "yaml") else name)
    assert command.main([]) == 2
    (said,) = capsys.readouterr().err.splitlines()
    assert "lacks cv2, yaml: pip install 'opencv-python-headless<5' 'pyyaml'" in said


def test_the_papers_network_is_set_against_each_of_ours_of_the_same_kind():
    def row(model, engine, milliseconds):
        return {"model": model, "engine": engine, "precision": "float16", "size": "640x480"} | milliseconds

    rows = [
        row("nano", "compile", {"fuse_median_ms": 2.0}),
        row("nano", "tensorrt", {"error": "no"}),
        row("textif", "compile", {"fuse_median_ms": 300.0}),
        row("textif", "tensorrt", {"fuse_median_ms": 200.0}),
    ]
    (ratio,) = report.ratios(rows)
    assert (ratio["model"], ratio["engine"], ratio["times"]) == ("nano", "compile", 150.0)


def test_memory_and_device_are_read_as_torch_gives_them(monkeypatch):
    """STAND-INS for the calls that need a GPU."""
    free = iter([900 << 20, 700 << 20])
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    for name in ("synchronize", "empty_cache", "reset_peak_memory_stats"):
        monkeypatch.setattr(torch.cuda, name, lambda: None)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda: (next(free), 1000 << 20))
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda: 50 << 20)
    assert device.Memory().figures() == {"gpu_mib": 200, "torch_peak_mib": 50}
    assert len(device.timed(lambda: None, 0.0)) == device.LEAST
    assert np.isclose(device.spread([1.0, 3.0], "fuse")["fuse_median_ms"], 2.0)
