"""How often the scene is looked at: 4.6 ms of the worker each time."""

from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")

from ros2_textfuse.nodes.common.detection_messages import Detection2D, Detection2DArray, ObjectHypothesisWithPose
from ros2_textfuse.nodes.fusion import scene
from ros2_textfuse.nodes.fusion.scene import PERIOD, SceneTopic

VISIBLE, THERMAL = np.zeros((4, 6, 3), np.uint8), np.zeros((4, 6), np.uint8)


class Topic:
    def __init__(self):
        self.subscribers = 0

    def get_subscription_count(self):
        return self.subscribers


class Node:
    def create_publisher(self, *_):
        return Topic()


@pytest.fixture
def watched(monkeypatch):
    """How many of the pairs of a second, ten, are looked at: if the prompt heeds them, and by who hears the status."""

    def looks(heeds, subscribers):
        taken, now = [], [100.0]
        monkeypatch.setattr(scene.time, "monotonic", lambda: now[0])
        fuser = SimpleNamespace(heeds_images=heeds, look=lambda *images: taken.append(images))
        status = Topic()
        status.subscribers = subscribers
        topic = SceneTopic(Node(), fuser, status, SimpleNamespace())
        for _ in range(10):
            topic.look(VISIBLE, THERMAL, round(now[0] * 1e9))
            now[0] += PERIOD / 10
        return len(taken)

    return looks


@pytest.mark.parametrize(("heeds", "subscribers", "looks"), [(True, 0, 10), (False, 1, 1), (False, 0, 0)])
def test_each_pair_is_offered_to_a_prompt_one_a_second_to_the_status_and_none_to_nobody(
    watched, heeds, subscribers, looks
):
    assert watched(heeds, subscribers) == looks


@pytest.mark.parametrize("x", [float("nan"), -3.0, 12.0])
def test_a_detection_beside_the_image_is_left_out(x):
    """As of a detector that sees images of another size."""
    topic = SceneTopic(Node(), SimpleNamespace(heeds_images=True, look=lambda *_: None), Topic(), SimpleNamespace())
    topic.look(VISIBLE, THERMAL, 0)
    found = [Detection2D(), Detection2D()]
    for one, centre in zip(found, (x, 3.0), strict=True):
        one.bbox.center.position.x = centre
        one.results.append(ObjectHypothesisWithPose())
    topic._take_detections(Detection2DArray(detections=found))
    assert [one.across for one in topic._objects] == [0.5]
