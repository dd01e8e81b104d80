"""`textfuse eval --live` over DDS: what it starts, what it sees of a running graph, and its exit code."""

import json
import signal
import sys
import time

import pytest
import yaml
from builtin_interfaces.msg import Time

from ros2_textfuse import cli
from tests.helpers.campaign import campaign
from tests.helpers.graph import START
from tests.helpers.messages import noise
from tests.helpers.recordings import write_bag

# Small and slow, so that a busy machine keeps up: no test here asks how fast it was.
SIZE = {"width": 160, "height": 120}
RATE = 5.0


@pytest.fixture(scope="module")
def small_bag(tmp_path_factory):
    """60 pairs at 5 Hz; the thermal stamps are 4 ms late."""
    visible, thermal = noise(60, 120, 160, 3), noise(60, 120, 160, seed=1)
    return write_bag(tmp_path_factory.mktemp("recordings") / "bag", visible, thermal, RATE, thermal_delay=0.004)


def scenario(path, bag, expect, **changes):
    player = {"bag": str(bag), "loop": True, **changes.pop("player", {})}
    content = {"seconds": 8, "start": {"fusion": SIZE, "player": player}, "expect": expect, **changes}
    path.write_text(yaml.safe_dump(content))
    return str(path)


def start(graph, tmp_path, *arguments):
    """Start the command; the graph's end interrupts it, so that nothing it started lives on."""
    command = [sys.executable, "-u", "-m", "ros2_textfuse.cli", "eval", "--live", "--out", str(tmp_path / "out")]
    return graph.processes.start("eval", [*command, *arguments], log=graph.logs / "eval.log")


def evaluate(graph, tmp_path, *arguments):
    """The exit code, what was printed, and live.json; empty when it was not written."""
    code = start(graph, tmp_path, *arguments).wait(100)
    found = tmp_path / "out" / "live.json"
    return code, graph.log("eval"), json.loads(found.read_text()) if found.exists() else {}


def test_a_clean_stream_passes(graph, small_bag, tmp_path):
    expect = [
        {"no_diagnostic": "WARN"},
        {"no_state": "ERROR"},
        {"figure": "fused_hz", "at_least": 1},
        {"figure": "lost_share", "at_most": 0.5},
        {"figure": "pairing_max_ms", "at_least": 3.9, "at_most": 4.1},
        {"figure": "prompt_late_frames", "at_most": 20},
        {"figure": "fusion_mib", "at_least": 50},
    ]
    prompts = [{"at": 5, "prompt": ""}, {"at": 3, "modes": ["low_light"], "severity": 0.7}]
    code, said, result = evaluate(
        graph, tmp_path, "--scenario", scenario(tmp_path / "s.yaml", small_bag, expect, prompts=prompts)
    )
    assert code == 0, said + (tmp_path / "out" / "fusion.log").read_text()
    assert "All 7 expectations met." in said
    assert result["passed"] and all(one["met"] for one in result["verdict"])
    assert [round(call["at"]) for call in result["prompts"]] == [3, 5]
    assert result["prompts"][0]["accepted"] and "low_light" in result["prompts"][0]["message"]
    assert result["unknown"]["detections_hz"] == "nobody publishes detections"
    assert 0 < result["figures"]["fused_p50_ms"] < 10_000
    rows = (tmp_path / "out" / "live.csv").read_text().splitlines()
    assert rows[0] == "stamp,time,fused_ms,detections_ms,pairing_ms" and len(rows) > 10
    assert "All 7 expectations met." in (tmp_path / "out" / "live.html").read_text()


@campaign
def test_what_cannot_be_fails(graph, small_bag, tmp_path):
    expect = [
        {"figure": "fused_p99_ms", "at_most": 0.001},
        {"states": ["BUILDING"]},
        {"figure": "fused_hz", "at_least": 1},
    ]
    code, said, result = evaluate(
        graph, tmp_path, "--scenario", scenario(tmp_path / "s.yaml", small_bag, expect, seconds=3)
    )
    assert code == 1, said
    assert [one["met"] for one in result["verdict"]] == [False, False, True]
    assert "2 of 3 expectations not met." in said
    assert "NOT MET  fused_p99_ms is at most 0.001 ms" in said and "missed by" in said


def test_a_silent_camera_and_bad_images_are_reported(graph, small_bag, tmp_path):
    faults = ["thermal silent 1 4", "visible truncated 6 7"]
    expect = [
        {"states": ["OK", "VISIBLE_ONLY", "OK", "ERROR", "OK"]},
        {"diagnostic": "WARN", "saying": "thermal", "between": [1, 6]},
        {"diagnostic": "ERROR", "saying": "bytes"},
        {"figure": "images_rejected", "at_least": 1},
        {"figure": "visible_unpaired", "at_least": 1},
    ]
    code, said, _ = evaluate(
        graph,
        tmp_path,
        "--scenario",
        scenario(tmp_path / "s.yaml", small_bag, expect, seconds=9, player={"faults": faults}),
    )
    assert code == 0, said


