"""The service that changes the prompt, over DDS, with sentences that take their time."""

import threading
import time
from types import SimpleNamespace

import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")

from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from textfuse.srv import SetPrompt

from ros2_textfuse.nodes.common.compat import rclpy_running
from ros2_textfuse.nodes.fusion import prompt_service
from ros2_textfuse.nodes.fusion.prompt_service import PromptService
from ros2_textfuse.prompts.prompt import Prompt, PromptError


class SlowFuser:
    """Takes prompts when it is let."""

    def __init__(self):
        self.may, self.taken = threading.Event(), []

    def set_prompt(self, text, modes, severity, objects, balance):
        assert self.may.wait(10)
        if not text:
            raise PromptError("nothing was said")
        self.taken.append((text, threading.current_thread() is threading.main_thread()))
        return Prompt(text)


@pytest.fixture
def graph(monkeypatch):
    monkeypatch.setattr(prompt_service, "fill_prompt", lambda response, fuser: None)
    context = Context()
    with rclpy_running(context=context):
        node, caller = (Node(name, namespace="prompts", context=context) for name in ("server", "caller"))
        executor = SingleThreadedExecutor(context=context)
        executor.add_node(node)
        executor.add_node(caller)
        client = caller.create_client(SetPrompt, "set_prompt")
        changed = []
        fuser = SlowFuser()
        service = PromptService(node, fuser, lambda: changed.append(threading.current_thread()), lambda: "a note")
        assert client.wait_for_service(10)

        def until(condition, seconds=10.0):
            end = time.monotonic() + seconds
            while not condition() and time.monotonic() < end:
                executor.spin_once(timeout_sec=0.1)
            return condition()

        yield SimpleNamespace(
            node=node, caller=caller, client=client, service=service, fuser=fuser, changed=changed, until=until
        )
        executor.shutdown()
        node.destroy_node()
        caller.destroy_node()


def test_nothing_waits_for_a_sentence_that_is_read(graph):
    ticks = []
    graph.node.create_timer(0.01, lambda: ticks.append(time.monotonic()))
    answer = graph.client.call_async(SetPrompt.Request(prompt="fog"))
    assert graph.until(lambda: graph.service._answering)
    before = len(ticks)
    assert graph.until(lambda: len(ticks) > before + 10) and not answer.done()
    graph.fuser.may.set()
    assert graph.until(answer.done)
    assert answer.result().success and answer.result().message.endswith("a note")
    assert graph.fuser.taken == [("fog", False)] and graph.changed == [threading.main_thread()]


def test_calls_are_answered_in_their_order(graph):
    answers = [graph.client.call_async(SetPrompt.Request(prompt=text)) for text in ("one", "two", "", "three")]
    graph.fuser.may.set()
    assert graph.until(lambda: all(answer.done() for answer in answers))
    assert [text for text, _ in graph.fuser.taken] == ["one", "two", "three"]
    refused = answers[2].result()
    assert not refused.success and "nothing was said" in refused.message and len(graph.changed) == 3


def test_what_is_being_read_is_answered_before_the_service_goes(graph):
    answer = graph.client.call_async(SetPrompt.Request(prompt="fog"))
    assert graph.until(lambda: graph.service._answering)
    graph.service.destroy()
    graph.fuser.may.set()
    assert graph.until(answer.done) and answer.result().success
    assert graph.until(lambda: not list(graph.node.services) or "set_prompt" not in _names(graph.node))


def _names(node):
    return " ".join(service.srv_name for service in node.services)
