"""A drive through a day, fused by mode `auto`: how soon it follows, whether anything flickers, what it says."""

import base64
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ros2_textfuse.batch.objects import ObjectFinder
from ros2_textfuse.batch.pairs import pairs
from ros2_textfuse.degradations.drive import STRETCHES, Drive
from ros2_textfuse.evaluation.html.charts import HIGH, WIDE, Scale, curve, thinned
from ros2_textfuse.evaluation.offline.report import render
from ros2_textfuse.evaluation.offline.run_folder import write_json
from ros2_textfuse.fuser import Fuser
from ros2_textfuse.recordings.frames import Tally, most_pairs
from ros2_textfuse.runtime.output import write_whole
from ros2_textfuse.scene.conditions import CONDITIONS
from ros2_textfuse.scene.sentence import Seen, sentence
from ros2_textfuse.settings import FusionSettings

PRESENT = 0.35  # severity from which a condition is there to be named
KIN = {"over_exposure": "glare", "haze": "smoke", "visible_noise": "low_light"}
"""What may as well be said of the other: the dark is noisy."""
SHOWN = 240  # pixels, width of an image in the report


@dataclass(frozen=True)
class Moment:
    """One frame of the drive."""

    number: int
    time: float
    stretch: int
    there: dict[str, float]
    """Condition -> severity, as the drive laid it over the images."""
    said: dict[str, float]
    """Condition -> severity, as the images were read."""
    balance: float
    sentence: str
    levels: dict[str, float]
    """Mean grey level of the `visible` and the `fused` image."""
    objects: dict[str, int] = field(default_factory=dict)
    """Class that the prompt names -> how many were brought out."""


def follow(
    drive: Drive, settings: FusionSettings, fuser: Fuser, objects: ObjectFinder | None = None
) -> Iterator[tuple[Moment, dict[str, NDArray]]]:
    """Every frame of the drive, with its images: visible, thermal, fused.

    Args:
        drive: to fuse.
        settings: how images pair.
        fuser: with a prompt of mode `auto`.
        objects: that are brought out; None where the prompt names none.
    """
    for pair in pairs(drive, settings, fuser, Tally.from_recording(drive)):
        fused = fuser.fuse_prepared(pair.visible, pair.thermal)
        found = objects.bring_out(fused, pair.visible, pair.thermal, pair.time) if objects else []
        seen = [Seen(one.name, (one.box[0] + one.box[2]) / 2 / fused.shape[1]) for one in found]
        scene, number = fuser.watch.scene, drive.stretch(pair.time)
        images = {"visible": pair.visible, "thermal": pair.thermal, "fused": fused}
        yield (
            Moment(
                pair.number,
                pair.time,
                number,
                drive.conditions(pair.time),
                dict(scene.conditions),
                fuser.in_force.balance,
                sentence(scene, objects=seen),
                {name: float(images[name].mean()) for name in ("visible", "fused")},
                {name: sum(one.name == name for one in found) for name in fuser.prompt.objects} if objects else {},
            ),
            images,
        )


def delays(moments: Sequence[Moment]) -> list[dict[str, Any]]:
    """For each condition of each stretch: frames from its presence to its being named, and back.

    Returns:
        stretch, condition, `named` (None where it never was), `left`: frames for which it was still named after it
        had gone (None where that was not seen), and `lost`: frames of its presence, once named, without its name.
    """
    found = []
    for name in CONDITIONS:
        present = [moment.there.get(name, 0.0) >= PRESENT for moment in moments]
        start = 0
        for there, run in groupby(present):
            end = start + len(list(run))
            if there:
                said = [name in moment.said for moment in moments]
                first = next((at for at in range(start, end) if said[at]), None)
                after = next((at for at in range(end, len(moments)) if not said[at]), None)
                found.append(
                    {
                        "stretch": STRETCHES[moments[start].stretch].name,
                        "condition": name,
                        "named": None if first is None else first - start,
                        "left": None if after is None or first is None else after - end,
                        "lost": 0 if first is None else sum(not said[at] for at in range(first, end)),
                        "at": start,
                    }
                )
            start = end
    return sorted(found, key=lambda row: row["at"])


def own_conditions(moments: Sequence[Moment]) -> list[str]:
    """What the recording itself shows, before anything is laid over it: named in half of the first stretch."""
    first = [moment for moment in moments if moment.stretch == 0]
    return [name for name in CONDITIONS if 2 * sum(name in moment.said for moment in first) > len(first)]


def false_names(moments: Sequence[Moment]) -> dict[str, int]:
    """Condition -> frames in which it was named more than a second after it, or its kin, was last there.

    What the recording itself shows is left out.
    """
    counts: dict[str, int] = {}
    own = own_conditions(moments)
    last = dict.fromkeys(CONDITIONS, -math.inf)
    for moment in moments:
        for name in CONDITIONS:
            if moment.there.get(name, 0.0) > 0 or KIN.get(name, "") in moment.there:
                last[name] = moment.time
            elif name in moment.said and name not in own and moment.time - last[name] > 1.0:
                counts[name] = counts.get(name, 0) + 1
    return counts


