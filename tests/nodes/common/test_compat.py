"""What differs between distributions is the same to the nodes."""

import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")

from rclpy.lifecycle import TransitionCallbackReturn

from ros2_textfuse.nodes.common.compat import LifecycleNode, rclpy_running, told


def test_a_transition_that_the_state_does_not_allow_is_refused():
    with rclpy_running():
        node = LifecycleNode("refusing")
        assert node.trigger_activate() == TransitionCallbackReturn.ERROR
        assert node.trigger_configure() == TransitionCallbackReturn.SUCCESS
        node.destroy_node()


class Breaking(LifecycleNode):
    """Cannot be configured, for a reason that nobody foresaw."""

    @told
    def on_configure(self, state):
        raise ZeroDivisionError("an unforeseen reason")


def test_what_a_transition_raises_is_told(capfd):
    with rclpy_running():
        node = Breaking("breaking")
        assert node.trigger_configure() == TransitionCallbackReturn.ERROR
        node.destroy_node()
    told_of = "".join(capfd.readouterr())
    assert "on_configure broke off" in told_of and "ZeroDivisionError: an unforeseen reason" in told_of
