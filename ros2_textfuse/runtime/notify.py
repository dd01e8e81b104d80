"""Tell who started this process that it is ready, and that it lives: systemd's sd_notify protocol, sd_notify(3).

`textfuse up` listens to its nodes as systemd listens to a service of Type=notify, so that a node says it in one way.
"""

import contextlib
import os
import socket
import time
from collections.abc import Iterator

from ros2_textfuse.runtime import watchdog

SOCKET = "NOTIFY_SOCKET"
"""Environment variable: path of a unix datagram socket, or its abstract name after an @; unset where nobody listens."""

LIMIT = "WATCHDOG_USEC"
"""Environment variable: microseconds without a heartbeat, after which this process counts as wedged."""

HEARTBEAT = 1.0  # s
BUSY = 3600.0  # s for what takes long and is not wedged, as building a TensorRT engine on a Jetson


def notify(state: str) -> None:
    """Send one line, as "READY=1"; nothing where nobody listens, or nobody listens any more."""
    address = os.environ.get(SOCKET, "")
    if not address:
        return
    name = "\0" + address[1:] if address.startswith("@") else address
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as sender,
        contextlib.suppress(OSError),
    ):
        sender.sendto(state.encode(), name)


class Heartbeat:
    """Says that a loop still turns: call `beat` in each round, however many they are."""

    def __init__(self) -> None:
        self._due = 0.0

    def beat(self) -> None:
        """Send a heartbeat when one is due."""
        now = time.monotonic()
        if now >= self._due:
            self._due = now + HEARTBEAT
            notify("WATCHDOG=1")
            watchdog.put_off()


@contextlib.contextmanager
def busy() -> Iterator[None]:
    """Around what takes long in the loop that beats: it is not taken for wedged meanwhile."""
    usual = os.environ.get(LIMIT)
    watchdog.put_off(BUSY)
    if usual is not None:
        notify(f"{LIMIT}={BUSY * 1e6:.0f}")
    try:
        yield
    finally:
        watchdog.put_off()
        if usual is not None:
            notify(f"{LIMIT}={usual}")
            notify("WATCHDOG=1")
