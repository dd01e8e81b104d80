"""A node's heartbeat stops with its executor, or when the node says that something of it is stuck."""

import os
import signal
import socket
import threading

import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")

from rclpy.node import Node

from ros2_textfuse.nodes.common import run as run_module
from ros2_textfuse.runtime import interrupts, notify


@pytest.fixture(autouse=True)
def signals():
    """As they were, after a node's end: it ignores them to the last, and the processes of other tests would as well."""
    previous = {number: signal.getsignal(number) for number in interrupts.SIGNALS}
    yield
    for number, handler in previous.items():
        signal.signal(number, handler)


@pytest.mark.parametrize(("alive", "beats"), [(True, True), (False, False)])
def test_the_heartbeat_says_whether_the_node_lives(monkeypatch, alive, beats):
    monkeypatch.setattr(notify, "HEARTBEAT", 0.05)
    monkeypatch.setattr(run_module, "SingleThreadedExecutor", StandIn)
    address = f"@textfuse/test/{os.getpid()}/{alive}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as supervisor:
        supervisor.bind("\0" + address[1:])
        monkeypatch.setenv(notify.SOCKET, address)
        over = threading.Event()
        threading.Timer(0.5, over.set).start()
        run_module.spin(None, over, lambda: alive)
        try:
            assert supervisor.recv(100) == b"WATCHDOG=1" and beats
        except BlockingIOError:
            assert not beats


@pytest.mark.parametrize("words", [["--visible", "/cam"], ["visible=/cam", "--ros-args", "-p", "slop:=0.1"]], ids=str)
def test_what_ros_passes_over_is_refused(monkeypatch, capfd, words):
    """`ros2 run textfuse fusion --visible /cam` would listen to another topic."""
    monkeypatch.setattr(run_module.sys, "argv", ["fusion", *words])
    assert run_module.run("fusion", lambda: pytest.fail("it started"), (), "") == run_module.REFUSED
    assert f"unknown argument {words[0]}" in "".join(capfd.readouterr())


def test_an_interrupt_while_a_node_is_imported_is_a_clean_end(monkeypatch, capfd):
    monkeypatch.setattr(run_module.sys, "argv", ["player"])
    interrupts.hold()
    signal.raise_signal(signal.SIGINT)
    assert run_module.run("player", lambda: pytest.fail("it started"), (), "") == 0
    assert "".join(capfd.readouterr()) == ""


@pytest.mark.parametrize(
    ("error", "code", "where"),
    [
        (ValueError("operands could not be broadcast"), os.EX_SOFTWARE, "Traceback"),  # a fault, of NumPy's kind
        (run_module.StartError("the recording is damaged"), run_module.REFUSED, "FATAL"),
    ],
    ids=["a fault", "a reason"],
)
def test_only_a_reason_to_refuse_is_told_without_its_place(monkeypatch, capfd, error, code, where):
    def work(node, interrupted):
        raise error

    monkeypatch.setattr(run_module.sys, "argv", ["player"])
    assert run_module.run("player", lambda: Node("worker"), (), "", work=work) == code
    said = "".join(capfd.readouterr())
    assert str(error) in said and where in said


def test_a_wrong_parameter_is_a_reason_to_refuse(monkeypatch, capfd):
    def make_node():
        raise ValueError("parameter slop is -1: expected 0 or more")

    monkeypatch.setattr(run_module.sys, "argv", ["player"])
    assert run_module.run("player", make_node, (), "") == run_module.REFUSED
    said = "".join(capfd.readouterr())
    assert "parameter slop is -1" in said and "Traceback" not in said


class StandIn:
    """An executor without a node."""

    def add_node(self, node):
        pass

    def spin_once(self, timeout_sec):
        threading.Event().wait(0.05)
