"""The detector on one engine: built, its boxes compared with those of its own PyTorch, timed, loaded again."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ros2_textfuse.detection.detector import Detector
from ros2_textfuse.detection.drawing import draw
from ros2_textfuse.detection.types import Detection
from tools.gpu_check import device
from tools.gpu_check.cases import Case

SURE = 0.5  # score from which on a box of one must be a box of the other
LEAST_OVERLAP = 0.9  # of the two, intersection over union


def measure(case: Case, limit: float) -> tuple[dict[str, Any], NDArray[np.uint8]]:
    """One row of the result, and the image with its boxes.

    Args:
        case: of the detector; its weights are a file.
        limit: seconds of timing.

    Raises:
        ValueError: the boxes are not those of PyTorch.
        Exception: whatever ultralytics and the engines raise.
    """
    size = case.height, case.width
    reference = Detector(str(case.weights), "torch", image_size=size)
    image = photograph()
    expected = reference.detect(image)
    if not any(detection.score >= SURE for detection in expected):
        raise ValueError("PyTorch finds nothing in the photograph, so that nothing can be compared")
    memory = device.Memory()
    made: list[Detector] = []

    def build() -> None:
        made[:] = [Detector(str(case.weights), case.engine, image_size=size)]

    row: dict[str, Any] = {"build_s": round(device.seconds(build), 2), "runs": made[0].engine_name}
    found = made[0].detect(image)
    row |= agreement(expected, found)
    row |= device.spread(device.timed(lambda: made[0].detect(image), limit), "detect")
    row |= memory.figures()
    made.clear()
    device.release()
    row["load_s"] = round(device.seconds(build), 2)
    return row, draw(image, found)


def photograph() -> NDArray[np.uint8]:
    """Of people and a bus, which ultralytics carries."""
    import ultralytics

    image = cv2.imread(str(Path(ultralytics.__file__).parent / "assets" / "bus.jpg"))
    if image is None:
        raise ValueError("ultralytics carries no photograph here, so that there is nothing to find")
    return np.ascontiguousarray(image[..., ::-1])


def agreement(expected: list[Detection], found: list[Detection]) -> dict[str, Any]:
    """How many sure boxes there are, and the worst overlap of one with its partner; float16 may move a doubtful one.

    Raises:
        ValueError: a sure box of either has no partner of the same class.
    """
    overlaps = []
    for ours, theirs, who in ((expected, found, "the engine"), (found, expected, "PyTorch")):
        for detection in (one for one in ours if one.score >= SURE):
            partners = [overlap(detection, other) for other in theirs if other.class_id == detection.class_id]
            if max(partners, default=0.0) < LEAST_OVERLAP:
                raise ValueError(f"{detection.name} of {detection.score:.2f} is not found by {who}")
            overlaps.append(max(partners))
    return {"boxes": len([one for one in expected if one.score >= SURE]), "least_overlap": round(min(overlaps), 3)}


def overlap(one: Detection, other: Detection) -> float:
    """Intersection over union of two boxes."""
    left, top = np.maximum(one.box[:2], other.box[:2])
    right, bottom = np.minimum(one.box[2:], other.box[2:])
    shared = max(0.0, right - left) * max(0.0, bottom - top)
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one.box, other.box)]
    return float(shared / (sum(areas) - shared))
