"""Offline evaluation: every pair of a recording, paired and fused as the node does it, one after the other.

Nothing is dropped for lack of time, so that two runs give the same figures. Images go as they come; what grows with
the recording is one row of figures for each evaluated pair.
"""

import math
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ros2_textfuse.evaluation import metrics
from ros2_textfuse.fuser import Fuser
from ros2_textfuse.geometry.alignment import Alignment
from ros2_textfuse.imaging.encodings import ENCODINGS, ImageError, check_message, thermal_array, visible_array
from ros2_textfuse.imaging.gain_control import GainControl
from ros2_textfuse.recordings.types import RecordedImage, Recording, RecordingError
from ros2_textfuse.sync.pairing import ApproximateTimeSynchronizer, SimpleFilter

CAMERAS = ("visible", "thermal")
BINS = 120  # of the timeline, at most
GAP = 1.5  # periods; frames further apart are not compared for flicker
WORKERS = 2
QUEUE = 2 * WORKERS  # pairs in work at once: this bounds the memory

Row = dict[str, float]
Grey8 = NDArray[np.uint8]


@dataclass(frozen=True)
class Pair:
    """A pair as the node would have fused it."""

    number: int
    """Of the pairs of the recording, from 0."""
    time: float
    """Seconds from the start of the recording, the visible image's stamp."""
    difference: float
    """Seconds by which the thermal image's stamp is later."""
    visible: NDArray[np.uint8]
    """[H, W, 3] RGB."""
    thermal: NDArray[np.uint8]
    """[H, W], after gain control; both after alignment."""


