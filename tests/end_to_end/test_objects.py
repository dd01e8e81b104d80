"""Objects that a prompt names are brought out of the fused image, over DDS."""

import statistics
import time

import numpy as np
import pytest
from textfuse.msg import FusionStatus

from ros2_textfuse.evaluation.metrics.fusion import to_grey
from ros2_textfuse.evaluation.metrics.retention import separability
from ros2_textfuse.imaging import encodings
from ros2_textfuse.recordings.simulated_scene import still
from tests.helpers.graph import Graph

pytest.importorskip("ultralytics", reason="ultralytics is not installed")

VISIBLE, THERMAL = still()


def send_until(graph, condition, complaint):
    """Send pairs, at 3 Hz or as fast as this machine goes, until a condition holds."""

    def step():
        graph.send(VISIBLE, THERMAL)
        time.sleep(0.3)
        return condition()

    graph.wait(step, 60.0, complaint)


def fused_under(graph, count=12):
    """The last fused images of the next pairs, grey."""
    before = len(graph.seen["fused"])
    send_until(graph, lambda: len(graph.seen["fused"]) >= before + count, "nothing is fused")
    return newest(graph)


def newest(graph, count=3):
    """The newest fused images, grey, without the corner where each differs so that no camera looks frozen."""
    return [to_grey(encodings.visible_array(message))[:-8, :-8] for message in graph.seen["fused"][-count:]]


def people(graph):
    """Boxes of the people in the newest detections that are followed."""
    found = graph.seen["detections"][-1].detections if graph.seen["detections"] else []
    chosen = [one.bbox for one in found if one.id and one.results[0].hypothesis.class_id == "person"]
    return [
        (x - box.size_x / 2, y - box.size_y / 2, x + box.size_x / 2, y + box.size_y / 2)
        for box in chosen
        for x, y in [(box.center.position.x, box.center.position.y)]
    ]


def contrast(images, boxes):
    """Mean separability of boxes in some images."""
    return statistics.fmean(separability(image, box) for image in images for box in boxes) if boxes else 0.0


@pytest.mark.timeout(400)
def test_named_objects_are_brought_out_of_the_fused_image(tmp_path):
    with Graph(tmp_path) as graph:
        graph.start_fusion(max_drop_share=1.0, max_latency=60.0)  # a busy machine is none of this test's
        plain = fused_under(graph)

        answer = graph.set_prompt("bring out the car")
        assert answer.success and answer.objects == ["car"]
        assert "not brought out" in answer.message and "no detection node" in answer.message
        undetected = fused_under(graph)
        status = graph.status()
        assert (status.state, status.objects) == (FusionStatus.OK, ["car"])
        assert "car: not brought out" in status.message
        assert np.abs(undetected[-1] - plain[-1]).max() < 1.5, "nothing is brought out without detection"

        answer = graph.set_prompt("bring out the person")
        assert answer.success and "person: found by warmth alone" in answer.message

        graph.start_detection(nice=0)  # it is to keep up on a busy machine
        send_until(graph, lambda: people(graph), "nobody is found and followed")
        # A busy machine's detector is seconds late at times, and is not believed then: until it keeps up.
        send_until(
            graph, lambda: contrast(newest(graph), people(graph)) > 1.1 * contrast(plain, people(graph)), "no gain"
        )
        brought_out, boxes = newest(graph), people(graph)
        status = graph.status()
        assert status.state == FusionStatus.OK and "not brought out" not in status.message

        outside = np.ones(plain[-1].shape, bool)
        for left, top, right, bottom in boxes:  # with room for a box that moves a little
            outside[max(0, int(top) - 8) : int(bottom) + 9, max(0, int(left) - 8) : int(right) + 9] = False
        assert np.abs(brought_out[-1] - plain[-1])[outside].mean() < 1

        assert graph.set_prompt("").success
        again = fused_under(graph)
        assert np.abs(again[-1] - plain[-1]).max() < 1.5
        assert not graph.node.get_subscriptions_info_by_topic("/textfuse/detections")[1:], "fusion still listens"

        assert graph.set_parameter("keep_objects", True).successful
        send_until(graph, lambda: np.abs(newest(graph)[-1] - plain[-1]).max() > 10, "no object is kept")
        # What is not sure enough to be reported is kept still.
        assert graph.set_parameter("confidence", 0.99, "detection").successful
        send_until(graph, lambda: graph.seen["detections"] and not graph.seen["detections"][-1].detections, "reported")
        count = len(graph.seen["fused"])
        send_until(graph, lambda: len(graph.seen["fused"]) > count + 6, "nothing is fused")
        assert np.abs(newest(graph)[-1] - plain[-1]).max() > 10, "candidates are not kept"
