"""One recording: its frames fused and measured, in one go or in stretches, and put into the store."""

import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ros2_textfuse.batch.objects import ObjectFinder
from ros2_textfuse.evaluation.offline import replay
from ros2_textfuse.evaluation.offline.source import Asked, open_source
from ros2_textfuse.fleet import finished
from ros2_textfuse.fleet.files import is_remote, on_this_machine
from ros2_textfuse.fleet.finished import Finished, Measured
from ros2_textfuse.fleet.measuring import FrameMeasure
from ros2_textfuse.fleet.recipe import Recipe
from ros2_textfuse.fleet.schema import IMAGES
from ros2_textfuse.fleet.sources import Source
from ros2_textfuse.fleet.store import Store
from ros2_textfuse.fleet.stretches import Cut, cuts, stretch, why_whole
from ros2_textfuse.fuser import Fuser
from ros2_textfuse.recordings.frames import Tally, most_pairs
from ros2_textfuse.recordings.types import RecordingError
from ros2_textfuse.runtime import machine

STRETCH = 1800  # pairs; a minute at 30 Hz takes a core two to three minutes


@dataclass(frozen=True)
class Job:
    """What all recordings of a run have in common."""

    recipe: Recipe
    store: Store
    threads: int = 0
    """Of one worker's engine; 0 for the engine's own choice, where one worker has the machine for itself."""
    stretch: int = STRETCH
    """Pairs of a stretch, at least; a recording is cut where it has two and more."""


@dataclass(frozen=True)
class Task:
    """One recording to evaluate."""

    source: Source
    content: str
    key: str
    size: int = 0
    """Bytes, for progress."""


@dataclass(frozen=True)
class Part:
    """One stretch of a recording to evaluate."""

    task: Task
    cut: Cut | None
    """Where it begins; None for the beginning of the recording."""
    until: int
    """Number of the first pair behind it."""

    @property
    def first(self) -> int:
        """Number of its first pair."""
        return self.cut.first if self.cut else 0


Spread = Callable[[Iterable[Part]], Sequence[Measured]]
"""Evaluates parts side by side, as they come, and returns them in their order."""


def evaluate(job: Job, task: Task, spread: Spread | None = None) -> int:
    """Evaluate a recording into its file of the store; what is wrong with the recording is written there as well.

    Args:
        job: what all have in common.
        task: the recording.
        spread: has stretches of a long recording evaluated elsewhere; None to do them here, one after the other.

    Returns:
        How many frames were measured.

    Raises:
        StoreError: the file cannot be written.
        OSError: the recording cannot be fetched.
        WeightsError, EngineError, DetectorError, CalibrationError: this machine cannot fuse it.
    """
    recording: dict[str, Any] = {
        "key": task.key,
        "content": task.content,
        "source": task.source.paths[0],
        "thermal_source": "".join(task.source.paths[1:]),
        **_here(),
        "model": job.recipe.description["model"],
        **dict.fromkeys(("duration", "period", "fuse_ms")),
        **dict.fromkeys(("visible_images", "thermal_images", "pairs", "evaluated"), 0),
        **{"exclusions": "{}", "damage": "", "error": "", "engine": "", "stretches": 1},
    }
    frames: list[dict[str, Any]] = []
    try:
        with on_this_machine(task.source.paths) as paths:
            here = replace(task, source=replace(task.source, paths=tuple(paths)))
            frames = _measured(job, here, recording, None if is_remote(task.source.paths[0]) else spread)
    except RecordingError as error:  # anything else is a fault of this machine, or of the settings
        recording["error"] = str(error)
    if not frames and not recording["error"]:
        reasons = [f"{count} × {reason}" for reason, count in json.loads(recording["exclusions"]).items()]
        recording["error"] = "no pair could be measured: " + (
            "; ".join(reasons) or recording["damage"] or "there is none"
        )
    job.store.put(task.key, recording, frames)
    if recording["stretches"] > 1:
        finished.forget(job.store, [task.key])
    return len(frames)


@cache
def _here() -> dict[str, str]:
    """What evaluates: read once, since that takes longer than to find out that a file is no bag."""
    return {"version": machine.version(), "machine": machine.describe()["processor"]}


