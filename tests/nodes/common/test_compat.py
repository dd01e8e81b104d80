"""What differs between distributions is the same to the nodes."""

import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")

from rclpy.lifecycle import TransitionCallbackReturn

from ros2_textfuse.nodes.common.compat import LifecycleNode, rclpy_running


def test_a_transition_that_the_state_does_not_allow_is_refused():
    with rclpy_running():
        node = LifecycleNode("refusing")
        assert node.trigger_activate() == TransitionCallbackReturn.ERROR
        assert node.trigger_configure() == TransitionCallbackReturn.SUCCESS
        node.destroy_node()
