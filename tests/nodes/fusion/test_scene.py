"""How often the scene is looked at: 4.6 ms of the worker each time."""

from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")

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
