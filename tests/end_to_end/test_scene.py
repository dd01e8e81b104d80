"""The scene: what the images say reaches the status, the topic `scene` and the fused image."""

import time
from typing import Any, ClassVar

import numpy as np
import pytest
from std_msgs.msg import String
from textfuse.msg import BoundingBox2D, Detection2D, Detection2DArray, ObjectHypothesisWithPose

from tests.end_to_end.conftest import scene
from tests.helpers.graph import Graph

DARK, THERMAL = scene(0)
BRIGHT = np.clip(DARK * 4.0, 0, 255).astype(np.uint8)
RATE = 10  # pairs a second


class SceneGraph(Graph):
    """A graph that listens to the scene as well."""

    topics: ClassVar[dict[str, tuple[Any, str]]] = {**Graph.topics, "scene": (String, "scene")}

    def __init__(self, logs):
        super().__init__(logs)
        self.said = []

    def receive(self, name, message):
        super().receive(name, message)
        if name == "scene":
            self.said.append(time.monotonic())

    def show(self, visible, thermal, until, seconds):
        """Send pairs until something holds."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.send(visible, thermal)
            time.sleep(1 / RATE)
            if until():
                return
        raise AssertionError(f"not within {seconds} s; the scene: {[m.data for m in self.seen['scene'][-3:]]}")

    def sentence(self):
        return self.seen["scene"][-1].data if self.seen["scene"] else ""

    def newest(self):
        return self.seen["status"][-1]


@pytest.fixture(scope="module")
def graph(tmp_path_factory):
    with SceneGraph(tmp_path_factory.mktemp("logs")) as graph:
        graph.start_fusion()
        yield graph


def test_the_scene_is_told_and_auto_follows_it(graph):
    graph.show(DARK, THERMAL, lambda: "dark" in graph.sentence(), 20.0)
    status = graph.newest()
    assert "low_light" in status.estimated_modes and not status.modes and not status.auto_mode
    assert len(status.estimated_modes) == len(status.estimated_severities)
    plain = np.frombuffer(graph.seen["fused"][-1].data, np.uint8).mean()

    answer = graph.set_prompt(modes=("auto",))
    assert answer.success and answer.auto_mode and "low_light" in answer.modes
    graph.show(DARK, THERMAL, lambda: "low_light" in graph.newest().modes, 10.0)
    graph.show(DARK, THERMAL, lambda: len(graph.seen["fused"]) % 10 == 0, 5.0)
    assert np.frombuffer(graph.seen["fused"][-1].data, np.uint8).mean() > 1.2 * plain

    graph.show(BRIGHT, THERMAL, lambda: "low_light" not in graph.newest().modes, 10.0)
    graph.show(BRIGHT, THERMAL, lambda: "dark" not in graph.sentence(), 5.0)
    assert graph.newest().scene == graph.sentence()
    gaps = np.diff(graph.said)
    assert (gaps > 0.8).all(), "at most once a second"
    assert all(a.data != b.data for a, b in zip(graph.seen["scene"], graph.seen["scene"][1:], strict=False))


def test_detections_are_named(graph):
    detections = graph.node.create_publisher(Detection2DArray, "detections", 5)
    graph.wait(detections.get_subscription_count, 10.0, "nobody hears detections")
    person, message = ObjectHypothesisWithPose(), Detection2DArray()
    person.hypothesis.class_id = "person"
    box = BoundingBox2D(size_x=40.0, size_y=100.0)
    box.center.position.x = 60.0
    message.detections = [Detection2D(results=[person], bbox=box)]

    def told():
        detections.publish(message)
        return "one person left" in graph.sentence()

    graph.show(BRIGHT, THERMAL, told, 10.0)
    graph.show(BRIGHT, THERMAL, lambda: "person" not in graph.sentence(), 10.0)
    graph.node.destroy_publisher(detections)


def test_a_camera_that_is_silent_is_named(graph):
    end = time.monotonic() + 15.0
    while "thermal camera: sends nothing" not in graph.sentence() and time.monotonic() < end:
        graph.send(BRIGHT)
        time.sleep(1 / RATE)
    assert "thermal camera: sends nothing" in graph.sentence()
