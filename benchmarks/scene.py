"""How often the scene's estimator names what is wrong, and how long a frame of a stream takes to look at.

`python benchmarks/scene.py PAIRS [--foreign FOLDER] [--boxes DATA] [--json FILE]`

PAIRS holds vi/ and ir/; each pair is degraded by each condition. FOLDER holds degradations that others made:
VI/NAME_{Norm,Blur,RN,Rain,haze,LL}.png and IR/NAME_{Norm,LC,RN,SN}.png. DATA is a folder of pairs with labels/: a
detector's precision fused plainly, by mode auto, with the right mode named, and with that and the objects brought out.
"""

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ros2_textfuse.batch.objects import ObjectFinder
from ros2_textfuse.degradations.modes import MODES
from ros2_textfuse.degradations.obstructions import OBSTRUCTIONS
from ros2_textfuse.degradations.pairs import RegisteredPair, load_pairs
from ros2_textfuse.evaluation.metrics.average_precision import Found, average_precision
from ros2_textfuse.evaluation.metrics.boxes import Box
from ros2_textfuse.evaluation.offline import detection
from ros2_textfuse.fuser import Fuser
from ros2_textfuse.recordings.pairs import read_image
from ros2_textfuse.saliency.bring_out import BringOut
from ros2_textfuse.saliency.regions import Region
from ros2_textfuse.scene.conditions import CONDITIONS
from ros2_textfuse.scene.estimator import Estimator
from ros2_textfuse.scene.features import PARTS
from ros2_textfuse.scene.watch import SceneWatch

SEVERITIES = (0.5, 0.7, 0.9)
DUSK = 0.27  # mean luma 0..1 below which low light may be named
FOREIGN = {"Blur": "blur", "RN": "visible_noise", "Rain": "rain", "haze": "haze", "LL": "low_light",
           "ir LC": "ir_low_contrast", "ir RN": "ir_noise", "ir SN": "ir_stripe"}  # fmt: skip
Pair = tuple[NDArray[np.uint8], NDArray[np.uint8]]


def ours(folder: Path) -> Iterator[tuple[str, Pair]]:
    """Condition (`clean` for none) and pair."""
    for pair in load_pairs(folder):
        yield "clean", (pair.visible, pair.thermal)
        for condition in CONDITIONS:
            for severity in SEVERITIES:
                if condition in OBSTRUCTIONS:
                    rng = np.random.default_rng([pair.seed, round(100 * severity)])
                    image = OBSTRUCTIONS[condition](np.float32(pair.visible) / 255, severity, rng)
                    yield condition, (np.round(image * 255).astype(np.uint8), pair.thermal)
                else:
                    yield condition, pair.degraded({condition: severity})


def foreign(folder: Path) -> Iterator[tuple[str, Pair]]:
    """Condition and pair: one side degraded, the other as it was taken."""
    names = sorted(path.stem.removesuffix("_Norm") for path in (folder / "IR").glob("*_Norm.png"))
    for name in names:
        sides = {side: folder / side / f"{name}_Norm.png" for side in ("VI", "IR")}
        thermal = read_image(sides["IR"], "visible")[..., 0]
        visible = read_image(sides["VI"], "visible")
        yield "clean", (visible, thermal)
        for kind, condition in FOREIGN.items():
            side, suffix = ("IR", kind[3:]) if kind.startswith("ir ") else ("VI", kind)
            path = folder / side / f"{name}_{suffix}.png"
            if not path.is_file():
                continue
            image = read_image(path, "visible")
            shown = (image, thermal) if side == "VI" else (visible, np.ascontiguousarray(image[..., 0]))
            if shown[0].shape[:2] != shown[1].shape:
                size = shown[1].shape[::-1]
                shown = cv2.resize(shown[0], size, interpolation=cv2.INTER_AREA), shown[1]
            yield condition, shown


def judge(cases: Iterator[tuple[str, Pair]]) -> dict[str, dict[str, float]]:
    """For each condition: `count`, `right` (the share that names it), `besides` (what else was named, a case)."""
    estimator = Estimator()
    right, besides = defaultdict(list), defaultdict(list)
    for condition, (visible, thermal) in cases:
        estimate = estimator(visible, np.ascontiguousarray(thermal))
        named = set(estimate.named())
        if estimate.brightness < DUSK and condition != "low_light":
            named -= {"low_light"}  # what is dark is dark, whatever else is wrong
        right[condition].append(condition in named or (condition == "clean" and not named))
        besides[condition].append(len(named - {condition}))
        if condition == "clean" and named:
            print("clean, but named:", sorted(named))
    return {
        name: {"count": len(values), "right": float(np.mean(values)), "besides": float(np.mean(besides[name]))}
        for name, values in right.items()
    }


WAYS = ("plain", "auto", "named", "brought out", "true boxes")


