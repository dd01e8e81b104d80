"""An exported YOLO network on OpenVINO without ultralytics, which brings torch: seconds and 200 MiB."""

import platform
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ros2_textfuse.detection.priority import GivingWay, TakingShare
from ros2_textfuse.runtime import bounded_yaml
from ros2_textfuse.runtime.openvino_core import core, openvino

Outlines = list[NDArray[np.float32] | None]

GREY = (114, 114, 114)  # around an image of other proportions, as in YOLO's training
LARGEST_OVERLAP = 0.7  # intersection over union of two boxes of one class that are two objects
MOST = 300  # boxes in an image


class OpenVINOBoxes:
    """Finds boxes; what it computes is what ultralytics computes.

    Args:
        export: ultralytics' folder with the network and its metadata.yaml.
        threads: 0 for OpenVINO's own choice.
        gives_way: whether it is run as `GivingWay` does.

    Raises:
        OSError, RuntimeError: a file is missing, or OpenVINO cannot run it.
    """

    segments = False

    def __init__(self, export: Path, threads: int, gives_way: bool = False) -> None:
        metadata = metadata_of(export)
        self.names: dict[int, str] = metadata["names"]
        model = core().read_model(next(export.glob("*.xml")))
        self._size = tuple(model.input().shape)[2:]
        steps = openvino.preprocess.PrePostProcessor(model)
        steps.input().tensor().set_element_type(openvino.Type.u8).set_layout(openvino.Layout("NHWC"))
        steps.input().preprocess().convert_element_type(openvino.Type.f32).scale(255.0)
        steps.input().model().set_layout(openvino.Layout("NCHW"))
        options = {}
        if platform.machine() == "aarch64":  # where less is not close enough
            options = {"EXECUTION_MODE_HINT": "ACCURACY", "INFERENCE_PRECISION_HINT": "f32"}
        self._infer = (GivingWay if gives_way else TakingShare)(steps.build(), threads, options)
        self.find(np.zeros((*self._size, 3), np.uint8), 1.0, None)  # the first call allocates

    def find(
        self, image: NDArray[np.uint8], confidence: float, classes: list[int] | None
    ) -> tuple[NDArray[np.float32], Outlines]:
        """Boxes, the surest first.

        Args:
            image: uint8 RGB [H, W, 3].
            confidence: scores are above it.
            classes: numbers of those to find; None for all.

        Returns:
            left, top, right, bottom in pixels, score and class of each, [N, 6]; and no outlines.
        """
        field, scale, corner = fitted(image, self._size)
        output = self._infer(field[None])[0]
        ends = output.shape[-1] == 6  # each object has one box already
        rows = _sure(output, confidence, classes) if ends else suppressed(_best(output, confidence, classes))
        height, width = image.shape[:2]
        rows[:, :4] = (rows[:, :4] - (*corner, *corner)) / (*scale, *scale)
        rows[:, :4] = rows[:, :4].clip(0, (width, height, width, height))
        return rows[:MOST], [None] * len(rows[:MOST])


def metadata_of(export: Path) -> dict[str, Any]:
    """What ultralytics has written beside an export: task, names and more."""
    metadata: dict[str, Any] = bounded_yaml.load((export / "metadata.yaml").read_text())
    return metadata


def fitted(
    image: NDArray[np.uint8], size: tuple[int, ...]
) -> tuple[NDArray[np.uint8], tuple[float, float], tuple[int, int]]:
    """The image as large as it fits into (height, width), in the middle of grey.

    Returns:
        uint8 [*size, 3], C-contiguous; width and height of a pixel of the image there; and where its corner is.
    """
    height, width = image.shape[:2]
    ratio = min(size[0] / height, size[1] / width)
    inner = max(round(width * ratio), 1), max(round(height * ratio), 1)
    if inner != (width, height):
        image = np.asarray(cv2.resize(image, inner, interpolation=cv2.INTER_LINEAR), np.uint8)
    left, top = ((outer - side) / 2 for outer, side in zip(size[::-1], inner, strict=True))
    before, after = (round(left - 0.1), round(top - 0.1)), (round(left + 0.1), round(top + 0.1))
    if inner != size[::-1]:
        sides = before[1], after[1], before[0], after[0]
        image = np.asarray(cv2.copyMakeBorder(image, *sides, cv2.BORDER_CONSTANT, value=GREY), np.uint8)
    # OpenVINO shares only memory that it could write to, though it does not.
    return np.require(image, requirements=("C", "W")), (inner[0] / width, inner[1] / height), before


def _sure(rows: NDArray[np.float32], confidence: float, classes: list[int] | None) -> NDArray[np.float32]:
    """Of [N, 6], those that are wanted, by their score."""
    wanted = rows[:, 4] > confidence
    if classes is not None:
        wanted &= np.isin(rows[:, 5], classes)
    rows = rows[wanted]
    return rows[np.argsort(-rows[:, 4], kind="stable")]


def _best(output: NDArray[np.float32], confidence: float, classes: list[int] | None) -> NDArray[np.float32]:
    """Of [4 + classes, N], middle, width, height and scores of each place, the boxes of `_sure`."""
    output = output[:, output[4:].max(0) > confidence]
    number = output[4:].argmax(0)
    middle, half = output[:2], output[2:4] / 2
    score = output[4:].max(0, initial=0)[None]
    return _sure(np.concatenate([middle - half, middle + half, score, number[None]]).T, confidence, classes)


def suppressed(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Of [N, 6], by score, those that do not lie on a surer one of their class."""
    left, top, right, bottom, _, number = rows.T
    area = (right - left) * (bottom - top)
    rest, kept = np.arange(len(rows)), []
    while len(rest):
        best, rest = rest[0], rest[1:]
        kept.append(best)
        width = np.minimum(right[rest], right[best]) - np.maximum(left[rest], left[best])
        height = np.minimum(bottom[rest], bottom[best]) - np.maximum(top[rest], top[best])
        both = width.clip(0) * height.clip(0)
        same = both > LARGEST_OVERLAP * (area[rest] + area[best] - both)
        rest = rest[~(same & (number[rest] == number[best]))]
    return rows[kept]
