"""Detection value: the same detector on visible, thermal and fused pictures with known boxes.

mAP is COCO's (pycocotools): precision averaged over recall and over the classes that have boxes, at an overlap of 0.5,
of 0.75, and over 0.5 to 0.95.
"""

import contextlib
import importlib.util
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ros2_textfuse.detector import Detection, Detector, DetectorError
from ros2_textfuse.evaluation.bootstrap import LEVEL, Interval
from ros2_textfuse.evaluation.boxes import Box, read_boxes
from ros2_textfuse.evaluation.metrics import to_grey
from ros2_textfuse.evaluation.quality import Pair, load_pairs
from ros2_textfuse.evaluation.replay import CAMERAS
from ros2_textfuse.evaluation.retention import SALIENT, Retention, retention, salient_boxes, table
from ros2_textfuse.fuser import Fuser
from ros2_textfuse.prompts import MODES

LEAST = 0.001  # score; mAP weighs all detections, sure or not
SEVERITY = 0.5  # of each degradation, and of the prompt that names it
RESAMPLES = 400
STREAMS = (*CAMERAS, "fused")
OVERLAPS = tuple(round(0.5 + 0.05 * step, 2) for step in range(10))

Found = dict[str, list[Detection]]
"""Name of a pair -> detections."""
Truth = Mapping[str, Sequence[Box]]


def require_judge() -> None:
    """Raise DetectorError unless pycocotools is there."""
    if importlib.util.find_spec("pycocotools") is None:
        raise DetectorError("pycocotools is not installed; cure: pip install pycocotools")


@dataclass(frozen=True)
class Task:
    """What the detector is to find, and in what."""

    pairs: list[Pair]
    boxes: dict[str, list[Box]]
    """Name of a pair -> its boxes."""
    excluded: Counter[str]
    """Reason -> boxes or pictures left out."""
    detector: Detector


def prepare(data: Path, labels: Path) -> Task:
    """Read pairs and boxes and load the detector: what can be wrong is found before hours of work.

    Args:
        data: folder with vi/ and ir/.
        labels: as `read_boxes` takes them.

    Raises:
        RecordingError: pairs or boxes cannot be read, or there are none.
        WeightsError, DetectorError: there is no detector, or nothing to judge it with.
    """
    require_judge()
    pairs = load_pairs(data)
    detector = Detector(confidence=LEAST)
    boxes = read_boxes(labels, {pair.name: pair.thermal.shape[:2] for pair in pairs}, detector.names)
    for pair in pairs:
        if pair.name in boxes.of and pair.visible.shape[:2] != pair.thermal.shape:
            boxes.excluded["pair of two sizes"] += 1
            del boxes.of[pair.name]
    return Task([pair for pair in pairs if pair.name in boxes.of], boxes.of, boxes.excluded, detector)


def evaluate(task: Task, fuser: Fuser, words: Mapping[str, Any]) -> tuple[dict[str, Any], Found]:
    """Detect in every pair, as it is and under each degradation.

    Args:
        task: of `prepare`.
        fuser: its words are changed.
        words: arguments of `Fuser.set_prompt` for the pictures as they are.

    Returns:
        images, boxes and classes: what was judged; exclusions: reason -> count; clean: visible, thermal, fused ->
        mAP50, mAP75, mAP; over: camera -> interval of mAP50 fused minus that camera, by bootstrap over pictures;
        degraded: mode -> visible, thermal, fused, and prompted, fused with the mode named -> the same figures;
        retention: `retention.table` of the pairs as they are, by class and by size, and of salient regions. And the
        detections in the fused pictures as they are, for a later comparison.
    """
    truth, detector = task.boxes, task.detector
    clean: dict[str, Found] = {stream: {} for stream in STREAMS}
    degraded: dict[str, dict[str, Found]] = {mode: {stream: {} for stream in (*STREAMS, "prompted")} for mode in MODES}
    kept: list[tuple[str, Retention]] = []
    for pair in tqdm(task.pairs, desc="detection", unit="pair", mininterval=0.5):
        streams = _streams(pair.visible, pair.thermal, fuser, words)
        for stream, picture in streams.items():
            clean[stream][pair.name] = detector.detect(picture)
        kept += _retained(pair, streams["fused"], truth[pair.name])
        for mode, found in degraded.items():
            _detect_degraded(pair, mode, clean, found, detector, fuser)
    classes = Counter(box.name for found in truth.values() for box in found)
    names = list(classes)
    figures = {
        "images": len(truth),
        "boxes": sum(classes.values()),
        "classes": dict(classes.most_common()),
        "exclusions": dict(task.excluded),
        "detector": f"YOLO26n on {detector.engine_name}",
        "severity": SEVERITY,
        "clean": {stream: average_precision(truth, clean[stream], names) for stream in STREAMS},
        "over": {camera: asdict(difference(truth, clean["fused"], clean[camera], names)) for camera in CAMERAS},
        "degraded": {
            mode: {stream: average_precision(truth, found[stream], names) for stream in found}
            for mode, found in degraded.items()
        },
        "retention": table(kept),
    }
    return figures, clean["fused"]


