"""Start the nodes as processes of their own, and end them."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ros2_textfuse.runtime import environment, interrupts, notify, parent

# A process group of its own: Ctrl-C then reaches us alone, and each node gets one signal, not two. But our session:
# Linux shares the processor between sessions first, and niceness counts only within one.
OWN_GROUP: dict[str, Any] = {"process_group": 0} if sys.version_info >= (3, 11) else {"preexec_fn": os.setpgrp}

PATIENCE = 10.0  # s between a polite request to end and the end

# `python -m` looks for modules in the current folder first, and a random.py that lies there would run inside a node.
# PYTHONPATH stays as the distribution set it.
WITHOUT_FOLDER = (
    "import sys; sys.path.remove(''); import runpy; runpy.run_module(sys.argv.pop(1), None, '__main__', True)"
)
if sys.version_info >= (3, 11):
    RUN_MODULE = [sys.executable, "-P", "-m"]
else:
    RUN_MODULE = [sys.executable, "-c", WITHOUT_FOLDER]


def node_command(
    node: str,
    namespace: str = "textfuse",
    parameters: Mapping[str, object] | None = None,
    remappings: Mapping[str, str] | None = None,
    params_file: Path | None = None,
) -> list[str]:
    """The command line of a node.

    Args:
        node: fusion, detection, player or view.
        namespace: without the leading slash.
        parameters: win over those of the file.
        remappings: from a topic to another.
        params_file: YAML.
    """
    command = [*RUN_MODULE, f"ros2_textfuse.nodes.{node}", "--ros-args", "-r", f"__ns:=/{namespace.strip('/')}"]
    if params_file:
        command += ["--params-file", str(params_file)]
    for name, value in (parameters or {}).items():
        # JSON is YAML, and quotes what YAML would take for something else.
        command += ["-p", f"{name}:={json.dumps(value)}"]
    for source, target in (remappings or {}).items():
        command += ["-r", f"{source}:={target}"]
    return command


class Processes:
    """Child processes that end together; use it in a `with` block.

    They also end when this process does, however it ends: by a signal, by SIGKILL, or with its terminal.
    """

    def __init__(self) -> None:
        self._running: dict[str, subprocess.Popen] = {}

    def start(
        self, name: str, command: list[str], log: Path | None = None, variables: Mapping[str, str] | None = None
    ) -> subprocess.Popen:
        """Start a process.

        Args:
            name: for `exit_codes`; another of that name that still runs goes by its process id as well.
            command: and its arguments.
            log: file for its output; None for the terminal.
            variables: added to its environment.
        """
        environment.prepare()
        inherited = dict(os.environ)
        inherited.pop(notify.SOCKET, None)  # a service manager listens to this process, not to its children
        variables = {**inherited, parent.PARENT: str(os.getpid()), **(variables or {})}
        with (log or Path(os.devnull)).open("w") as output:
            target = output if log else None
            process = subprocess.Popen(command, stdout=target, stderr=target, env=variables, **OWN_GROUP)
        if name in self._running and self._running[name].poll() is None:
            self._running[f"{name} {self._running[name].pid}"] = self._running[name]  # it ends with the others
        self._running[name] = process
        return process

    def ended(self) -> tuple[str, int] | None:
        """Name and exit code of a process that has ended, if one has."""
        return next(iter(self.exit_codes().items()), None)

    def exit_codes(self) -> dict[str, int]:
        """Names and exit codes of all processes that have ended."""
        codes = {name: process.poll() for name, process in self._running.items()}
        return {name: code for name, code in codes.items() if code is not None}

    def __enter__(self) -> "Processes":
        return self

    def __exit__(self, *_: object) -> None:
        """Ask all to end, and kill what is left after PATIENCE; a second Ctrl-C changes nothing about that."""
        with interrupts.ignored():
            for process in self._running.values():
                if process.poll() is None:
                    process.send_signal(signal.SIGTERM)
            deadline = time.monotonic() + PATIENCE
            for process in self._running.values():
                try:
                    process.wait(max(0.0, deadline - time.monotonic()))
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
