"""`textfuse doctor` beside a living graph and a broken one."""

import json
import subprocess
import sys
import threading
import time

import pytest

from tests.end_to_end.conftest import scene
from tests.helpers.graph import START


def doctor(*arguments):
    """The exit code, and the findings by check."""
    command = [sys.executable, "-m", "ros2_textfuse.cli", "doctor", "--json", *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=START, check=False)
    findings = json.loads(ended.stdout)["findings"]
    return ended.returncode, {finding["check"]: finding for finding in findings}


@pytest.fixture
def cameras(graph, request):
    """Two cameras that send at 15 Hz; of every so many pixels where a test says so."""
    done = threading.Event()
    step = getattr(request, "param", 1)
    images = [image[::step, ::step] for image in scene(0)]

    def send():
        while not done.is_set():
            graph.send(*images)
            time.sleep(1 / 15)

    thread = threading.Thread(target=send)
    thread.start()
    yield graph
    done.set()
    thread.join()


def test_a_graph_that_works(cameras):
    code, found = doctor("--seconds", "2")
    assert code == 0
    for camera, encoding in (("visible", "rgb8"), ("thermal", "mono8")):
        line = found[f"{camera} camera"]
        assert line["level"] == "OK", line
        assert encoding in line["text"] and "640x480" in line["text"] and "reliable" in line["text"]
    assert found["pairs"]["level"] == "OK"
    assert found["DDS in force"]["level"] == "OK", found["DDS in force"]
    assert "16 MB" in found["DDS in force"]["text"]


@pytest.mark.parametrize("cameras", [4], indirect=True, ids=["small"])  # three engines run at a time
def test_a_mistyped_topic_and_two_fusion_nodes(cameras):
    cameras.start_fusion(width=160, height=120)
    cameras.start("fusion", width=160, height=120)
    cameras.wait(lambda: len([1 for name in cameras.node.get_node_names() if name == "fusion"]) == 2, START, "one node")
    code, found = doctor("--thermal", "/typo/image_raw", "--seconds", "1")
    assert code == 1
    assert (
        "images are on" in found["thermal camera"]["cure"] and "/thermal/image_raw" in found["thermal camera"]["cure"]
    )
    assert found["fusion node"]["level"] == "FAIL" and "2 nodes" in found["fusion node"]["text"]