@dataclass
class Tally:
    """What became of every image of the recording."""

    duration: float
    """Seconds of the recording."""
    bins: int = BINS
    """Stretches of the timeline."""
    received: Counter[str] = field(default_factory=Counter)
    """Images of each camera."""
    paired: int = 0
    evaluated: int = 0
    excluded: Counter[str] = field(default_factory=Counter)
    """Reason -> images or pairs left out."""
    damage: str = ""
    """Where the recording breaks off; empty when it was read to its end."""
    timeline: dict[str, list[int]] = field(default_factory=dict)
    """Counts in equal stretches of the recording: `paired`, `visible unpaired`, `thermal unpaired`, `rejected`."""

    @classmethod
    def of(cls, recording: Recording) -> "Tally":
        """An empty tally; a stretch is as long as a whole number of pairs, so that a steady stream looks steady."""
        pairs = max(1, recording.images // 2)
        return cls(recording.duration, math.ceil(pairs / math.ceil(pairs / BINS)))

    def count(self, kind: str, at: float, by: int = 1) -> None:
        """Count something in the stretch of a time, in seconds from the start."""
        place = int(at / self.duration * self.bins + 1e-6) if self.duration > 0 else 0
        self.timeline.setdefault(kind, [0] * self.bins)[min(self.bins - 1, max(0, place))] += by


def pairs(
    recording: Recording,
    slop: float,
    queue_size: int,
    tally: Tally,
    alignment: Alignment | None = None,
    thermal_time_offset: float = 0.0,
) -> Iterator[Pair]:
    """The pairs of a recording in the order of the node's synchroniser; `tally` is filled as they come.

    Damage ends them, and is noted.

    Args:
        recording: to read.
        slop: seconds, the largest difference of two stamps.
        queue_size: images of one camera that wait for a partner.
        tally: counts, written.
        alignment: brings every pair into one geometry; None for registered cameras.
        thermal_time_offset: seconds to add to thermal stamps, as the node does.
    """
    filters = {camera: SimpleFilter() for camera in CAMERAS}
    synchronizer = ApproximateTimeSynchronizer(list(filters.values()), queue_size, slop)
    made: list[tuple[RecordedImage, RecordedImage]] = []
    synchronizer.registerCallback(lambda *messages: made.append((messages[0].image, messages[1].image)))
    gain_control = GainControl()
    try:
        for image in recording:
            tally.received[image.camera] += 1
            try:
                if image.fault:
                    raise ImageError(image.fault)
                check_message(image, ENCODINGS[image.camera])
            except ImageError as error:
                tally.excluded[f"{image.camera} image rejected: {error}"] += 1
                tally.count("rejected", image.time)
                continue
            if image.camera == "thermal":
                image = replace(image, stamp=image.stamp + thermal_time_offset)
            tally.count(f"{image.camera} alone", image.time)  # until it has a partner
            filters[image.camera].signalMessage(_stamped(image))
            for visible, thermal in made:
                for one in (visible, thermal):
                    tally.count(f"{one.camera} alone", one.time, -1)
                tally.count("paired", visible.time)
                tally.paired += 1
                arrays = visible_array(visible), gain_control(thermal_array(thermal))
                if alignment is not None:
                    try:
                        arrays = alignment(*arrays)
                    except ImageError as error:
                        tally.excluded[f"pair not aligned: {error}"] += 1
                        continue
                yield Pair(tally.paired - 1, visible.stamp, thermal.stamp - visible.stamp, *arrays)
            made.clear()
    except RecordingError as error:
        tally.damage = str(error)
    for camera in CAMERAS:
        if alone := sum(tally.timeline.get(f"{camera} alone", [])):
            tally.excluded[f"{camera} image alone: no partner within {slop * 1e3:g} ms"] = alone


def evaluate(
    source: Iterator[Pair],
    fuser: Fuser,
    every: int,
    period: float,
    tally: Tally,
    done: Sequence[int],
    write: Callable[[Row], None],
    progress: Callable[[Pair], object],
) -> None:
    """Fuse and measure every `every`-th pair; rows are written in order.

    Flicker compares with the pair right before, which is fused for it, so that it does not depend on `every`.

    Args:
        source: the pairs of the recording.
        fuser: with the words in force.
        every: 1 for all.
        period: seconds between two pairs.
        tally: counts, written.
        done: numbers of the pairs whose rows an earlier, interrupted run has written.
        write: takes each row.
        progress: told of each pair.
    """
    finished = set(done)
    before: Levels | None = None
    waiting: deque[Future[Row]] = deque()

    def collect(limit: int) -> None:
        while len(waiting) > limit:
            row = waiting.popleft()
            try:
                write(row.result())
                tally.evaluated += 1
            except ValueError as error:  # too small for the metrics
                tally.excluded[f"pair not measured: {error}"] += 1

    with ThreadPoolExecutor(WORKERS) as pool:  # OpenCV and numpy let go of the interpreter
        for pair in source:
            progress(pair)
            chosen = pair.number % every == 0 and pair.number not in finished
            tally.evaluated += pair.number in finished
            next_chosen = (pair.number + 1) % every == 0 and pair.number + 1 not in finished
            if not (chosen or next_chosen):
                before = None
                continue
            try:
                fused = fuser.fuse(pair.visible, pair.thermal)
            except ImageError as error:
                tally.excluded[f"pair not fused: {error}"] += 1
                before = None
                continue
            levels = Levels.of(pair, fused)
            if chosen:
                near = before if before and abs(pair.time - before.time) <= GAP * period else None
                waiting.append(pool.submit(measure, pair, fused, levels, near))
                collect(QUEUE)
            before = levels
        collect(0)


@dataclass(frozen=True)
class Levels:
    """Grey images of one moment, for comparison with the next."""

    time: float
    images: dict[str, Grey8]

    @classmethod
    def of(cls, pair: Pair, fused: NDArray[np.uint8]) -> "Levels":
        """Visible, thermal and fused in grey."""
        grey = {name: _grey8(image) for name, image in (("visible", pair.visible), ("fused", fused))}
        return cls(pair.time, {"visible": grey["visible"], "thermal": pair.thermal, "fused": grey["fused"]})


def measure(pair: Pair, fused: NDArray[np.uint8], levels: Levels, before: Levels | None) -> Row:
    """All figures of one pair; NaN for flicker where there is no frame right before.

    Raises:
        ValueError: the images are too small.
    """
    visible = metrics.to_grey(pair.visible)
    row: Row = {"number": pair.number, "time": pair.time, "pairing_ms": abs(pair.difference) * 1e3}
    row |= metrics.evaluate(pair.thermal, visible, metrics.to_grey(fused))
    for camera, image in (("visible", visible), ("thermal", pair.thermal)):
        row |= {f"{camera}_{name}": value for name, value in metrics.evaluate_single(image).items()}
    for name, image in levels.images.items():
        last = before.images[name] if before and before.images[name].shape == image.shape else None
        row[f"{name}_level"] = float(image.mean())
        row[f"{name}_flicker"] = math.nan if last is None else abs(row[f"{name}_level"] - float(last.mean()))
        row[f"{name}_change"] = math.nan if last is None else float(cv2.absdiff(image, last).mean())
    return row


def prompt_change(fuser: Fuser, frames: Sequence[Pair], words: dict[str, Any]) -> dict[str, Any]:
    """How many frames after new words the image is still not wholly theirs.

    Args:
        fuser: its words are changed.
        frames: pairs that follow each other; the words change after the first.
        words: arguments of `Fuser.set_prompt`.

    Returns:
        frames: 0 when the first image after the change is, to one level, what it is under the new words alone;
        milliseconds: what the change took, with the sentence understood already; difference: mean levels between the
        images under old and new words, which shows that they do something.
    """
    fuser.set_prompt()
    old = [fuser.fuse(pair.visible, pair.thermal) for pair in frames[1:]]
    fuser.set_prompt(**words)
    new = [fuser.fuse(pair.visible, pair.thermal) for pair in frames[1:]]
    fuser.set_prompt()
    fuser.fuse(frames[0].visible, frames[0].thermal)
    start = time.perf_counter()
    summary = fuser.set_prompt(**words).summary()
    milliseconds = (time.perf_counter() - start) * 1e3
    changed = [fuser.fuse(pair.visible, pair.thermal) for pair in frames[1:]]
    late = [number for number, (a, b) in enumerate(zip(changed, new, strict=True), 1) if cv2.absdiff(a, b).max() > 1]
    return {
        "words": summary,
        "frames": max(late, default=0),
        "watched": len(changed),
        "milliseconds": milliseconds,
        "difference": float(np.mean([cv2.absdiff(a, b).mean() for a, b in zip(old, new, strict=True)])),
    }


def speed(fuser: Fuser, pair: Pair, times: int = 40) -> dict[str, float]:
    """Milliseconds of one fusion with nothing beside it: median and 95th percentile."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        fuser.fuse(pair.visible, pair.thermal)
        taken.append((time.perf_counter() - start) * 1e3)
    median, high = np.percentile(taken, (50, 95)).tolist()
    return {"median_ms": median, "p95_ms": high}


def _grey8(image: NDArray[np.uint8]) -> Grey8:
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)


def _stamped(image: RecordedImage) -> Any:
    """An image as the synchroniser takes it, with the header of a message."""
    seconds, nanoseconds = divmod(round(image.stamp * 1e9), 1_000_000_000)
    return SimpleNamespace(header=SimpleNamespace(stamp=SimpleNamespace(sec=seconds, nanosec=nanoseconds)), image=image)
