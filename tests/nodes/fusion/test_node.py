"""The fusion node in the test's own process: what its transitions leave behind."""

import logging
import threading
import time
import weakref

import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")

from rclpy.lifecycle import TransitionCallbackReturn
from sensor_msgs.msg import Image

from ros2_textfuse.errors import WeightsError
from ros2_textfuse.fuser import Fuser
from ros2_textfuse.nodes.common.compat import rclpy_running
from ros2_textfuse.nodes.common.run import StartError
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


@pytest.mark.parametrize("sends", [False, True])
def test_cleanup_gives_the_fuser_back_and_its_engines(node, sends):
    assert node.trigger_configure() == DONE
    fuser = weakref.ref(node._fuser)
    assert node.trigger_activate() == DONE
    if sends:
        for camera, encoding in (("visible", "rgb8"), ("thermal", "mono8")):
            depth = 3 if encoding == "rgb8" else 1
            image = Image(width=64, height=64, encoding=encoding, step=64 * depth, data=bytes(range(256)) * 16 * depth)
            image.header.stamp.sec = 7
            node._cameras[camera]._receive(image)
        deadline = time.monotonic() + 10
        while not node._ledger.read().pairs_fused:
            assert time.monotonic() < deadline
            time.sleep(0.01)
    assert node.trigger_deactivate() == DONE and fuser() is not None
    assert node.trigger_cleanup() == DONE and fuser() is None


def test_what_cannot_be_built_beforehand_is_a_reason_and_no_fault(node, monkeypatch, capfd):
    def complete(*_):
        raise WeightsError("clear-rain.safetensors is damaged")

    monkeypatch.setattr(Fuser, "complete", complete)
    node.build_only = True
    with pytest.raises(StartError):
        node_module._work(node, threading.Event())
    assert "clear-rain.safetensors is damaged" in "".join(capfd.readouterr())
