"""The frames of a store that are most worth labelling or training on, exported as a data set.

A frame is worth as much as it is unusual, by what it is most unusual in: how little of what the cameras show plainly
the fused image keeps, or how seldom its light and its conditions occur in the fleet. Of frames that look alike, by the
store's hash of both images, one is taken, and one of moments that are close to each other. Train and test are told
apart by recording, or by time where there are few, so that no moment is in both.
"""

import json
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ros2_textfuse.batch.pairs import pairs
from ros2_textfuse.evaluation.offline.source import Asked, open_source
from ros2_textfuse.fleet.errors import FleetError, StoreError
from ros2_textfuse.fleet.files import on_this_machine
from ros2_textfuse.fleet.measuring import looks
from ros2_textfuse.fleet.queries import connect
from ros2_textfuse.fleet.recipe import Recipe
from ros2_textfuse.fleet.run import Workers
from ros2_textfuse.fleet.sources import Source
from ros2_textfuse.fleet.store import Store
from ros2_textfuse.networks.stored import NAMES
from ros2_textfuse.prompts.object_names import COCO
from ros2_textfuse.recordings import dataset
from ros2_textfuse.recordings.dataset import TEST, TRAIN, Sample, Splits
from ros2_textfuse.recordings.frames import Tally
from ros2_textfuse.recordings.pairs import SIDES
from ros2_textfuse.runtime.output import write_whole
from ros2_textfuse.scene.conditions import CONDITIONS
from ros2_textfuse.settings import FusionSettings

if TYPE_CHECKING:
    import duckdb

NEAR = 6  # of the 64 bits of two frames' hashes; so few differ where the two look alike
MOMENT = 2.0  # seconds of a recording within which one frame is taken
NAMED = 0.35  # severity from which on a condition makes a frame one of its kind
FETCHED = 4096  # rows at a time, the most worth first
ORDINARY = "ordinary"  # reason of a frame that is like most, taken where the unusual ones are too few
UNUSUAL = {
    "low retention": ("retention", "retention"),
    "rare conditions": ("circumstances", "share"),
    "boxes disagree": ("disagreement", "-disagreement"),
}
"""Reason -> the column that it needs, and what is the smaller the more unusual a frame is. Where a store says how far
the boxes of the streams disagree, it has a column for that."""


@dataclass(frozen=True)
class Mined:
    """A frame that was chosen."""

    key: str
    """Of its recording."""
    number: int
    time: float
    looks: int
    split: str
    reason: str


@dataclass(frozen=True)
class Export:
    """What the export of every recording has in common."""

    recipe: Recipe
    folder: Path


def choose(store: Store, count: int, hold_back: float) -> list[Mined]:
    """The frames most worth having, the most unusual first.

    Args:
        store: of `textfuse fleet eval`.
        count: how many, at most.
        hold_back: share of the recordings, or of the time of each of few, for the test side.

    Raises:
        FleetError: the store has no frame that can be taken, or a number is out of its range.
    """
    if count < 1 or not 0 <= hold_back <= 0.9:
        raise FleetError(f"--frames is {count} and --hold-back {hold_back:g}: from 1, and a share from 0 to 0.9")
    connection = connect(store)
    # By content: two recordings of one content, under whatever settings, are on one side.
    durations = dict(connection.sql("select content, max(duration) from frames group by 1").fetchall())
    thinning = _Thinning(Splits(durations, hold_back))
    chosen = []
    for row in _by_worth(connection):
        if found := thinning(row):
            chosen.append(found)
        if len(chosen) == count:
            break
    if not chosen:
        raise FleetError(f"{store.path} has no frame that can be taken: in all of them a camera was at fault")
    return chosen


