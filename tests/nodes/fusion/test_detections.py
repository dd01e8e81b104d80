"""One subscription to detections for all who use them."""

import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")

from ros2_textfuse.nodes.common.detection_messages import Detection2D, Detection2DArray
from ros2_textfuse.nodes.fusion.detections import DetectionListener


class Node:
    """A node that counts its subscriptions."""

    def __init__(self):
        self.receivers = []

    def resolve_topic_name(self, name):
        return f"/textfuse/{name}"

    def create_subscription(self, kind, topic, receive, depth):
        self.receivers.append(receive)
        return receive

    def destroy_subscription(self, subscription):
        self.receivers.remove(subscription)


def test_two_share_a_subscription_that_ends_with_the_last():
    node, first, second = Node(), [], []
    listener = DetectionListener(node)
    for _ in range(2):  # to ask again changes nothing
        listener.follow(first.append, True)
        listener.follow(second.append, True)
    (receive,) = node.receivers
    earlier, later = Detection2DArray(), Detection2DArray()
    receive(earlier)
    listener.follow(first.append, False)
    receive(later)
    assert first == [earlier] and second == [earlier, later]
    listener.follow(second.append, False)
    listener.follow(second.append, False)
    assert not node.receivers


def test_tracks_are_not_passed_on():
    """They are what an earlier message said, and whoever listens carries that forward by itself."""
    node, taken = Node(), []
    DetectionListener(node).follow(taken.append, True)
    message = Detection2DArray(detections=[Detection2D()])
    message.header.stamp.sec = 7
    node.receivers[0](message)
    assert not taken
    message.detections[0].header.stamp.sec = 7
    node.receivers[0](message)
    assert taken == [message]


@pytest.mark.parametrize("what", ["outline", "candidates"])
def test_what_else_is_detected_has_one_subscription_while_somebody_takes_it(what):
    node, first, second = Node(), [], []
    listen = getattr(DetectionListener(node), what)
    listen(None)
    assert not node.receivers
    listen(first.append)
    listen(second.append)
    (receive,) = node.receivers
    receive("a message")
    assert (first, second) == ([], ["a message"])
    listen(None)
    assert not node.receivers


def test_what_belongs_to_detections_is_served_before_them():
    """rclpy serves subscriptions that are ready in the order in which they were made."""
    node, detections = Node(), []
    listener = DetectionListener(node)
    listener.follow(detections.append, True)
    for change in (listener.outline, listener.candidates):
        change(print)
        node.receivers[-1](Detection2DArray())
        assert len(node.receivers) == 1 + (change == listener.outline) + 2 * (change == listener.candidates)
    assert len(detections) == 2