def average_precision(truth: Truth, found: Found, names: Sequence[str]) -> dict[str, float]:
    """COCO's mAP50, mAP75 and mAP (0.5 to 0.95), each 0..1.

    Args:
        truth: name of a picture -> true boxes; its keys are the pictures judged.
        found: name of a picture -> detections; those of other classes do not count.
        names: the classes.
    """
    precision = _precision(_matched(truth, found, names, OVERLAPS))
    at = {overlap: _mean(row) for overlap, row in zip(OVERLAPS, precision, strict=True)}
    return {"mAP50": at[0.5], "mAP75": at[0.75], "mAP": _mean(precision)}


def _streams(
    visible: NDArray[np.uint8], thermal: NDArray[np.uint8], fuser: Fuser, words: Mapping[str, Any]
) -> dict[str, NDArray[np.uint8]]:
    fuser.set_prompt(**words)
    return {"visible": visible, "thermal": _colour(thermal), "fused": fuser.fuse(visible, thermal)}


def _retained(pair: Pair, fused: NDArray[np.uint8], boxes: Sequence[Box]) -> list[tuple[str, Retention]]:
    visible, grey = to_grey(pair.visible), to_grey(fused)
    found = [(box.name, retention(visible, pair.thermal, grey, box.box)) for box in boxes]
    found += [(SALIENT, retention(visible, pair.thermal, grey, box)) for box in salient_boxes(visible, pair.thermal)]
    return [(name, one) for name, one in found if one is not None]


def _detect_degraded(
    pair: Pair, mode: str, clean: Mapping[str, Found], found: dict[str, Found], detector: Detector, fuser: Fuser
) -> None:
    visible, thermal = pair.degraded({mode: SEVERITY})
    suffers = "thermal" if mode.startswith("ir_") else "visible"
    streams = _streams(visible, thermal, fuser, {})
    streams["prompted"] = _streams(visible, thermal, fuser, {"modes": (mode,), "severity": SEVERITY})["fused"]
    for stream, picture in streams.items():
        untouched = stream in CAMERAS and stream != suffers
        found[stream][pair.name] = clean[stream][pair.name] if untouched else detector.detect(picture)


def _colour(thermal: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.repeat(thermal[..., None], 3, axis=2)


def _matched(truth: Truth, found: Found, names: Sequence[str], overlaps: Sequence[float]) -> Any:
    """pycocotools' evaluation with every detection matched to a box or to none, at each overlap."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    numbers = {name: number for number, name in enumerate(names, 1)}
    true, seen = [], []
    for image, (name, boxes) in enumerate(truth.items(), 1):
        true += [(image, numbers[box.name], box.box, 1.0) for box in boxes]
        seen += [(image, numbers[one.name], one.box, one.score) for one in found.get(name, ()) if one.name in numbers]
    with contextlib.redirect_stdout(io.StringIO()):  # it prints its progress
        sets = []
        for entries in (true, seen):
            coco = COCO()
            coco.dataset = {
                "images": [{"id": image} for image in range(1, len(truth) + 1)],
                "categories": [{"id": number, "name": name} for name, number in numbers.items()],
                "annotations": [_annotation(number, *entry) for number, entry in enumerate(entries, 1)],
            }
            coco.createIndex()
            sets.append(coco)
        judge = COCOeval(*sets, "bbox")
        judge.params.areaRng, judge.params.areaRngLbl = judge.params.areaRng[:1], judge.params.areaRngLbl[:1]
        judge.params.maxDets, judge.params.iouThrs = [100], np.array(overlaps)
        judge.evaluate()
    return judge


def _annotation(number: int, image: int, kind: int, box: tuple[float, ...], score: float) -> dict[str, Any]:
    left, top, right, bottom = box
    size = [left, top, right - left, bottom - top]
    area = size[2] * size[3]
    return {
        "id": number,
        "image_id": image,
        "category_id": kind,
        "bbox": size,
        "area": area,
        "score": score,
        "iscrowd": 0,
    }


def _precision(judge: Any) -> NDArray[np.float64]:
    """Precision [overlaps, recalls, classes]; -1 for a class without boxes."""
    with contextlib.redirect_stdout(io.StringIO()):
        judge.accumulate()
    return judge.eval["precision"][..., 0, 0]


def _mean(precision: NDArray[np.float64]) -> float:
    known = precision[precision > -1]
    return float(known.mean()) if len(known) else 0.0


def difference(truth: Truth, found: Found, other: Found, names: Sequence[str]) -> Interval:
    """mAP50 of some detections minus that of others in the same pictures, with its interval by bootstrap over pictures.

    Args:
        truth: name of a picture -> true boxes.
        found: name of a picture -> detections.
        other: as `found`.
        names: the classes.
    """
    judges = [_matched(truth, detections, names, OVERLAPS[:1]) for detections in (found, other)]
    count = len(truth)
    random = np.random.default_rng(0)
    drawn = [np.arange(count), *random.integers(0, count, (RESAMPLES, count))]
    matched = [np.array(judge.evalImgs, dtype=object).reshape(-1, count) for judge in judges]
    values = np.empty((2, len(drawn)))
    for row, (judge, pictures) in enumerate(zip(judges, matched, strict=True)):
        for column, indices in enumerate(drawn):
            judge.evalImgs = pictures[:, indices].ravel().tolist()
            values[row, column] = _mean(_precision(judge))
    differences = values[0] - values[1]
    low, high = np.quantile(differences[1:], [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(float(differences[0]), float(low), float(high))
