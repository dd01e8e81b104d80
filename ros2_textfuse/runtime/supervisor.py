"""Keep nodes running: start again what ended, or lives and answers nothing."""

import os
import signal
import socket
import sys
import time
from collections.abc import Mapping
from subprocess import Popen
from typing import NoReturn

from ros2_textfuse.errors import TextfuseError
from ros2_textfuse.runtime import notify, shared_memory
from ros2_textfuse.runtime.processes import Processes

FIRST_DELAY, LONGEST_DELAY = 0.5, 30.0  # s before a restart: doubled with each in a row
WELL = 60.0  # s that a node runs until its next end counts as the first in a row
WEDGED = 10.0  # s without a heartbeat, after which a node is killed
POLL = 0.1  # s
REFUSED = 1  # exit code of a node that cannot start, and has said why; nodes/common/run.py returns it

RESTARTS, LAST_END = "TEXTFUSE_RESTARTS", "TEXTFUSE_LAST_END"
"""Environment variables of a node: how often it was started again, and how it ended the last time."""


class NodeRefusedError(TextfuseError, RuntimeError):
    """A node cannot start, whatever its supervisor does; the message names it. It has said why by itself."""


class Supervisor:
    """Nodes that each run until this process ends.

    A node that ends is started again, after a delay that grows while that goes on; one that has sent a heartbeat and
    then none for `wedged` seconds is killed first. Only a node that refuses its very first start ends the others too: a
    mistyped file name is for a person to cure.

    Args:
        processes: that start and end them.
        commands: by the node's name.
        wedged: seconds without a heartbeat.
    """

    def __init__(self, processes: Processes, commands: Mapping[str, list[str]], wedged: float = WEDGED) -> None:
        self._nodes = [_Node(name, command, processes, wedged) for name, command in commands.items()]

    @property
    def ready(self) -> bool:
        """Whether all nodes are ready."""
        return all(node.ready for node in self._nodes)

    def run(self) -> NoReturn:
        """Watch over the nodes until an interrupt.

        Raises:
            NodeRefusedError: a node could not be started for the first time.
        """
        heartbeat, told = notify.Heartbeat(), False
        while True:
            self.look()
            if self.ready and not told:
                notify.notify("READY=1")
                told = True
            heartbeat.beat()
            time.sleep(POLL)

    def look(self) -> None:
        """One round of `run`, which comes every POLL seconds: take what the nodes say, and do what is due."""
        for node in self._nodes:
            node.look()


class _Node:
    def __init__(self, name: str, command: list[str], processes: Processes, wedged: float) -> None:
        self.ready = False
        self._name, self._command, self._processes, self._patience = name, command, processes, wedged
        self._restarts, self._delay, self._last_end = 0, FIRST_DELAY, ""
        self._start()

    def look(self) -> None:
        """See Supervisor.look."""
        if self._process is None:
            if time.monotonic() >= self._due:
                shared_memory.remove_abandoned()
                self._start()
        elif (code := self._process.poll()) is not None:
            self._end(code, _ending(code))
        elif self._wedged():
            self._process.kill()
            self._end(self._process.wait(), f"answered nothing for {self._limit:.0f} s and was killed")

    def _start(self) -> None:
        # A socket for each process: what the last one said is not of this one.
        address = f"@textfuse/{os.getpid()}/{self._name}/{self._restarts}"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._socket.bind("\0" + address[1:])
        variables = {
            notify.SOCKET: address,
            notify.LIMIT: f"{self._patience * 1e6:.0f}",
            RESTARTS: str(self._restarts),
            LAST_END: self._last_end,
        }
        self._process: Popen | None = self._processes.start(self._name, self._command, variables=variables)
        self._started = time.monotonic()
        self._silent: float | None = None  # s since the last heartbeat; None before the first
        self._limit = self._patience

    def _wedged(self) -> bool:
        heard = False
        while message := self._receive():
            key, _, value = message.partition("=")
            if key == "READY":
                self.ready = True
            elif key == notify.LIMIT:
                self._limit = int(value) / 1e6
            heard = True
        if heard:
            self._silent = 0.0
        elif self._silent is not None:
            self._silent += POLL  # by our own rounds: on a machine that slept, nobody was silent
        return self._silent is not None and self._silent > self._limit

    def _receive(self) -> str:
        try:
            return self._socket.recv(4096).decode(errors="replace")
        except BlockingIOError:
            return ""

    def _end(self, code: int, reason: str) -> None:
        self._process = None
        self._socket.close()
        if code == REFUSED and not self._restarts and not self.ready:
            raise NodeRefusedError(f"the {self._name} node cannot start, for the reason above")
        if time.monotonic() - self._started > WELL:
            self._delay = FIRST_DELAY
        self._due = time.monotonic() + self._delay
        self._restarts += 1
        self._last_end = reason
        print(
            f"the {self._name} node {reason}; it is started again in {self._delay:g} s (restart {self._restarts})",
            file=sys.stderr,
            flush=True,
        )
        self._delay = min(2 * self._delay, LONGEST_DELAY)


def _ending(code: int) -> str:
    """How a process ended, in words, by its exit code."""
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:  # a real-time signal has no name
        return f"was ended by signal {-code}"
