"""Objects followed from frame to frame."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TypeVar

import numpy as np

from ros2_textfuse.detection.types import Detection, DetectorError

GAP = 1.0  # s; over a longer one, or when time goes back, nobody is the same

Found = TypeVar("Found", bound=Detection)


class Tracker:
    """Gives the detections of successive frames numbers, the same for the same object.

    An object has one from its second frame on; those of the first frame at once.

    Args:
        faint: whether what is faint is followed from the start, not only what was sure before.

    Raises:
        DetectorError: lap, which solves the assignments, is missing.
    """

    def __init__(self, faint: bool = False) -> None:
        try:
            from ros2_textfuse.detection.byte_track import ByteTrack
        except ImportError as error:
            raise DetectorError(f"objects cannot be tracked ({error}); cure: pip install lap") from error
        self._make = partial(ByteTrack, faint)
        self._tracker = self._make()
        self._last: float | None = None  # s

    def update(self, found: Sequence[Found], time: float) -> list[Found]:
        """The detections of the next frame, in their order, with the numbers of those that are followed.

        Args:
            found: of one frame, of any detector.
            time: seconds, of the frame.
        """
        if self._last is not None and not 0 <= time - self._last <= GAP:
            self._tracker = self._make()
        self._last = time
        boxes = np.array([one.box for one in found], np.float64).reshape(-1, 4)
        ids = self._tracker.update(boxes, np.array([one.score for one in found], np.float64))
        return [replace(one, id=number) for one, number in zip(found, ids, strict=True)]
