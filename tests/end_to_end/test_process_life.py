"""How processes end, and what is started again."""

import signal
import sys
import time

import psutil
import pytest

from tests.helpers.campaign import campaign
from tests.helpers.graph import START

UP = "up", "--no-detection"
CLEAN = "eval", "--live", "--scenario", "config/scenarios/clean.yaml"


def start(graph, *arguments):
    command = [sys.executable, "-m", "ros2_textfuse.cli", *arguments]
    return graph.processes.start("textfuse", command, log=graph.logs / "textfuse.log")


def node(graph, process, name):
    """The process of a node that a command has started, when it is there."""

    def find():
        for child in psutil.Process(process.pid).children():
            if f"ros2_textfuse.nodes.{name}" in child.cmdline():
                return child

    return graph.wait(find, START, f"no {name} node")


@pytest.mark.parametrize(
    ("command", "number", "code"),
    [
        (UP, signal.SIGTERM, 0),
        pytest.param(UP, signal.SIGHUP, 0, marks=campaign),
        (UP, signal.SIGKILL, -signal.SIGKILL),
        (("demo",), signal.SIGTERM, 128 + signal.SIGTERM),
        pytest.param(("demo",), signal.SIGHUP, 128 + signal.SIGHUP, marks=campaign),
        pytest.param(("demo",), signal.SIGKILL, -signal.SIGKILL, marks=campaign),
        (CLEAN, signal.SIGHUP, 128 + signal.SIGHUP),
        pytest.param(CLEAN, signal.SIGKILL, -signal.SIGKILL, marks=campaign),
    ],
    ids=lambda value: value.name if isinstance(value, signal.Signals) else value[0] if isinstance(value, tuple) else "",
)
def test_nothing_outlives_its_starter(graph, tmp_path, command, number, code):
    """The node is still importing or building its engine then, which is when it listens least."""
    out = () if command == UP else ("--out", str(tmp_path / "out"))
    process = start(graph, *command, *out)
    fusion = node(graph, process, "fusion")
    time.sleep(1.0)
    process.send_signal(number)
    assert process.wait(15) == code, graph.log("textfuse")
    fusion.wait(30)


@campaign
def test_a_background_job_can_be_interrupted(graph):
    """As `nohup make test &` starts it: SIGINT is ignored there, and all children inherit that."""
    previous = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        up = start(graph, *UP)
    finally:
        signal.signal(signal.SIGINT, previous)
    node(graph, up, "fusion")
    graph.wait(lambda: graph.seen["status"], START, "fusion is not active")
    up.send_signal(signal.SIGINT)
    assert up.wait(5) == 0, graph.log("textfuse")


def restarts(graph, name):
    """What diagnostics say of the restarts of a node."""
    entries = [entry for array in graph.diagnostics for entry in array.status]
    return [entry for entry in entries if entry.name == f"textfuse/{name}: restarts" and entry.level == entry.WARN]


def test_up_starts_again_what_crashes(graph, tmp_path):
    """The other node does not notice, and the count is in diagnostics."""
    pytest.importorskip("ultralytics", reason="ultralytics is not installed")
    parameters = tmp_path / "parameters.yaml"  # at 10, as usual, detection would wait for what runs beside this test
    parameters.write_text("/**/detection:\n  ros__parameters:\n    nice: 1\n")
    up = start(graph, "up", "--params-file", str(parameters))
    graph.wait(lambda: graph.seen["status"], START, "fusion is not active")
    graph.wait(lambda: graph.node.count_publishers("detections"), START, "detection is not there")
    fusion, detection = node(graph, up, "fusion"), node(graph, up, "detection")
    assert detection.nice() > fusion.nice(), "detection gives way to fusion"
    detection.send_signal(signal.SIGSEGV)
    detection.wait(15)
    (entry,) = graph.wait(lambda: restarts(graph, "detection"), START, "no restart of detection")[:1]
    assert entry.message == "started again 1 times; the last time it was ended by SIGSEGV"
    assert node(graph, up, "fusion") == fusion and not restarts(graph, "fusion")
    up.send_signal(signal.SIGTERM)
    assert up.wait(15) == 0


@campaign
def test_up_starts_again_what_hangs(graph):
    up = start(graph, *UP)
    graph.wait(lambda: graph.seen["status"], START, "fusion is not active")
    fusion = node(graph, up, "fusion")
    fusion.send_signal(signal.SIGSTOP)
    entry = graph.wait(lambda: restarts(graph, "fusion"), START, "no restart of fusion")[0]
    assert "answered nothing for 10 s" in entry.message and not fusion.is_running()
    graph.status()
    up.send_signal(signal.SIGTERM)
    assert up.wait(15) == 0


@pytest.mark.parametrize("setting", ["calibration", pytest.param("model", marks=campaign)])
def test_up_ends_when_fusion_cannot_be_configured(graph, tmp_path, setting):
    up = start(graph, "up", "--no-detection", f"--{setting}", str(tmp_path / "missing.yaml"))
    assert up.wait(START) == 1
    assert "missing.yaml" in graph.log("textfuse") and "fusion node cannot start" in graph.log("textfuse")


def test_one_topic_is_not_two_cameras(graph):
    """It would fuse an image with itself, and all would look well."""
    up = start(graph, *UP, "--visible", "/cam", "--thermal", "cam")
    assert up.wait(START) == 1
    assert "both cameras are /cam: give each its own topic" in graph.log("textfuse")


def test_up_tells_systemd_when_the_nodes_are_ready(graph, tmp_path, monkeypatch):
    """Once, by itself: what the nodes say goes to it, and not past it."""
    import socket

    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(START)
        command = [sys.executable, "-m", "ros2_textfuse.cli", *UP]
        variables = {"NOTIFY_SOCKET": str(tmp_path / "notify")}
        graph.processes.start("textfuse", command, graph.logs / "textfuse.log", variables)
        said = [systemd.recv(100)]
        while said[-1] != b"READY=1":
            said.append(systemd.recv(100))
        assert graph.seen["status"] or graph.status()
        assert said.count(b"READY=1") == 1


def test_up_says_on_the_terminal_that_images_come_or_why_not(graph, bag):
    start(graph, *UP, "--visible", "typo/image_raw")
    graph.wait(lambda: graph.seen["status"], START, "fusion is not active")
    graph.start("player", bag=bag, loop=True)
    graph.wait(lambda: "no pair fused yet" in graph.log("textfuse"), 6.0, "it does not say why nothing is fused")
    assert "on /typo/image_raw: nobody publishes there" in graph.log("textfuse")
