"""What a detector finds in the three images of a frame, and how far it is the same."""

import threading
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ros2_textfuse.detection.detector import Detector
from ros2_textfuse.detection.joining import SURE, JoinedDetection, join
from ros2_textfuse.detection.streams import STREAMS
from ros2_textfuse.detection.types import Detection
from ros2_textfuse.fleet.schema import BOX

PROBABLE = 0.5  # of a joined box that counts as an object


class StreamBoxes:
    """Looks for objects in each stream, from any thread.

    Args:
        weights: as of `Detector`.
        threads: CPU threads of its engine; 0 for the engine's own choice.

    Raises:
        WeightsError, DetectorError: there is no detector.
    """

    def __init__(self, weights: str, threads: int) -> None:
        self._detector = Detector(weights, confidence=SURE, threads=threads)
        self._lock = threading.Lock()

    def __call__(
        self, visible: NDArray[np.uint8], thermal: NDArray[np.uint8], fused: NDArray[np.uint8]
    ) -> dict[str, Any]:
        """The columns `schema.BOXES` of a frame.

        Args:
            visible: uint8 RGB [H, W, 3].
            thermal: uint8 [H, W].
            fused: uint8 RGB [H, W, 3].
        """
        images = {"visible": visible, "thermal": np.dstack([thermal] * 3), "fused": fused}
        with self._lock:
            found = {stream: self._detector.detect(images[stream]) for stream in STREAMS}
        joined = join(found)
        return {
            **{f"boxes_{stream}": [_row(one) for one in boxes] for stream, boxes in found.items()},
            "objects": [one.name for one in joined if one.score >= PROBABLE],
            "disagreement": disagreement(joined),
        }


def disagreement(joined: Sequence[JoinedDetection]) -> float:
    """How far the streams disagree, 0..1: the share of the objects that they miss, each by how probable it is.

    An object that one stream alone sees counts whole, one that a single stream misses half. Objects that are less
    probable than one altogether count as one, so that a box of chance in an empty image is no disagreement.
    """
    missed = sum(one.score * (len(STREAMS) - len(one.scores)) for one in joined) / (len(STREAMS) - 1)
    return missed / max(1.0, sum(one.score for one in joined))


def _row(found: Detection) -> Mapping[str, Any]:
    return dict(zip(BOX, (found.name, found.score, *found.box), strict=True))
