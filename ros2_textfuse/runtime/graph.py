"""A graph of nodes as processes: started with a log each, waited for, and ended together."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from subprocess import Popen
from typing import Any

from ros2_textfuse.errors import TextfuseError
from ros2_textfuse.runtime.processes import Processes, node_command

START_PATIENCE = 180.0  # s: the first start may fetch the detector's weights and build engines
LOOK = 0.02  # s between two looks at what is waited for
TAIL = 12  # lines of each log in a message


class GraphError(TextfuseError, RuntimeError):
    """Nodes did not come to what was waited for; the message says which, and what they said last."""


class NodeGraph:
    """Nodes of this package, each a process with a log of its own; use it in a `with` block.

    Nodes that are tested, evaluated or shown to a user start here, so that there is one way to wait for them and one
    to end them.

    Args:
        logs: folder for NODE.log of each node; made where it is missing.
        namespace: of all nodes, without the leading slash.
    """

    def __init__(self, logs: Path, namespace: str = "textfuse") -> None:
        self.logs, self.namespace = logs, namespace
        self.processes = Processes()
        self._logs: dict[str, Path] = {}

    def start(
        self,
        node: str,
        parameters: Mapping[str, object] | None = None,
        remappings: Mapping[str, str] | None = None,
        params_file: Path | None = None,
        log: str = "",
    ) -> Popen:
        """Start a node, in place of one of its name that has ended.

        Args:
            node: fusion, detection, player or view.
            parameters: win over those of the file.
            remappings: from a topic to another.
            params_file: YAML.
            log: name of its log without .log; the node's own by default.
        """
        self.logs.mkdir(parents=True, exist_ok=True)
        self._logs[node] = self.logs / f"{log or node}.log"
        command = node_command(node, self.namespace, parameters, remappings, params_file)
        return self.processes.start(node, command, log=self._logs[node])

    def log(self, node: str) -> str:
        """What a node that was started here has written."""
        return self._logs[node].read_text(errors="replace")

    def wait(
        self,
        condition: Callable[[], Any],
        seconds: float,
        complaint: str | Callable[[], str],
        while_alive: bool = True,
    ) -> Any:
        """Wait until a condition is true; returns what it returned.

        Args:
            condition: called again and again.
            seconds: patience.
            complaint: of the error, where patience ends: what did not happen.
            while_alive: whether to give up when a node ends; a player that ends well has played all.

        Raises:
            GraphError: it did not become true in time, or a node ended.
        """
        deadline = time.monotonic() + seconds
        while not (result := condition()):
            if while_alive and (failed := self._failed()):
                raise GraphError(f"{failed[0]} ended with exit code {failed[1]}: {self._reason(failed[0])}")
            if time.monotonic() > deadline:
                text = complaint if isinstance(complaint, str) else complaint()
                raise GraphError(f"{text} (waited {seconds:.0f} s)" + "".join(map(self._tail, self._logs)))
            time.sleep(LOOK)
        return result

    def __enter__(self) -> "NodeGraph":
        self.processes.__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        self.processes.__exit__(*exception)

    def _failed(self) -> tuple[str, int] | None:
        ended = self.processes.exit_codes()
        return next(((node, code) for node, code in ended.items() if code or node != "player"), None)

    def _reason(self, node: str) -> str:
        """What a node that ended gave as its reason, else the last that it wrote."""
        reasons = [line for line in self.log(node).splitlines() if "[FATAL]" in line or "[ERROR]" in line]
        return reasons[-1] if reasons else self._tail(node)

    def _tail(self, node: str) -> str:
        return "\n".join([f"\n--- {self._logs[node]}", *self.log(node).splitlines()[-TAIL:]])
