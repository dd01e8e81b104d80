"""`textfuse up`, `play` and `prompt` as a user runs them."""

import signal
import subprocess
import sys

import pytest

from tests.end_to_end.conftest import PAIRS
from tests.helpers.graph import START


def textfuse(*arguments, **options):
    command = [sys.executable, "-m", "ros2_textfuse.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=START, check=False, **options)


def test_up_play_and_prompt(graph, bag):
    command = [sys.executable, "-m", "ros2_textfuse.cli", "up", "--no-detection", "--prompt", "haze everywhere"]
    up = graph.processes.start("up", command, log=graph.logs / "up.log")
    graph.wait(lambda: graph.seen["status"], START, "fusion is not active")
    assert "haze" in graph.status().modes

    told = textfuse("prompt", "--mode", "low_light", "--severity", "0.6")
    assert told.returncode == 0 and "low_light" in told.stdout, told.stderr
    refused = textfuse("prompt", "--mode", "low_ligth")
    assert refused.returncode == 1 and "low_light" in refused.stderr
    assert list(graph.status().modes) == ["low_light"]

    played = textfuse("play", bag)
    assert played.returncode == 0, played.stderr

    def done():  # how many of them a busy machine fuses is another test's subject
        status = graph.seen["status"][-1]
        return status.pairs_fused + status.pairs_dropped == PAIRS and status.pairs_fused == len(graph.seen["fused"])

    graph.wait(done, 10.0, "images are missing")
    assert graph.seen["fused"]
    assert "first pair fused" in graph.log("up") and "published on /textfuse/fused" in graph.log("up")

    up.send_signal(signal.SIGINT)
    assert up.wait(15) == 0, graph.log("up")


def test_prompt_without_a_node(graph):
    told = textfuse("prompt", "it is dark", "--timeout", "0.5")
    assert told.returncode == 2 and "textfuse up" in told.stderr


def test_up_names_a_node_that_cannot_start(graph, tmp_path):
    params = tmp_path / "params.yaml"
    params.write_text("/**/detection:\n  ros__parameters:\n    weights: /nowhere/yolo.pt\n")
    pytest.importorskip("ultralytics", reason="ultralytics is not installed")
    ended = textfuse("up", "--params-file", str(params))
    assert ended.returncode == 1
    assert "/nowhere/yolo.pt" in ended.stderr and "detection node cannot start" in ended.stderr


def test_player_names_what_is_wrong(graph, tmp_path):
    player = graph.start("player", bag=str(tmp_path / "nowhere"))
    assert player.wait(START) == 1
    assert "nowhere does not exist" in graph.log("player")