def test_a_running_graph_without_a_scenario(graph, small_bag, tmp_path):
    """Nodes that it did not start: their processes are found, and small messages alone tell most."""
    graph.start_fusion(**SIZE)
    graph.start("player", bag=str(small_bag), loop=True)
    code, said, result = evaluate(graph, tmp_path, "--seconds", "4", "--no-images")
    assert code == 0, said
    assert "Nothing was expected" in said
    figures, unknown = result["figures"], result["unknown"]
    assert figures["fused_hz"] > 0 and figures["fused_p50_ms"] > 0
    assert figures["fusion_mib"] > 50 and figures["player_mib"] > 10 and figures["evaluation_cores"] > 0
    assert unknown["pairing_max_ms"] == "the images are not watched"
    assert unknown["detection_mib"] == "no process of textfuse/detection on this machine"


@campaign
def test_stamps_of_long_ago(graph, tmp_path):
    """As `ros2 bag play` sends them: latency counts from the arrival of the visible image."""
    graph.start_fusion(**SIZE)
    process = start(graph, tmp_path, "--seconds", "3", "--thermal-topic", "/elsewhere")
    pixels = {"visible": (noise(120, 160, 3), "rgb8"), "thermal": (noise(120, 160), "mono8")}
    for number in range(500):
        for camera, image in pixels.items():
            graph.publish(camera, graph.image(*image, Time(sec=1_600_000_000 + number // 5, nanosec=number % 5)))
        if process.poll() is not None:
            break
        time.sleep(0.2)
    assert process.poll() == 0, graph.log("eval")
    result = json.loads((tmp_path / "out" / "live.json").read_text())
    assert "arrival of the visible image" in result["latency"]["fused"]
    assert 0 < result["figures"]["fused_p50_ms"] < 10_000
    assert result["unknown"]["pairing_max_ms"] == "no image came on /elsewhere"


@pytest.mark.parametrize(
    ("start", "reason"),
    [
        ({"fusion": {"engine": "warp"}}, "fusion ended with exit code 1: [FATAL]"),
        pytest.param(
            {"fusion": SIZE, "player": {"bag": "BAG", "visible_topic": "/nowhere"}},
            "player ended with exit code 1: [FATAL]",
            marks=campaign,
        ),
        pytest.param({}, "nobody publishes /textfuse/status", marks=campaign),
    ],
)
def test_what_cannot_be_judged_is_2(graph, small_bag, tmp_path, start, reason):
    text = yaml.safe_dump({"start": start, "expect": [{"no_state": "ERROR"}]}).replace("BAG", str(small_bag))
    (tmp_path / "s.yaml").write_text(text)
    code, said, result = evaluate(graph, tmp_path, "--scenario", str(tmp_path / "s.yaml"))
    assert code == 2 and reason in said and not result


@campaign
def test_two_graphs_are_not_mixed_up(graph, small_bag, tmp_path):
    graph.start_fusion(**SIZE)
    path = scenario(tmp_path / "s.yaml", small_bag, [{"no_state": "ERROR"}])
    code, said, _ = evaluate(graph, tmp_path, "--scenario", path)
    assert code == 2 and "another ROS_DOMAIN_ID" in said
    graph.start("player", bag=str(small_bag), loop=True)
    graph.wait(lambda: graph.seen["fused"], START, "nothing is fused")
    only_player = {"player": {"bag": str(small_bag)}}
    path = scenario(tmp_path / "s.yaml", small_bag, [{"no_state": "ERROR"}], start=only_player)
    code, said, _ = evaluate(graph, tmp_path, "--scenario", path)
    assert code == 2 and "images are fused already" in said


def interrupted(graph, tmp_path, number, *arguments):
    """A signal in the middle of watching; returns the exit code, and whether anything was written."""
    process = start(graph, tmp_path, *arguments)
    graph.wait(lambda: " s  OK" in graph.log("eval"), START, "it does not watch")
    process.send_signal(number)
    return process.wait(30), (tmp_path / "out" / "live.json").exists()


def test_an_interrupt_ends_a_watch_with_what_was_seen(graph, small_bag, tmp_path):
    graph.start_fusion(**SIZE)
    graph.start("player", bag=str(small_bag), loop=True)
    assert interrupted(graph, tmp_path, signal.SIGINT, "--seconds", "600") == (0, True), graph.log("eval")
    result = json.loads((tmp_path / "out" / "live.json").read_text())
    assert 0 < result["seconds"] < 600


@pytest.mark.parametrize("number", [pytest.param(signal.SIGINT, marks=campaign), signal.SIGTERM])
def test_an_interrupt_ends_a_scenario_without_a_verdict(graph, small_bag, tmp_path, number):
    path = scenario(tmp_path / "s.yaml", small_bag, [{"no_state": "ERROR"}], seconds=600)
    assert interrupted(graph, tmp_path, number, "--scenario", path) == (128 + number, False), graph.log("eval")
    seen = len(graph.seen["status"])
    assert seen
    time.sleep(1.5)
    assert len(graph.seen["status"]) <= seen + 1, "the nodes live on"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--scenario", "lost.yaml"], "lost.yaml does not exist"),
        (["--seconds", "0"], "--seconds is 0"),
        (["drive"], "--live takes no SOURCE"),
    ],
)
def test_bad_arguments(tmp_path, capsys, arguments, reason):
    assert cli.main(["eval", "--live", "--out", str(tmp_path / "out"), *arguments]) == 2
    assert reason in capsys.readouterr().err