def _measured(job: Job, task: Task, recording: dict[str, Any], spread: Spread | None) -> list[dict[str, Any]]:
    """The rows of frames; what is known of the recording goes into its columns."""
    here = _Here(job, task)
    tally = Tally.from_recording(here.source.recording)
    recording |= {"duration": here.source.recording.duration, "period": here.period}
    long = here.pairs >= 2 * job.stretch
    if long and not why_whole(here.source.recording, here.source.ordered, here.objects):
        found = here.parts(tally)
        parts = list(spread(found) if spread else _one_by_one(job, found))
    else:
        parts = [here.measure(here.source.recording, None, None, tally)]
    frames = [frame for part in parts for frame in part.frames]
    _keep_worst(frames)
    excluded = tally.excluded.copy()
    for part in parts:
        excluded.update(part.excluded)
    took = [milliseconds for part in parts for milliseconds in part.took]
    recording |= {
        "visible_images": tally.received["visible"],
        "thermal_images": tally.received["thermal"],
        "pairs": tally.paired,
        "evaluated": len(frames),
        "exclusions": json.dumps(excluded, sort_keys=True),
        "damage": tally.damage,
        "stretches": len(parts),
        "fuse_ms": float(np.median(took)) if took else None,
        "engine": parts[0].engine,
    }
    return frames


def evaluate_part(job: Job, part: Part) -> Measured:
    """Evaluate one stretch, of a recording that lies on a disk which this machine shares, unless that is done already.

    Raises:
        StoreError: it cannot be kept.
    """
    kept = Finished(job.store, part.task.key, _here()["version"])
    if (measured := kept.get(part.first, part.until)) is None:
        here = _Here(job, part.task)
        recording = here.source.recording
        measured = here.measure(recording, part.cut, part.until, Tally.from_recording(recording))
        kept.put(part.first, part.until, measured)
    return measured


def _one_by_one(job: Job, parts: Iterable[Part]) -> Sequence[Measured]:
    """Evaluate stretches here. All are found first, since what finds them and what fuses them share a fuser."""
    return [evaluate_part(job, part) for part in list(parts)]


class _Here:
    """A recording opened on this machine, and what fuses it."""

    def __init__(self, job: Job, task: Task) -> None:
        self._job, self._task = job, task
        self._recipe = job.recipe.of(task.source)
        topics = task.source.label("visible_topic"), task.source.label("thermal_topic")
        self.source = open_source(Asked(task.source.paths, *topics))
        self.pairs = most_pairs(self.source.recording, self._recipe.fusion)
        """At most."""
        self.period = self.source.period(self._recipe.fusion)
        self._fuser = self._recipe.fuser(job.threads)
        self.objects = bool(self._fuser.prompt.objects) or self._recipe.fusion.keep_objects
        """Whether any are brought out, or kept."""

    def parts(self, tally: Tally) -> Iterator[Part]:
        """The stretches, as one pass over the recording finds them; `tally` is filled meanwhile."""
        cut = None
        found = cuts(
            self.source.recording, self._recipe.fusion, self._fuser, tally, self.source.ordered, self._job.stretch
        )
        for after in found:
            yield Part(self._task, cut, after.first)
            cut = after
        yield Part(self._task, cut, tally.paired)

    def measure(self, recording: Any, cut: Cut | None, until: int | None, tally: Tally) -> Measured:
        """Fuse and measure a stretch, or all."""
        frames: list[dict[str, Any]] = []
        take, timed = FrameMeasure(self._recipe.boxes(self._job.threads)), _Timed(self._fuser)
        keep = self._recipe.fusion.keep_objects
        objects = ObjectFinder(self._fuser.prompt.objects, keep=keep) if self.objects else None
        inner = Tally.from_recording(recording)
        pairs = stretch(recording, self._recipe.fusion, self._fuser, self.source.ordered, cut, until, tally)
        replay.evaluate(
            pairs,
            timed,  # type: ignore[arg-type]
            self._recipe.every,
            self.period,
            inner,
            [cut.before] if cut else [],
            frames.append,
            lambda pair: None,
            objects,
            take,
            workers=0 if self._job.threads == 1 else replay.WORKERS,
        )
        for frame in frames:
            if frame["number"] == take.worst[1]:
                frame |= take.images
        return Measured(frames, timed.took, self._fuser.engine_name, dict(inner.excluded))


class _Timed:
    """A fuser that notes how long it took."""

    def __init__(self, fuser: Fuser) -> None:
        self._fuser = fuser
        self.took: list[float] = []

    def fuse_prepared(self, visible: NDArray[np.uint8], thermal8: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """See `Fuser.fuse_prepared`."""
        start = time.perf_counter()
        fused = self._fuser.fuse_prepared(visible, thermal8)
        self.took.append((time.perf_counter() - start) * 1e3)
        return fused


def _keep_worst(frames: Sequence[dict[str, Any]]) -> None:
    """Of the images that stretches have kept, leave those of the recording's worst frame."""
    kept = sorted((frame for frame in frames if "image_fused" in frame), key=lambda one: (one["score"], one["number"]))
    for frame in kept[1:]:
        for name in IMAGES:
            del frame[name]
