"""A process that hangs ends itself, and says where it hung."""

import faulthandler
import os
import signal
import subprocess
import sys

import pytest

from ros2_textfuse.runtime import notify, watchdog

HANGING = """
import ctypes, time
from ros2_textfuse.runtime.notify import Heartbeat, busy
heartbeat = Heartbeat()
heartbeat.beat()
with busy():
    time.sleep(0.6)
print("busy is not wedged", flush=True)
def hang():
    ctypes.PyDLL(None).sleep(30)  # Python's lock is held: no thread of Python's could tell
hang()
"""


def test_what_hangs_ends_itself_with_its_stack():
    variables = {**os.environ, watchdog.SECONDS: "0.4"}
    run = subprocess.run([sys.executable, "-c", HANGING], env=variables, capture_output=True, text=True, timeout=20)
    assert run.returncode == -signal.SIGALRM
    assert "busy is not wedged" in run.stdout and "in hang" in run.stderr


def test_nothing_is_timed_unless_it_was_asked_for(monkeypatch):
    monkeypatch.delenv(watchdog.SECONDS, raising=False)
    monkeypatch.setattr(signal, "setitimer", lambda *_: pytest.fail("a timer was set"))
    watchdog.put_off()
    watchdog.stop()


def test_the_end_of_a_process_is_not_timed(monkeypatch):
    """It is busy as well, and who asked for it sees to it that it comes."""
    monkeypatch.setenv(watchdog.SECONDS, "60")
    try:
        watchdog.put_off()
        assert signal.getitimer(signal.ITIMER_REAL)[0] > 0
        watchdog.stop()
        with notify.busy():
            pass
        assert signal.getitimer(signal.ITIMER_REAL)[0] == 0
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        faulthandler.unregister(signal.SIGALRM)
