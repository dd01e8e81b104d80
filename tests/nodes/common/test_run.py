"""A node's heartbeat stops with its executor, or when the node says that something of it is stuck."""

import os
import signal
import socket
import threading

import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")

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


class StandIn:
    """An executor without a node."""

    def add_node(self, node):
        pass

    def spin_once(self, timeout_sec):
        threading.Event().wait(0.05)
