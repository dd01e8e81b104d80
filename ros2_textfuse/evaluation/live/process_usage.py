"""The processes of the nodes on this machine: which they are, and what they use."""

import os
from collections.abc import Sequence
from pathlib import PurePath

import psutil

from ros2_textfuse.errors import TextfuseError
from ros2_textfuse.evaluation.live.observations import Usage


class NotFoundError(TextfuseError, LookupError):
    """A node's process cannot be told; the message says why."""


def find_process(node: str, namespace: str) -> int:
    """The process id of a node, found by its command line among those of this DDS domain.

    Args:
        node: fusion, detection or player.
        namespace: of the node, without slashes at its ends.

    Raises:
        NotFoundError: there is none, or more than one, on this machine.
    """
    domain = os.environ.get("ROS_DOMAIN_ID", "0") or "0"
    found = []
    for process in psutil.process_iter():
        try:
            if runs_node(process.cmdline(), node, namespace):
                environment = process.environ()
                if (environment.get("ROS_DOMAIN_ID", "0") or "0") == domain:
                    found.append(process.pid)
        except psutil.Error:  # it has ended, or is another user's
            continue
    if len(found) != 1:
        count = f"{len(found)} processes" if found else "no process"
        raise NotFoundError(f"{count} of {namespace}/{node} on this machine")
    return found[0]


def runs_node(command: Sequence[str], node: str, namespace: str) -> bool:
    """Whether a command line is that of a node, as `ros2 launch`, `ros2 run` or `textfuse up` writes it."""
    executable = any(
        word == f"ros2_textfuse.nodes.{node}" or PurePath(word).parts[-3:] == ("lib", "textfuse", node)
        for word in command[:4]
    )
    given = [word.removeprefix("__ns:=") for word in command if word.startswith("__ns:=")]
    return executable and (given[-1].strip("/") if given else "textfuse") == namespace


def read_usage(pid: int, at: float) -> Usage | None:
    """What a process has used until now; None when it has ended.

    Args:
        pid: its id.
        at: what is to stand for now.
    """
    try:
        process = psutil.Process(pid)
        with process.oneshot():
            times, memory = process.cpu_times(), process.memory_info()
    except psutil.Error:
        return None
    return Usage(at, times.user + times.system, memory.rss / 2**20)
