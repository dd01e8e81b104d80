"""The fusion node in the test's own process: what its transitions leave behind."""

import logging
import threading

import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")

from rclpy.lifecycle import TransitionCallbackReturn

from ros2_textfuse.nodes.common.compat import rclpy_running
from ros2_textfuse.nodes.fusion import node as node_module
from ros2_textfuse.nodes.fusion.node import FusionNode

DONE, BROKEN_OFF = TransitionCallbackReturn.SUCCESS, TransitionCallbackReturn.ERROR
PARAMETERS = {"autostart": "false", "model": "pico", "engine": "eager", "width": "64", "height": "64"}


@pytest.fixture
def node(monkeypatch):
    core = logging.getLogger("ros2_textfuse")
    before = core.level, core.handlers, core.propagate
    monkeypatch.setattr(node_module, "understand", lambda text: None)  # nobody says anything here
    words = [word for name, value in PARAMETERS.items() for word in ("-p", f"{name}:={value}")]
    with rclpy_running(args=["--ros-args", *words]):
        node = FusionNode()
        yield node
        node.destroy_node()
    core.level, core.handlers, core.propagate = before


def raising(*_, **__):
    """A part that cannot be made."""
    raise ZeroDivisionError("an unforeseen reason")


def belongings(node):
    """What a node has of its own: names of its topics, services and threads, and how many timers."""
    topics = [one.topic_name for one in (*node.publishers, *node.subscriptions)]
    services = [service.srv_name for service in node.services]
    threads = [thread.name for thread in threading.enumerate() if thread.name in ("worker", "finisher", "completing")]
    return sorted(topics), sorted(services), threads, len(list(node.timers))


@pytest.mark.parametrize("part", ["PromptService", "Geometry", "SceneTopic", "Reporter"])
def test_a_transition_that_breaks_off_leaves_nothing_and_the_node_can_be_configured_anew(
    node, part, monkeypatch, capfd
):
    before = belongings(node)
    with monkeypatch.context() as broken:
        broken.setattr(node_module, part, raising)
        if node.trigger_configure() == DONE:
            assert node.trigger_activate() == BROKEN_OFF
    assert "ZeroDivisionError: an unforeseen reason" in "".join(capfd.readouterr())
    assert belongings(node) == before
    assert node.trigger_configure() == DONE and node.trigger_activate() == DONE
    assert node.trigger_deactivate() == DONE and node.trigger_cleanup() == DONE
    assert belongings(node) == before
