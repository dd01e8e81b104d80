"""Named objects in the fusion node: detections and outlines as messages become regions."""

from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")

from builtin_interfaces.msg import Time
from geometry_msgs.msg import Point32, Polygon
from std_msgs.msg import Header

from ros2_textfuse.detection.types import Detection
from ros2_textfuse.nodes.detection.messages import detections_message, outlines_message
from ros2_textfuse.nodes.fusion.detections import DetectionListener
from ros2_textfuse.nodes.fusion.objects import NamedObjects
from tests.nodes.fusion.test_detections import Node

OUTLINE = np.array([[12, 20], [18, 20], [15, 60]], np.float32)
FOUND = [
    Detection("person", 0, 0.9, (10.0, 20.0, 20.0, 60.0), id=1, outline=OUTLINE),
    Detection("person", 0, 0.8, (40.0, 20.0, 50.0, 60.0), id=2),
]

FAINT = [Detection("person", 0, 0.15, (80.0, 20.0, 90.0, 60.0), id=3)]


def header(second):
    return Header(stamp=Time(sec=second), frame_id="camera")


@pytest.fixture
def objects():
    node = Node()
    node.count_publishers = lambda topic: 1
    found = NamedObjects(
        DetectionListener(node), SimpleNamespace(prompt=SimpleNamespace(objects=("person",))), keep=False
    )
    assert len(node.receivers) == 2
    yield found
    found.destroy()
    assert not node.receivers


def test_candidates_are_kept_while_objects_are_and_never_brought_out(objects):
    node = objects._detections._node
    objects.keep(True)
    assert len(node.receivers) == 3
    objects._receive_candidates(detections_message(FAINT, header(5)))
    objects._receive(detections_message(FOUND, header(5)))
    kept = {region.id: region.keep for region in objects._named.regions(("person",), 5, keep=True)}
    assert kept == {1: False, 2: False, 3: True}
    assert [region.id for region in objects._named.regions(("person",), 5)] == [1, 2]
    objects.keep(False)
    assert len(node.receivers) == 2


def outlines_of(objects, second):
    return [region.outline for region in objects._named.regions(("person",), second)]


def test_outlines_join_the_detections_of_their_stamp(objects):
    objects._receive_outlines(outlines_message(FOUND, header(5)))
    objects._receive(detections_message(FOUND, header(5)))
    first, second = outlines_of(objects, 5)
    assert np.allclose(first, [[0.2, 0], [0.8, 0], [0.5, 1]], atol=0.03) and second is None


def test_outlines_of_another_image_or_number_or_form_do_no_harm(objects):
    objects._receive_outlines(outlines_message(FOUND, header(4)))
    objects._receive(detections_message(FOUND, header(5)))
    assert outlines_of(objects, 5) == [None, None]
    message = outlines_message(FOUND * 2, header(6))
    message.outlines[0] = Polygon(points=[Point32(x=float("nan"), y=0.0)] * 4)
    objects._receive_outlines(message)
    objects._receive(detections_message(FOUND, header(6)))
    assert outlines_of(objects, 6) == [None, None]
    objects._receive_outlines(outlines_message([], header(7)))
    objects._receive(detections_message(FOUND, header(7)))
    assert len(outlines_of(objects, 7)) == 2