def export(
    store: Store,
    chosen: Sequence[Mined],
    calibration: str,
    out: Path,
    workers: Workers,
    progress: Callable[[int], object],
) -> dict[str, str]:
    """Write the chosen frames as a data set, as the fusion node would have fused them.

    Args:
        store: that they were chosen from.
        chosen: frames.
        calibration: the file that the store was made with; empty for registered cameras.
        out: the folder, which must not exist or be empty.
        workers: who reads the recordings.
        progress: told how many frames more are done.

    Returns:
        Recording -> why its frames are not in the data set.

    Raises:
        FleetError: the calibration is another one, the folder holds something, or no frame could be exported.
        CalibrationError: the calibration cannot be read.
        OSError: the folder cannot be written.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise FleetError(f"{out} is there already: name another folder for the data set")
    job = Export(_recipe(store, calibration), out.with_name(f"{out.name}.partial"))
    shutil.rmtree(job.folder, ignore_errors=True)  # of a call that was interrupted
    # Of copies the first that could be read by the last run.
    readable_last = sorted(reversed(store.listed()), key=lambda row: not row["problem"])
    sources = {row["key"]: _source(row) for row in readable_last if row["key"]}
    wanted: dict[str, list[Mined]] = defaultdict(list)
    for frame in chosen:
        wanted[frame.key].append(frame)
    items = [(sources[key], frames) for key, frames in wanted.items()]
    samples: list[Sample] = []
    missing = {}
    for (source, frames), written in workers.each(_export_recording, job, items):
        if isinstance(written, Exception):
            missing[str(source)] = str(written)
        else:
            samples += written
            if len(written) < len(frames):
                missing[str(source)] = f"{len(frames) - len(written)} frames are not as they were evaluated"
        progress(len(frames))
    if not samples:
        raise FleetError("no frame could be exported: " + "; ".join(f"{name}: {why}" for name, why in missing.items()))
    samples.sort(key=lambda sample: sample.name)
    for split in (TRAIN, TEST):
        write_whole(job.folder / f"annotations_{split}.json", _annotations(job.folder, samples, split))
    dataset.write_manifest(job.folder, samples)
    out.parent.mkdir(parents=True, exist_ok=True)
    job.folder.replace(out)
    return missing


class _Thinning:
    """Passes rows of `_by_worth` on that neither look like one before nor are of its moment."""

    def __init__(self, splits: Splits) -> None:
        self._splits = splits
        self._looks = np.empty(0, np.uint64)
        self._times: dict[str, list[float]] = defaultdict(list)

    def __call__(self, row: dict[str, Any]) -> Mined | None:
        content, time = row["content"], row["time"]
        if not (split := self._splits.of(content, time)):
            return None
        if row["period"] and any(abs(time - other) < MOMENT for other in self._times[content]):
            return None
        hashed = np.uint64(row["looks"])
        if len(self._looks) and _differing_bits(self._looks ^ hashed).min() <= NEAR:
            return None
        self._looks = np.append(self._looks, hashed)
        self._times[content].append(time)
        return Mined(row["key"], row["number"], time, row["looks"], split, row["reason"])


def _differing_bits(values: Any) -> Any:
    """How many bits of each of some uint64 [N] are set."""
    return np.unpackbits(values.view(np.uint8).reshape(-1, 8), axis=1).sum(axis=1)


def _by_worth(connection: "duckdb.DuckDBPyConnection") -> Iterator[dict[str, Any]]:
    """Frames whose cameras are well, the most unusual first.

    How unusual a frame is in something is the share of frames that are less so: it needs no scale of its own, and in a
    fleet where all is alike it is 0.
    """
    columns = {name for name, *_ in connection.sql("describe frames").fetchall()}
    measured = ", ".join(column for column, _ in UNUSUAL.values() if column in columns)
    columns.add("circumstances")
    named = ", ".join(f"case when condition_{name} >= {NAMED} then '{name}' end" for name in CONDITIONS)
    unusual = {reason: order for reason, (column, order) in UNUSUAL.items() if column in columns}
    ranks = {
        reason: f"case when {order} is null then 0 else 1 - cume_dist() over (order by {order} nulls last) end"
        for reason, order in unusual.items()
    }
    listed = ", ".join(f"{rank} as rank_{number}" for number, rank in enumerate(ranks.values()))
    most = "greatest(" + ", ".join(f"rank_{number}" for number in range(len(ranks))) + ")"
    reasons = " ".join(f"when rank_{number} = worth then '{reason}'" for number, reason in enumerate(ranks))
    query = f"""
        with well as (
            select key, content, number, time, period, looks, {measured},
                concat_ws(' ', light, {named}) as circumstances
            from frames
            where coalesce(visible_fault, '') = '' and coalesce(thermal_fault, '') = ''
            qualify row_number() over (partition by key, number) = 1
        ),
        counted as (select *, count(*) over (partition by circumstances) as share from well),
        ranked as (select *, {listed} from counted),
        valued as (select *, {most} as worth from ranked)
        select key, content, number, time, period, looks, case when worth = 0 then '{ORDINARY}' {reasons} end as reason
        from valued
        order by worth desc, md5(key || number)
    """
    connection.execute(query)
    names = [column[0] for column in connection.description or ()]
    while rows := connection.fetchmany(FETCHED):
        yield from (dict(zip(names, row, strict=True)) for row in rows)


def _recipe(store: Store, calibration: str) -> Recipe:
    """How the store's pairs were made; nothing is fused, so that its network need not be here.

    Raises:
        FleetError: the calibration is not the store's.
    """
    known = {field.name for field in fields(FusionSettings)}
    settings = {name: value for name, value in store.settings.items() if name in known}
    settings = {name: tuple(value) if isinstance(value, list) else value for name, value in settings.items()}
    before = settings.pop("calibration", "")
    recipe = Recipe.read(FusionSettings(**{**settings, "model": NAMES[0], "prompt": "", "modes": (), "objects": ()}))
    if calibration:
        recipe = Recipe.read(replace(recipe.fusion, calibration=calibration))
    if recipe.description["calibration"] != before:
        if not before:
            raise FleetError(f"{store.path} was made without a calibration: leave --calibration out")
        which = "another" if calibration else "a"
        raise FleetError(f"{store.path} was made with {which} calibration: name that file by --calibration")
    return recipe


def _source(row: dict[str, Any]) -> Source:
    """The recording of a row of recordings.parquet."""
    paths = tuple(filter(None, (row["source"], row["thermal_source"])))
    return Source(paths, {name: value for name, value in row.items() if isinstance(value, str)})


def _export_recording(job: Export, item: tuple[Source, Sequence[Mined]]) -> list[Sample]:
    """On a worker: write the frames of a recording that look as they did when it was evaluated.

    Raises:
        StoreError: the recording ends before the first of them.
        RecordingError, CalibrationError, OSError: it cannot be read.
    """
    source, frames = item
    wanted = {frame.number: frame for frame in frames}
    recipe = job.recipe.of(source)
    written = []
    with on_this_machine(source.paths) as paths:
        opened = open_source(Asked(tuple(paths), source.label("visible_topic"), source.label("thermal_topic")))
        tally = Tally.from_recording(opened.recording)
        for pair in pairs(opened.recording, recipe.fusion, recipe.fuser(1), tally, opened.ordered):
            frame = wanted.pop(pair.number, None)
            if frame and looks(pair.visible, pair.thermal) == frame.looks:
                name = f"{frame.key[:12]}_{pair.number:06}"
                dataset.write_pair(job.folder, name, pair.visible, pair.thermal)
                written.append(Sample(name, str(source), pair.time, frame.split, frame.reason))
            if not wanted:
                break
    if len(wanted) == len(frames):
        raise StoreError(f"it ends before pair {min(wanted)}: {tally.damage or 'it was longer when it was evaluated'}")
    return written


def _annotations(folder: Path, samples: Sequence[Sample], split: str) -> str:
    """COCO's format without a box yet: the visible images, their thermal ones beside, and the detector's classes."""
    images: list[dict[str, Any]] = []
    for sample in samples:
        if sample.split == split:
            visible, thermal = (f"{side}/{sample.name}.png" for side in SIDES)
            width, height = dataset.size(folder / visible)
            sizes = {"width": width, "height": height}
            images.append({"id": len(images) + 1, "file_name": visible, "thermal_file_name": thermal, **sizes})
    categories = [{"id": number, "name": name} for number, name in enumerate(COCO)]  # as YOLO numbers them
    return json.dumps({"images": images, "annotations": [], "categories": categories}, indent=1) + "\n"
