"""Offline evaluation: every pair of a recording, paired and fused as the node does it, one after the other.

Nothing is dropped for lack of time, so that two runs give the same figures. Images go as they come; what grows with
the recording is one row of figures for each evaluated pair.
"""

import math
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ros2_textfuse.batch.objects import ObjectFinder
from ros2_textfuse.batch.pairs import Pair
from ros2_textfuse.evaluation import metrics
from ros2_textfuse.fuser import Fuser
from ros2_textfuse.recordings.frames import Tally

GAP = 1.5  # periods; frames further apart are not compared for flicker
SAME = 1e-6  # s between the stamps of one image, which is less than any camera takes; they are rounded
WORKERS = 2

Row = dict[str, float]
Grey8 = NDArray[np.uint8]


def evaluate(
    source: Iterator[Pair],
    fuser: Fuser,
    every: int,
    period: float,
    tally: Tally,
    done: Sequence[int],
    write: Callable[[Row], None],
    progress: Callable[[Pair], object],
    objects: ObjectFinder | None = None,
    take: "Take | None" = None,
    workers: int = WORKERS,
) -> None:
    """Fuse and measure every `every`-th pair; rows are written in order.

    Flicker compares with the pair right before, which is fused for it, so that it does not depend on `every`.

    Args:
        source: the pairs of the recording.
        fuser: with the active prompt.
        every: 1 for all.
        period: seconds between two pairs.
        tally: counts, written.
        done: numbers of the pairs whose rows an earlier, interrupted run has written.
        write: takes each row.
        progress: told of each pair.
        objects: that are brought out; None where the prompt names none.
        take: measures a pair; None for `measure`.
        workers: threads that do so beside the fusion; 0 for none, on a single core.
    """
    finished, take = set(done), take or measure
    before: Levels | None = None
    waiting: deque[Future[Row]] = deque()
    # What is brought out depends on the frames before: also on those that an interrupted run has measured.
    followed = objects is not None and period > 0

    def collect(limit: int) -> None:
        while len(waiting) > limit:
            row = waiting.popleft()
            try:
                write(row.result())
                tally.evaluated += 1
            except ValueError as error:  # too small for the metrics
                tally.excluded[f"pair not measured: {error}"] += 1

    # OpenCV and numpy let go of the interpreter.
    with ThreadPoolExecutor(workers) if workers else _AtOnce() as pool:
        for pair in source:
            progress(pair)
            wanted = [number % every == 0 for number in (pair.number, pair.number + 1)]
            chosen = wanted[0] and pair.number not in finished
            tally.evaluated += pair.number in finished
            if not (any(wanted) if followed else chosen or (any(wanted) and pair.number + 1 not in finished)):
                before = None
                continue
            fused = fuser.fuse_prepared(pair.visible, pair.thermal)
            if objects:
                objects.bring_out(fused, pair.visible, pair.thermal, pair.time if period else None)
            levels = Levels.of(pair, fused)
            if chosen:
                near = before if before and abs(pair.time - before.time) <= GAP * period else None
                waiting.append(pool.submit(take, pair, fused, levels, near))
                collect(2 * workers)  # this bounds the memory
            before = levels
        collect(0)


@dataclass(frozen=True)
class Levels:
    """Grey images of one moment, for comparison with the next."""

    time: float
    thermal: float
    """Stamp of the thermal image in seconds, which with `hold` may be in several pairs."""
    images: dict[str, Grey8]

    @classmethod
    def of(cls, pair: Pair, fused: NDArray[np.uint8]) -> "Levels":
        """Visible, thermal and fused in grey."""
        grey = {name: _grey8(image) for name, image in (("visible", pair.visible), ("fused", fused))}
        images = {"visible": grey["visible"], "thermal": pair.thermal, "fused": grey["fused"]}
        return cls(pair.time, pair.time + pair.difference, images)


def measure(pair: Pair, fused: NDArray[np.uint8], levels: Levels, before: Levels | None) -> Row:
    """All figures of one pair; NaN for flicker where there is no frame right before, or it is the same image (hold).

    Raises:
        ValueError: the images are too small.
    """
    visible = metrics.to_grey(pair.visible)
    row: Row = {"number": pair.number, "time": pair.time, "pairing_ms": abs(pair.difference) * 1e3}
    row |= metrics.evaluate(pair.thermal, visible, metrics.to_grey(fused))
    for camera, image in (("visible", visible), ("thermal", pair.thermal)):
        row |= {f"{camera}_{name}": value for name, value in metrics.evaluate_single(image).items()}
    for name, image in levels.images.items():
        held = name == "thermal" and before is not None and abs(levels.thermal - before.thermal) < SAME
        last = before.images[name] if before and not held and before.images[name].shape == image.shape else None
        row[f"{name}_level"] = float(image.mean())
        row[f"{name}_flicker"] = math.nan if last is None else abs(row[f"{name}_level"] - float(last.mean()))
        row[f"{name}_change"] = math.nan if last is None else float(cv2.absdiff(image, last).mean())
    return row


Take = Callable[[Pair, NDArray[np.uint8], Levels, Levels | None], Row]
"""Measures a pair: the fused image, both levels, and those of the frame right before."""


class _AtOnce(Executor):
    """Does what it is given in the caller's thread."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


def prompt_change(fuser: Fuser, frames: Sequence[Pair], prompt: dict[str, Any]) -> dict[str, Any]:
    """How many frames after a prompt change the image does not use the new prompt yet.

    Args:
        fuser: its prompt is changed.
        frames: pairs that follow each other; the prompt changes after the first.
        prompt: arguments of `Fuser.set_prompt`.

    Returns:
        frames: 0 when the first image after the change is, to one grey level, what the new prompt gives by itself;
        milliseconds: what the change took, with the sentence understood already; difference: mean levels between the
        images of the old and the new prompt, which shows that they differ.
    """
    fuser.set_prompt()
    old = [fuser.fuse_prepared(pair.visible, pair.thermal) for pair in frames[1:]]
    fuser.set_prompt(**prompt)
    new = [fuser.fuse_prepared(pair.visible, pair.thermal) for pair in frames[1:]]
    fuser.set_prompt()
    fuser.fuse_prepared(frames[0].visible, frames[0].thermal)
    start = time.perf_counter()
    summary = fuser.set_prompt(**prompt).summary()
    milliseconds = (time.perf_counter() - start) * 1e3
    changed = [fuser.fuse_prepared(pair.visible, pair.thermal) for pair in frames[1:]]
    late = [number for number, (a, b) in enumerate(zip(changed, new, strict=True), 1) if cv2.absdiff(a, b).max() > 1]
    return {
        "prompt": summary,
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
        fuser.fuse_prepared(pair.visible, pair.thermal)
        taken.append((time.perf_counter() - start) * 1e3)
    median, high = np.percentile(taken, (50, 95)).tolist()
    return {"median_ms": median, "p95_ms": high}


def _grey8(image: NDArray[np.uint8]) -> Grey8:
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)