def detections(data: Path) -> dict[str, dict[str, dict[str, float]]]:
    """For the pairs as they are and under each degradation: what a detector finds in each way of fusing them.

    Returns:
        Condition (`mean` for the mean of all) -> figure -> way -> value, 0..1: mAP50 over the classes with boxes, and
        mAP50 and mAP of `person` and of `car`. The ways: fused plainly, by auto, with the right mode named, with that
        and every class brought out that has boxes, from the detector's own boxes and from the true ones.
    """
    task, fuser = detection.prepare(data, data / "labels"), Fuser()
    classes = sorted({box.name for found in task.boxes.values() for box in found})
    finder = ObjectFinder(classes)
    rows = {}
    for mode in ("clean", *MODES):
        found: dict[str, Found] = {way: {} for way in WAYS}
        for pair in task.pairs:
            for way, image in _fused(pair, mode, fuser, finder, task.boxes[pair.name]):
                found[way][pair.name] = task.detector.detect(image)
        rows[mode] = _figures(task, found, classes)
        print(f"  {mode:18s}", {way: round(value, 3) for way, value in rows[mode]["mAP50"].items()}, flush=True)
    rows["mean"] = {
        figure: {way: float(np.mean([row[figure][way] for row in rows.values()])) for way in WAYS}
        for figure in rows["clean"]
    }
    return rows


def _fused(
    pair: RegisteredPair, mode: str, fuser: Fuser, finder: ObjectFinder, boxes: Sequence[Box]
) -> Iterator[tuple[str, NDArray[np.uint8]]]:
    """Way and fused image of a pair under a mode."""
    wanted = () if mode == "clean" else (mode,)
    visible, thermal = pair.degraded(dict.fromkeys(wanted, detection.SEVERITY))
    for way, modes in (("plain", ()), ("auto", ("auto",)), ("named", wanted)):
        fuser.set_prompt(modes=modes, severity=detection.SEVERITY if modes else None)
        image = fuser.fuse(visible, thermal)
        yield way, image
    brought_out = image.copy()
    finder.bring_out(brought_out, visible, thermal)
    yield "brought out", brought_out
    BringOut()(image, visible, thermal, [Region(box.box, name=box.name) for box in boxes])
    yield "true boxes", image


def _figures(task: detection.Task, found: Mapping[str, Found], classes: Sequence[str]) -> dict[str, dict[str, float]]:
    figures = {"mAP50": {way: average_precision(task.boxes, found[way], classes)["mAP50"] for way in WAYS}}
    for name in ("person", "car"):
        truth = {image: [box for box in boxes if box.name == name] for image, boxes in task.boxes.items()}
        judged = {way: average_precision(truth, found[way], [name]) for way in WAYS}
        for figure in ("mAP50", "mAP"):
            figures[f"{name} {figure}"] = {way: judged[way][figure] for way in WAYS}
    return figures


def look_ms(pair: Pair, seconds: float = 10.0) -> dict[str, float]:
    """Milliseconds of one core for a frame of a stream of 30 Hz: those in which something is looked at, and a look."""
    cv2.setNumThreads(1)
    visible, thermal = (cv2.resize(image, (640, 480)) for image in pair)
    watch, taken = SceneWatch(), []
    for n in range(round(30 * seconds)):
        start = time.process_time()
        watch.look(visible, thermal, n / 30)
        taken.append((time.process_time() - start) * 1e3)
    frames = np.array(taken[1 + len(PARTS) :])  # the first one of a stream is looked at whole
    look = frames[: len(frames) // len(PARTS) * len(PARTS)].reshape(-1, len(PARTS))
    return {
        "median": float(np.median(frames)),
        "most_costly_part": float(np.median(look, axis=0).max()),
        "p99": float(np.quantile(frames, 0.99)),
        "look": float(np.median(look.sum(1))),
    }


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pairs", type=Path)
    parser.add_argument("--foreign", type=Path)
    parser.add_argument("--boxes", type=Path)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    found = {"pairs": judge(ours(asked.pairs))}
    if asked.foreign:
        found["foreign"] = judge(foreign(asked.foreign))
    if asked.boxes:
        found |= {f"boxes, {condition}": row for condition, row in detections(asked.boxes).items()}
    found["look_ms"] = look_ms((lambda pair: (pair.visible, pair.thermal))(load_pairs(asked.pairs)[0]))
    for title, rows in found.items():
        print(title)
        for name, row in rows.items():
            print(f"  {name:18s}", row if isinstance(row, float) else {k: round(v, 3) for k, v in row.items()})
    for title in ("pairs", "foreign"):
        if title in found:
            named = [row for name, row in found[title].items() if name != "clean"]
            share = sum(r["right"] * r["count"] for r in named) / sum(r["count"] for r in named)
            print(f"{title}: right condition named {share:.3f}, clean left alone {found[title]['clean']['right']:.3f}")
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
