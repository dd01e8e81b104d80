"""What has happened since activation, written by several threads and read as a whole. No ROS in it."""

import statistics
import threading
from collections import deque
from dataclasses import dataclass, replace

WINDOW = 5.0  # s, what "of late" means
LEAST = 5  # pairs in it


@dataclass(frozen=True)
class Stages:
    """Milliseconds of one pair on its way; the names are those of FusionStatus."""

    pairing_ms: float = 0.0
    conversion_ms: float = 0.0
    fusion_ms: float = 0.0
    publish_ms: float = 0.0
    latency_ms: float = 0.0
    pair_skew_ms: float = 0.0


@dataclass(frozen=True)
class Account:
    """Counts and the newest events; times are seconds of the caller's clock, None for never.

    Counts have the names of FusionStatus.
    """

    pairs_fused: int = 0
    pairs_dropped: int = 0
    overruns: int = 0
    """Of the dropped ones, those for which a newer one came before the worker was free."""
    pairs_skipped: int = 0
    passed_through: int = 0
    images_rejected: int = 0
    prompt_changes: int = 0
    stamp: int = 0
    """Nanoseconds, of what was published last."""
    frame_id: str = ""
    fault: str = ""
    """Why the newest image could not be fused; empty when it could."""
    last_rejected: float | None = None
    last_fused: float | None = None
    last_passed: float | None = None
    stages: Stages = Stages()


class Ledger:
    """The account, under a lock: each call is one change, and a reader never sees half of it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._latencies: deque[tuple[float, float]] = deque(maxlen=1000)  # when, and how long in ms
        self._account = Account()

    def read(self) -> Account:
        """The account as it is now."""
        return self._account  # an immutable object in one attribute

    def latency(self, now: float) -> float:
        """Median of the latencies of late in milliseconds; 0 where there were too few to tell."""
        with self._lock:
            recent = [latency for at, latency in self._latencies if at >= now - WINDOW]
        return statistics.median(recent) if len(recent) >= LEAST else 0.0

    def drop(self) -> None:
        """A pair was given up."""
        self._change(pairs_dropped=1)

    def overrun(self, pairs: int) -> None:
        """Pairs were given up because newer ones came."""
        self._change(pairs_dropped=pairs, overruns=pairs)

    def skip(self) -> None:
        """Nobody wanted a pair."""
        self._change(pairs_skipped=1)

    def change_prompt(self) -> None:
        """The active prompt has changed."""
        self._change(prompt_changes=1)

    def reject(self, now: float, reason: str) -> None:
        """An image could not be used."""
        self._change(images_rejected=1, set_={"last_rejected": now, "fault": reason})

    def fuse(self, now: float, stamp: int, frame_id: str, stages: Stages) -> None:
        """A pair was fused and published."""
        with self._lock:
            self._latencies.append((now, stages.latency_ms))
        done = {"last_fused": now, "last_passed": None, "fault": "", "stages": stages}
        self._change(pairs_fused=1, set_={**done, "stamp": stamp, "frame_id": frame_id})

    def pass_through(self, now: float, stamp: int, frame_id: str) -> None:
        """The image of one camera was published."""
        self._change(passed_through=1, set_={"last_passed": now, "fault": "", "stamp": stamp, "frame_id": frame_id})

    def _change(self, set_: dict[str, object] | None = None, **increments: int) -> None:
        with self._lock:
            counts = {name: getattr(self._account, name) + by for name, by in increments.items()}
            self._account = replace(self._account, **counts, **(set_ or {}))  # type: ignore[arg-type]
