"""A running graph as it was seen from outside. Nothing here knows ROS."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

STATES = ("WAITING", "OK", "DEGRADED", "VISIBLE_ONLY", "THERMAL_ONLY", "IDLE", "BUILDING", "ERROR")  # of FusionStatus
LEVELS = ("OK", "WARN", "ERROR", "STALE")  # of diagnostic_msgs/DiagnosticStatus, in their order
COUNTS = (
    "visible_received",
    "thermal_received",
    "pairs_fused",
    "passed_through",
    "thermal_held",
    "pairs_skipped",
    "clock_resets",
    "pairs_dropped",
    "visible_unpaired",
    "thermal_unpaired",
    "images_rejected",
)
"""Counters of FusionStatus."""
LOSSES = COUNTS[-4:]
STAGES = ("pairing_ms", "conversion_ms", "fusion_ms", "publish_ms", "latency_ms")
"""Times of the newest pair in FusionStatus."""
NODES = ("fusion", "detection", "player", "evaluation")
"""Processes whose processor time and memory are read; the last is the one that watches."""
OLDEST = 10_000.0  # ms; a stamp older than this is not of this moment but of a recording


@dataclass(frozen=True)
class Seen:
    """An image or a message under its image's stamp: when it came (s), the stamp, and how old that was (ms)."""

    at: float
    stamp: int
    age_ms: float


@dataclass(frozen=True)
class Status:
    """What FusionStatus said: `counts` has COUNTS, `stages` STAGES (in ms, of the image of `stamp`)."""

    at: float
    state: str
    message: str = ""
    stamp: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    stages: dict[str, float] = field(default_factory=dict)
    engine: str = ""
    prompt: str = ""


@dataclass(frozen=True)
class Diagnostic:
    """The same diagnostic of the same source, `count` times from `at` to `last`."""

    at: float
    last: float
    source: str
    level: str
    message: str
    count: int = 1


@dataclass(frozen=True)
class PromptCall:
    """A call of set_prompt, and when it was answered: in seconds, None for never, and in ns of the stamps' clock."""

    at: float
    prompt: str
    answered: float | None = None
    clock: int = 0
    accepted: bool = False
    message: str = ""


@dataclass(frozen=True)
class Usage:
    """Of a process: processor seconds since it began, and resident memory in MiB."""

    at: float
    cpu: float
    mib: float


@dataclass
class Watch:
    """Everything that was seen; all times in seconds since the first fused image.

    Args:
        images: whether the image topics were subscribed; else `visible`, `thermal` and `fused` stay empty.
        slop: of the fusion node, in seconds; None when it did not say, or holds thermal images.
        thermal_time_offset: of the fusion node, in seconds.
        unknown: what could not be watched, and why: stream or node -> reason.
        ended: processes of the scenario that ended by themselves: (name, exit code, when).
        seconds: how long was watched.
    """

    images: bool = True
    slop: float | None = None
    thermal_time_offset: float = 0.0
    visible: list[Seen] = field(default_factory=list)
    thermal: list[Seen] = field(default_factory=list)
    fused: list[Seen] = field(default_factory=list)
    detections: list[Seen] = field(default_factory=list)
    statuses: list[Status] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    prompts: list[PromptCall] = field(default_factory=list)
    usage: dict[str, list[Usage]] = field(default_factory=dict)
    unknown: dict[str, str] = field(default_factory=dict)
    ended: list[tuple[str, int, float]] = field(default_factory=list)
    seconds: float = 0.0

    def diagnose(self, at: float, source: str, level: str, message: str) -> None:
        """Note a diagnostic; what only repeats the last one of its source makes that one longer."""
        for index in range(len(self.diagnostics) - 1, -1, -1):
            known = self.diagnostics[index]
            if known.source == source:
                if (known.level, known.message) == (level, message):
                    self.diagnostics[index] = replace(known, last=at, count=known.count + 1)
                    return
                break
        self.diagnostics.append(Diagnostic(at, at, source, level, message))

    def counted_from(self, start: float) -> Watch:
        """The same with all times `start` seconds earlier."""

        def move(items: Sequence[Any]) -> list[Any]:
            return [replace(item, at=item.at - start) for item in items]

        return replace(
            self,
            visible=move(self.visible),
            thermal=move(self.thermal),
            fused=move(self.fused),
            detections=move(self.detections),
            statuses=move(self.statuses),
            diagnostics=[replace(d, at=d.at - start, last=d.last - start) for d in self.diagnostics],
            prompts=[
                replace(p, at=p.at - start, answered=None if p.answered is None else p.answered - start)
                for p in self.prompts
            ],
            usage={node: move(samples) for node, samples in self.usage.items()},
            ended=[(name, code, at - start) for name, code, at in self.ended],
        )

    @property
    def stamps_are_now(self) -> bool:
        """Whether stamps are of this moment; those that `ros2 bag play` sends are of the recording's."""
        ages = [seen.age_ms for seen in self.detections or self.fused or self.visible]
        return not ages or -1000.0 < float(np.median(ages)) < OLDEST
