"""What became of the frames of late, counted without ROS."""

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

WINDOW = 5.0  # s, what "of late" means
TOLERATED = 0.05  # share of frames that may be dropped before it is worth a warning


@dataclass(frozen=True)
class Report:
    """The last WINDOW seconds."""

    received: int
    dropped: int
    rate: float
    """Frames a second in which was detected."""
    tracked: float
    """Frames a second that tracks covered."""
    streams: tuple[str, ...]
    """Looked at in the newest frame."""
    fault: str
    """Why detection in the newest frame failed; empty when it did not."""

    @property
    def behind(self) -> str:
        """What to say of a detector that does not keep up; empty when it does."""
        if self.dropped <= TOLERATED * self.received:
            return ""
        return (
            f"dropped {self.dropped} of {self.received} frames in the last {WINDOW:g} s: the detector is slower than "
            "its input; look at fewer streams, choose a faster engine, or lower the rate of the cameras"
        )


class Ledger:
    """Counts frames; a callback and a worker may both write. Times are seconds on a clock that does not jump."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._received: deque[float] = deque()
        self._dropped: deque[float] = deque()
        self._detected: deque[float] = deque()
        self._tracked: deque[float] = deque()
        self._streams: tuple[str, ...] = ()
        self._fault = ""

    def receive(self, now: float, dropped: bool) -> None:
        """Note a frame; dropped: another one gave way to it."""
        with self._lock:
            self._received.append(now)
            if dropped:
                self._dropped.append(now)

    def detect(self, now: float, streams: Sequence[str]) -> None:
        """Note that a frame's detections were published, and what was looked at."""
        with self._lock:
            self._detected.append(now)
            self._streams, self._fault = tuple(streams), ""

    def track(self, now: float) -> None:
        """Note that tracks were published for a frame."""
        with self._lock:
            self._tracked.append(now)

    def fail(self, fault: str) -> None:
        """Note why detection in a frame failed."""
        with self._lock:
            self._fault = fault

    def read(self, now: float) -> Report:
        """What became of the frames of the last WINDOW seconds."""
        with self._lock:
            for times in (self._received, self._dropped, self._detected, self._tracked):
                while times and times[0] < now - WINDOW:
                    times.popleft()
            rate, tracked = len(self._detected) / WINDOW, len(self._tracked) / WINDOW
            return Report(len(self._received), len(self._dropped), rate, tracked, self._streams, self._fault)
