"""The first thing that the terminal says after activation: that images are fused, or why none are. No ROS in it."""

import time
from collections.abc import Callable
from typing import Any

PATIENCE = 4.0  # s without a fused pair; the line is there within five


class Opening:
    """Says one line a person waits for, once; and the other one, if that comes later.

    Args:
        topic: of the fused images.
        inform: logs what is well.
        warn: logs what is not.
        clock: seconds.
    """

    def __init__(
        self,
        topic: str,
        inform: Callable[[str], Any],
        warn: Callable[[str], Any],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._topic, self._inform, self._warn, self._clock = topic, inform, warn, clock
        self._began = clock()
        self._fused = self._warned = False

    def look(self, status: Any) -> None:
        """To be called with each FusionStatus that is published."""
        if self._fused:
            return
        if status.pairs_fused:
            self._fused = True
            self._inform(f"first pair fused: {status.latency_ms:.0f} ms on {status.engine}, published on {self._topic}")
        elif not self._warned and self._clock() - self._began >= PATIENCE:
            self._warned = True
            self._warn(f"no pair fused yet: {status.message or status.state}")
