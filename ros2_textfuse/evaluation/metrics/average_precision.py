"""COCO's mean average precision (pycocotools), and the difference of two with its confidence interval.

mAP is precision averaged over recall and over the classes that have boxes, at an overlap of 0.5, of 0.75, and over 0.5
to 0.95.
"""

import contextlib
import importlib.util
import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ros2_textfuse.detection.types import Detection, DetectorError
from ros2_textfuse.evaluation.metrics.bootstrap import LEVEL, Interval
from ros2_textfuse.evaluation.metrics.boxes import Box

RESAMPLES = 400
OVERLAPS = tuple(round(0.5 + 0.05 * step, 2) for step in range(10))

Found = dict[str, list[Detection]]
"""Name of a pair -> detections."""
Truth = Mapping[str, Sequence[Box]]


def require_judge() -> None:
    """Raise DetectorError unless pycocotools is there."""
    if importlib.util.find_spec("pycocotools") is None:
        raise DetectorError("pycocotools is not installed; cure: pip install pycocotools")


def average_precision(truth: Truth, found: Found, names: Sequence[str]) -> dict[str, float]:
    """COCO's mAP50, mAP75 and mAP (0.5 to 0.95), each 0..1.

    Args:
        truth: name of an image -> true boxes; its keys are the images judged.
        found: name of an image -> detections; those of other classes do not count.
        names: the classes.
    """
    precision = _precision(_matched(truth, found, names, OVERLAPS))
    at = {overlap: _mean(row) for overlap, row in zip(OVERLAPS, precision, strict=True)}
    return {"mAP50": at[0.5], "mAP75": at[0.75], "mAP": _mean(precision)}


def difference(truth: Truth, found: Found, other: Found, names: Sequence[str]) -> Interval:
    """mAP50 of some detections minus that of others in the same images, with its interval by bootstrap over images.

    Args:
        truth: name of an image -> true boxes.
        found: name of an image -> detections.
        other: as `found`.
        names: the classes.
    """
    judges = [_matched(truth, detections, names, OVERLAPS[:1]) for detections in (found, other)]
    count = len(truth)
    random = np.random.default_rng(0)
    drawn = [np.arange(count), *random.integers(0, count, (RESAMPLES, count))]
    matched = [np.array(judge.evalImgs, dtype=object).reshape(-1, count) for judge in judges]
    values = np.empty((2, len(drawn)))
    for row, (judge, images) in enumerate(zip(judges, matched, strict=True)):
        for column, indices in enumerate(drawn):
            judge.evalImgs = images[:, indices].ravel().tolist()
            values[row, column] = _mean(_precision(judge))
    differences = values[0] - values[1]
    low, high = np.quantile(differences[1:], [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(float(differences[0]), float(low), float(high))


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