def flicker(moments: Sequence[Moment]) -> dict[str, Any]:
    """Steps of the mean level between frames, and how often a condition went out and came back within a stretch."""
    steps = {name: np.abs(np.diff([moment.levels[name] for moment in moments])) for name in ("visible", "fused")}
    flips = 0
    for name in CONDITIONS:
        for _, run in groupby(moments, key=lambda moment: moment.stretch):
            said = [name in moment.said for moment in run]
            flips += max(0, sum(a != b for a, b in pairwise(said)) - 1)
    return {
        "flips": flips,
        **{f"{name}_largest_step": float(values.max(initial=0)) for name, values in steps.items()},
        **{f"{name}_mean_step": float(values.mean()) if len(values) else 0.0 for name, values in steps.items()},
    }


def evaluate(
    drive: Drive, settings: FusionSettings, fuser: Fuser, out: Path, title: str, objects: ObjectFinder | None = None
) -> dict[str, Any]:
    """Fuse the drive, and write drive.json and drive.html.

    Args:
        drive: to fuse.
        settings: how images pair.
        fuser: with a prompt of mode `auto`.
        out: folder, made where it is missing.
        title: what is driven, for the report.
        objects: that are brought out; None where the prompt names none.

    Returns:
        What drive.json holds: `prompt`, `rate`, `own`, `delays`, `false_names`, `flicker`, and `frames`.

    Raises:
        RecordingError: the recording cannot be read.
        EstimatorError, EngineError: as of `Fuser`.
        OSError: the folder cannot be written.
    """
    moments: list[Moment] = []
    shots: dict[int, dict[str, str]] = {}
    before = None
    followed = follow(drive, settings, fuser, objects)
    for moment, images in tqdm(followed, total=most_pairs(drive, settings), unit="pair", disable=None):
        if before is not None and moment.stretch != before[0].stretch:
            shots[before[0].stretch] = _shots(before[1])  # the last of a stretch: all has settled
        moments.append(moment)
        before = moment, images
    if before is not None:
        shots[before[0].stretch] = _shots(before[1])
    run = {
        "prompt": fuser.prompt.summary(),
        "rate": most_pairs(drive, settings) / drive.duration,
        "own": own_conditions(moments),
        "delays": delays(moments),
        "false_names": false_names(moments),
        "flicker": flicker(moments),
        "frames": [vars(moment) for moment in moments],
    }
    out.mkdir(parents=True, exist_ok=True)
    write_json(out / "drive.json", run)
    write_whole(out / "drive.html", _page(run, moments, shots, drive, title))
    return run


def _shots(images: dict[str, NDArray]) -> dict[str, str]:
    found = {}
    for name, image in images.items():
        small = cv2.resize(image, (SHOWN, round(SHOWN * image.shape[0] / image.shape[1])), interpolation=cv2.INTER_AREA)
        data = cv2.imencode(".jpg", small[..., ::-1] if small.ndim == 3 else small, [cv2.IMWRITE_JPEG_QUALITY, 85])[1]
        found[name] = f"data:image/jpeg;base64,{base64.b64encode(data.tobytes()).decode()}"
    return found


def _page(
    run: dict[str, Any], moments: Sequence[Moment], shots: dict[int, dict[str, str]], drive: Drive, title: str
) -> str:
    times = [moment.time for moment in moments]
    names = [name for name in CONDITIONS if any(name in moment.there or name in moment.said for moment in moments)]
    plots = [
        {
            "name": name,
            "there": _line(times, [moment.there.get(name, 0.0) for moment in moments], drive.duration, 0.0, 1.0),
            "said": _line(times, [moment.said.get(name, 0.0) for moment in moments], drive.duration, 0.0, 1.0),
        }
        for name in names
    ]
    plots.append(
        {
            "name": "balance, thermal above",
            "there": "",
            "said": _line(times, [moment.balance for moment in moments], drive.duration, -1.0, 1.0),
        }
    )
    for name in moments[0].objects if moments else ():
        counts = [float(moment.objects[name]) for moment in moments]
        most = max(1.0, *counts)
        plots.append(
            {
                "name": f"{name}, 0 to {most:.0f} brought out",
                "there": "",
                "said": _line(times, counts, drive.duration, 0.0, most),
            }
        )
    sentences = [
        {"time": next(group).time, "text": text} for text, group in groupby(moments, key=lambda moment: moment.sentence)
    ]
    lasting = [
        sentence for sentence, after in zip(sentences, [*sentences[1:], None], strict=True)
        if after is None or after["time"] - sentence["time"] >= 0.5
    ]  # fmt: skip
    stretches = [
        {
            "name": stretch.name,
            "column": number + 1,
            "images": shots[number],
            "start": number * drive.duration / len(STRETCHES),
        }
        for number, stretch in enumerate(STRETCHES)
        if number in shots
    ]
    return render(
        "drive.html", title=title, run=run, plots=plots, stretches=stretches, sentences=lasting, wide=WIDE, high=HIGH,
        duration=drive.duration, columns=len(STRETCHES),
    )  # fmt: skip


def _line(times: Sequence[float], values: Sequence[float], end: float, low: float, high: float) -> str:
    kept_times, kept = thinned(times, values)
    return curve([time / end for time in kept_times], kept, Scale(low - 0.05, high + 0.05), dots=False)
