"""Finding a node's process, with stand-ins that only have its command line."""

import os
import subprocess
import sys
import time

import pytest

from ros2_textfuse.evaluation.live.process_usage import NotFoundError, find_process, read_usage, runs_node

NS = ["--ros-args", "-r", "__ns:=/front/textfuse"]


@pytest.mark.parametrize(
    ("command", "node", "namespace", "found"),
    [
        (["/usr/bin/python3", "/opt/ros/kilted/lib/textfuse/fusion"], "fusion", "textfuse", True),
        (["python", "-m", "ros2_textfuse.nodes.fusion", *NS], "fusion", "front/textfuse", True),
        (["python", "-m", "ros2_textfuse.nodes.fusion", *NS], "fusion", "textfuse", False),
        (["python", "-m", "ros2_textfuse.nodes.fusion"], "detection", "textfuse", False),
        (["vim", "ros2_textfuse/nodes/fusion.py"], "fusion", "textfuse", False),
        ([], "fusion", "textfuse", False),
    ],
)
def test_command_lines(command, node, namespace, found):
    assert runs_node(command, node, namespace) == found


@pytest.fixture
def stand_in(monkeypatch):
    """Starts a process that looks like a fusion node of a namespace that nobody else uses."""
    monkeypatch.setenv("ROS_DOMAIN_ID", "77")
    namespace = f"test_{os.getpid()}"
    started = []

    def start(domain="77"):
        code = "import time\nwhile True: sum(range(1000)); time.sleep(1e-4)"
        command = [sys.executable, "-c", code, "ros2_textfuse.nodes.fusion", f"__ns:=/{namespace}"]
        started.append(subprocess.Popen(command, env={**os.environ, "ROS_DOMAIN_ID": domain}))
        return started[-1].pid, namespace

    yield start
    for process in started:
        process.kill()
        process.wait()


def wait_for(namespace):
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            return find_process("fusion", namespace)
        except NotFoundError:
            time.sleep(0.05)
    return None


def test_it_is_found_and_read(stand_in):
    pid, namespace = stand_in()
    assert wait_for(namespace) == pid
    first = read_usage(pid, 1.0)
    while (later := read_usage(pid, 2.0)).cpu <= first.cpu:
        time.sleep(0.05)
    assert first.at == 1.0 and later.at == 2.0 and first.mib > 1


def test_none_or_two_are_not_told_apart(stand_in):
    with pytest.raises(NotFoundError, match="no process of nowhere/fusion"):
        find_process("fusion", "nowhere")
    _, namespace = stand_in()
    stand_in("78")  # of another domain
    assert wait_for(namespace)
    stand_in()
    with pytest.raises(NotFoundError, match="2 processes"):
        while True:
            find_process("fusion", namespace)
            time.sleep(0.05)


def test_a_process_that_has_ended(stand_in):
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    assert read_usage(process.pid, 0.0) is None
