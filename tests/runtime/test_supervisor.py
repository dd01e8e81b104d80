"""Nodes that end or hang are started again; the nodes here are scripts that speak as nodes do."""

import sys
import time

import pytest

from ros2_textfuse.runtime import supervisor
from ros2_textfuse.runtime.processes import Processes
from ros2_textfuse.runtime.supervisor import NodeRefusedError, Supervisor

NODE = """
import os, sys, time
from ros2_textfuse.runtime.notify import busy, notify
with open(sys.argv[1], "a") as log:
    print(os.environ["TEXTFUSE_RESTARTS"], os.environ["TEXTFUSE_LAST_END"], sep="|", file=log)
notify("READY=1")
for number in range(1000):
    notify("WATCHDOG=1")
    time.sleep(0.05)
    if number == 4:
        {fate}
"""
WEDGED = 1.0  # s


@pytest.fixture
def supervise(tmp_path, monkeypatch):
    """A function that starts nodes with a fate each, runs them for some seconds, and returns their starts by name."""
    monkeypatch.setattr(supervisor, "FIRST_DELAY", 0.2)

    def supervise(seconds, **fates):
        commands = {
            name: [sys.executable, "-c", NODE.format(fate=fate), str(tmp_path / name)] for name, fate in fates.items()
        }
        with Processes() as processes:
            watch = Supervisor(processes, commands, WEDGED)
            deadline = time.monotonic() + seconds
            while time.monotonic() < deadline:
                watch.look()
                time.sleep(supervisor.POLL)
            assert watch.ready
        return {name: (tmp_path / name).read_text().splitlines() for name in fates}

    return supervise


def test_what_ends_is_started_again_later_and_later(supervise, capfd):
    """And the other goes on. Restarts after 0.2, 0.4, 0.8, 1.6 s, each life some 0.5 s: four in 5 s, not ten."""
    starts = supervise(5.0, crashing="os.abort()", well="pass")
    assert starts["well"] == ["0|"]
    assert 3 <= len(starts["crashing"]) <= 5
    assert starts["crashing"][:3] == ["0|", "1|was ended by SIGABRT", "2|was ended by SIGABRT"]
    assert "crashing node was ended by SIGABRT; it is started again in 0.2 s (restart 1)" in capfd.readouterr().err


def test_what_answers_nothing_is_killed_and_started_again(supervise):
    """A stopped process is the hardest case: it takes no signal but SIGKILL. What says that it is busy is let be."""
    starts = supervise(3.5, wedged="os.kill(os.getpid(), 19)", busy="with busy(): time.sleep(60)")
    assert starts["wedged"][:2] == ["0|", "1|answered nothing for 1 s and was killed"]
    assert starts["busy"] == ["0|"]


def test_a_first_start_that_is_refused_ends_all(tmp_path):
    refusing = [sys.executable, "-c", "raise SystemExit(1)"]
    with Processes() as processes, pytest.raises(NodeRefusedError, match="fusion node cannot start"):
        Supervisor(processes, {"fusion": refusing}).run()


def test_a_crash_during_the_first_start_is_no_refusal(tmp_path):
    crashing = [sys.executable, "-c", f"open('{tmp_path}/starts', 'a').write('x'); import os; os.abort()"]
    with Processes() as processes:
        watch = Supervisor(processes, {"fusion": crashing})
        deadline = time.monotonic() + 10.0
        while (tmp_path / "starts").read_text() != "xx" if (tmp_path / "starts").exists() else True:
            assert time.monotonic() < deadline
            watch.look()
            time.sleep(supervisor.POLL)
