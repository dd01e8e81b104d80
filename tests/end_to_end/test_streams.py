"""Detection in several streams: fused, visible and thermal, with the boxes joined."""

import itertools
import time

import pytest
from diagnostic_msgs.msg import DiagnosticStatus
from textfuse.msg import DetectionStreams, FusionStatus

from ros2_textfuse.recordings.simulated_scene import still
from ros2_textfuse.runtime.processes import node_command
from ros2_textfuse.sync.pairing import stamp_ns
from tests.helpers.campaign import campaign
from tests.helpers.graph import Graph

pytest.importorskip("ultralytics", reason="ultralytics is not installed")

VISIBLE, THERMAL = still()
STREAMS = ["fused", "visible", "thermal"]
NUMBERS = itertools.count()


def changed(image, number):
    """The image with another pixel in its corner."""
    image = image.copy()
    image[0, 0] = number % 256
    return image


@pytest.fixture(scope="module")
def streams(tmp_path_factory):
    """Fusion, detection in all streams, and what is said of who saw what."""
    with Graph(tmp_path_factory.mktemp("logs")) as graph:
        graph.who: list[DetectionStreams] = []
        graph.node.create_subscription(DetectionStreams, "detections/streams", graph.who.append, 10)
        graph.start_fusion()
        graph.start_detection(streams=STREAMS, confidence=0.3)
        yield graph


def send_until(graph, condition, complaint, thermal=THERMAL, seconds=30.0):
    """Send pairs, or visible images alone, at up to 5 Hz until a condition holds."""

    def step():
        number = next(NUMBERS)  # the same image again and again would count as a frozen camera
        graph.send(*(None if image is None else changed(image, number) for image in (VISIBLE, thermal)))
        time.sleep(0.2)
        return condition()

    return graph.wait(step, seconds, complaint)


def newest(graph):
    """The newest detections with their streams."""
    who = graph.who[-1]
    return next(m for m in reversed(graph.seen["detections"]) if stamp_ns(m) == stamp_ns(who)), who


def entry(graph):
    """The newest diagnostics of detection."""
    names = [status for array in graph.diagnostics for status in array.status if status.name.endswith(": detection")]
    return names[-1] if names else None


def test_each_detection_says_which_streams_saw_it(streams):
    def found():
        return any(who.streams == STREAMS and len(who.fused) for who in streams.who)

    send_until(streams, found, "nothing is found in three streams")
    who = next(who for who in reversed(streams.who) if len(who.fused))
    detections = next(m for m in streams.seen["detections"] if stamp_ns(m) == stamp_ns(who)).detections
    assert stamp_ns(who) in streams.stamps("fused")
    assert len(detections) == len(who.fused) == len(who.visible) == len(who.thermal)
    assert all(max(scores) > 0 for scores in zip(who.fused, who.visible, who.thermal, strict=True))
    assert any(visible and fused for visible, fused in zip(who.visible, who.fused, strict=True))
    probabilities = [one.results[0].hypothesis.score for one in detections]
    assert min(probabilities) >= 0.3 and probabilities == sorted(probabilities, reverse=True)
    assert "person" in {one.results[0].hypothesis.class_id for one in detections}


def test_live_parameters_act_and_the_others_are_refused(streams):
    assert streams.set_parameter("confidence", 1.0, "detection").successful
    before = len(streams.who)
    send_until(streams, lambda: len(streams.who) > before + 2 and not len(streams.who[-1].fused), "still found")
    assert streams.set_parameter("confidence", 0.3, "detection").successful
    assert streams.set_parameter("classes", ["bus"], "detection").successful
    before = len(streams.who)
    send_until(streams, lambda: len(streams.who) > before + 2, "no detections")
    assert {one.results[0].hypothesis.class_id for one in newest(streams)[0].detections} <= {"bus"}
    refusal = streams.set_parameter("classes", ["persn"], "detection")
    assert not refusal.successful and "did you mean person?" in refusal.reason
    refusal = streams.set_parameter("streams", ["fused"], "detection")
    assert not refusal.successful and "read at the start" in refusal.reason
    assert streams.set_parameter("classes", ["person", "bus"], "detection").successful


def test_a_camera_that_stops_is_left_out_and_comes_back(streams):
    send_until(streams, lambda: streams.who and streams.who[-1].streams == ["visible"], "not alone", thermal=None)
    send_until(streams, lambda: any(streams.who[-1].visible), "nothing is found in one stream", thermal=None)
    who = streams.who[-1]
    assert any(who.visible) and not any(who.fused) and not any(who.thermal)

    def warned():
        status = entry(streams)
        return status and status.level == DiagnosticStatus.WARN and "not looked at fused, thermal" in status.message

    send_until(streams, warned, "diagnostics do not say so", thermal=None)
    send_until(streams, lambda: streams.who[-1].streams == STREAMS, "the others do not come back")
    send_until(streams, lambda: entry(streams).level == DiagnosticStatus.OK, "diagnostics do not recover")
    assert entry(streams).message == "detecting on fused, visible, thermal"


@campaign
def test_two_detection_nodes_say_so(streams):
    """In the logs and diagnostics of both, and in the status of fusion."""
    command = node_command("detection", parameters={"nice": 0})
    twin = streams.processes.start("twin", command, log=streams.logs / "twin.log")
    said = "2 nodes publish on /textfuse/detections: /textfuse/detection, /textfuse/detection"

    def named():
        status = streams.seen["status"][-1]
        logs = all(said in streams.log(name) for name in ("detection", "twin", "fusion"))
        return logs and said in status.message and said in entry(streams).message

    send_until(streams, named, "they do not say so", seconds=90.0)
    assert streams.seen["status"][-1].state == FusionStatus.DEGRADED
    twin.kill()
    send_until(streams, lambda: said not in streams.seen["status"][-1].message, "still said", seconds=60.0)


@campaign
def test_a_stream_that_there_is_not_is_a_clear_end(graph):
    process = graph.start("detection", streams=["fused", "radar"])
    graph.wait(lambda: process.poll() is not None, 60.0, "it runs")
    assert "there is no stream 'radar'; choose of visible, thermal, fused" in graph.log("detection")
