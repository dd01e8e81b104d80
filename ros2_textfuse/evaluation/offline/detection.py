"""Detection value: the same detector on visible, thermal and fused images with known boxes."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ros2_textfuse.batch.objects import ObjectFinder
from ros2_textfuse.degradations.modes import MODES
from ros2_textfuse.degradations.pairs import RegisteredPair, load_pairs
from ros2_textfuse.detection.detector import Detector
from ros2_textfuse.detection.joining import join
from ros2_textfuse.detection.streams import STREAMS, trust
from ros2_textfuse.evaluation.metrics.average_precision import Found, average_precision, difference, require_judge
from ros2_textfuse.evaluation.metrics.boxes import Box, read_boxes
from ros2_textfuse.evaluation.metrics.fusion import to_grey
from ros2_textfuse.evaluation.metrics.retention import SALIENT, Retention, retention, salient_boxes, table
from ros2_textfuse.fuser import Fuser
from ros2_textfuse.imaging.cameras import CAMERAS

LEAST = 0.001  # score; mAP weighs all detections, sure or not
SEVERITY = 0.5  # of each degradation, and of the prompt that names it
JOINED = {"cameras": CAMERAS, "all": STREAMS, "all_prompted": (*CAMERAS, "prompted")}
"""Rows of joined boxes -> the streams whose they are."""


@dataclass(frozen=True)
class Task:
    """What the detector is to find, and in what."""

    pairs: list[RegisteredPair]
    boxes: dict[str, list[Box]]
    """Name of a pair -> its boxes."""
    excluded: Counter[str]
    """Reason -> boxes or images left out."""
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


def evaluate(
    task: Task, fuser: Fuser, prompt: Mapping[str, Any], objects: ObjectFinder | None = None
) -> tuple[dict[str, Any], Found]:
    """Detect in every pair, as it is and under each degradation.

    Args:
        task: of `prepare`.
        fuser: its prompt is changed.
        prompt: arguments of `Fuser.set_prompt` for the images as they are.
        objects: that are brought out of these, or kept; None for none.

    Returns:
        images, boxes and classes: what was judged; exclusions: reason -> count; clean: visible, thermal, fused, and
        cameras and all, the boxes of both cameras and of all three joined -> mAP50, mAP75, mAP; over: camera ->
        interval of mAP50 fused minus that camera, by bootstrap over images; degraded: mode -> the same, and prompted,
        fused with the mode named, and all_prompted, the cameras joined with it -> the same figures; retention:
        `retention.table` of the pairs as they are, by class and by size, and of salient regions. And the detections in
        the fused images as they are, for a later comparison.
    """
    truth, detector = task.boxes, task.detector
    clean: dict[str, Found] = {stream: {} for stream in STREAMS}
    degraded: dict[str, dict[str, Found]] = {mode: {stream: {} for stream in (*STREAMS, "prompted")} for mode in MODES}
    kept: list[tuple[str, Retention]] = []
    for pair in tqdm(task.pairs, desc="detection", unit="pair", mininterval=0.5):
        streams = _streams(pair.visible, pair.thermal, fuser, prompt)
        if objects:
            objects.bring_out(streams["fused"], pair.visible, pair.thermal)
        for stream, image in streams.items():
            clean[stream][pair.name] = detector.detect(image)
        _add_joined(clean, pair.name)
        kept += _retained(pair, streams["fused"], truth[pair.name])
        for mode, found in degraded.items():
            _detect_degraded(pair, mode, clean, found, detector, fuser)
            _add_joined(found, pair.name, mode)
    classes = Counter(box.name for found in truth.values() for box in found)
    names = list(classes)
    figures = {
        "images": len(truth),
        "boxes": sum(classes.values()),
        "classes": dict(classes.most_common()),
        "exclusions": dict(task.excluded),
        "detector": f"YOLO26n on {detector.engine_name}",
        "severity": SEVERITY,
        "clean": {stream: average_precision(truth, clean[stream], names) for stream in clean},
        "over": {camera: asdict(difference(truth, clean["fused"], clean[camera], names)) for camera in CAMERAS},
        "degraded": {
            mode: {stream: average_precision(truth, found[stream], names) for stream in found}
            for mode, found in degraded.items()
        },
        "retention": table(kept),
    }
    return figures, clean["fused"]


def _streams(
    visible: NDArray[np.uint8], thermal: NDArray[np.uint8], fuser: Fuser, prompt: Mapping[str, Any]
) -> dict[str, NDArray[np.uint8]]:
    fuser.set_prompt(**prompt)
    return {"visible": visible, "thermal": _colour(thermal), "fused": fuser.fuse(visible, thermal)}


def _retained(pair: RegisteredPair, fused: NDArray[np.uint8], boxes: Sequence[Box]) -> list[tuple[str, Retention]]:
    visible, grey = to_grey(pair.visible), to_grey(fused)
    found = [(box.name, retention(visible, pair.thermal, grey, box.box)) for box in boxes]
    found += [(SALIENT, retention(visible, pair.thermal, grey, box)) for box in salient_boxes(visible, pair.thermal)]
    return [(name, one) for name, one in found if one is not None]


def _detect_degraded(
    pair: RegisteredPair,
    mode: str,
    clean: Mapping[str, Found],
    found: dict[str, Found],
    detector: Detector,
    fuser: Fuser,
) -> None:
    visible, thermal = pair.degraded({mode: SEVERITY})
    suffers = "thermal" if mode.startswith("ir_") else "visible"
    streams = _streams(visible, thermal, fuser, {})
    streams["prompted"] = _streams(visible, thermal, fuser, {"modes": (mode,), "severity": SEVERITY})["fused"]
    for stream, image in streams.items():
        untouched = stream in CAMERAS and stream != suffers
        found[stream][pair.name] = clean[stream][pair.name] if untouched else detector.detect(image)


def _add_joined(found: dict[str, Found], name: str, mode: str = "") -> None:
    """Add the streams' boxes of one pair joined; where the mode is named, its camera counts for less."""
    for row, streams in JOINED.items():
        if not set(streams) <= set(found):
            continue
        worth = trust({mode: SEVERITY} if "prompted" in streams else {})
        boxes = {stream.replace("prompted", "fused"): found[stream][name] for stream in streams}
        found.setdefault(row, {})[name] = [*join(boxes, worth)]


def _colour(thermal: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.repeat(thermal[..., None], 3, axis=2)
