"""Detections as messages, and what diagnostics say of them."""

import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")

from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticStatus
from std_msgs.msg import Header

from ros2_textfuse.detection.joining import join
from ros2_textfuse.detection.types import Detection
from ros2_textfuse.nodes.detection.diagnostics import diagnostics
from ros2_textfuse.nodes.detection.ledger import Report
from ros2_textfuse.nodes.detection.messages import detections_message, streams_message

STREAMS = ("fused", "visible", "thermal")
HEADER = Header(stamp=Time(sec=5), frame_id="camera")
WELL = {"visible": "", "thermal": ""}


def test_streams_are_told_in_the_order_of_the_detections():
    both, one = (0.0, 0.0, 20.0, 40.0), (100.0, 0.0, 120.0, 40.0)
    found = join(
        {
            "visible": [Detection("person", 0, 0.75, both)],
            "thermal": [Detection("person", 0, 0.5, both), Detection("car", 2, 0.25, one)],
        }
    )
    message, who = detections_message(found, HEADER), streams_message(found, ["visible", "thermal"], HEADER)
    assert message.header == who.header == HEADER
    assert [detection.results[0].hypothesis.class_id for detection in message.detections] == ["person", "car"]
    box = message.detections[1].bbox
    assert (box.center.position.x, box.center.position.y, box.size_x, box.size_y) == (110, 20, 20, 40)
    assert who.streams == ["visible", "thermal"]
    assert list(who.visible) == [0.75, 0] and list(who.thermal) == [0.5, 0.25] and list(who.fused) == [0, 0]


def test_a_track_says_when_it_was_seen():
    seen = Header(stamp=Time(sec=4), frame_id="camera")
    message = detections_message([Detection("person", 0, 0.75, (0.0, 0.0, 20.0, 40.0), 7)], HEADER, seen)
    assert message.header == HEADER and message.detections[0].header == seen


@pytest.mark.parametrize(
    ("report", "faults", "level", "text"),
    [
        (Report(75, 0, 15.0, 0.0, STREAMS, ""), WELL, DiagnosticStatus.OK, "detecting on fused, visible, thermal"),
        (
            Report(110, 12, 19.6, 0.0, STREAMS, ""),
            WELL,
            DiagnosticStatus.WARN,
            "dropped 12 of 110 frames in the last 5 s",
        ),
        (Report(0, 0, 0.0, 0.0, (), ""), WELL, DiagnosticStatus.WARN, "no image on /textfuse/fused"),
        (Report(75, 0, 0.0, 0.0, STREAMS, "detection failed: no memory"), WELL, DiagnosticStatus.ERROR, "no memory"),
        (
            Report(75, 0, 15.0, 0.0, STREAMS, ""),
            {"visible": "frozen", "thermal": "frozen"},
            DiagnosticStatus.WARN,
            "visible camera: frozen; thermal camera: frozen",
        ),
        (
            Report(75, 0, 15.0, 0.0, ("visible",), ""),
            {"visible": "", "thermal": "all black"},
            DiagnosticStatus.WARN,
            "not looked at fused, thermal: thermal camera: all black",
        ),
    ],
)
def test_diagnostics(report, faults, level, text):
    silent = "no image on /textfuse/fused: nobody publishes there"
    array = diagnostics(
        "/textfuse/detection", report, STREAMS, faults, 3, silent, "", "openvino", "each frame at 640x480", Time(sec=5)
    )
    (entry,) = array.status
    assert entry.name == "textfuse/detection: detection" and entry.level == level and text in entry.message
    values = {value.key: value.value for value in entry.values}
    assert values["incomplete"] == "3"
    assert values["rate"] == f"{report.rate:.1f}" and values["streams"] == "fused, visible, thermal"
