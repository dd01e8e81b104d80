"""Objects followed from frame to frame, by ByteTrack as ultralytics has it."""

import importlib
from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, TypeVar

import numpy as np

from ros2_textfuse.detection.types import Detection, DetectorError
from ros2_textfuse.detection.ultralytics_setup import prepare_ultralytics

SETTINGS = {  # ultralytics' own defaults, bytetrack.yaml
    "track_high_thresh": 0.25,
    "track_low_thresh": 0.1,
    "new_track_thresh": 0.25,
    "track_buffer": 30,  # frames for which an object that is not seen keeps its number
    "match_thresh": 0.8,
    "fuse_score": True,
}
GAP = 1.0  # s; over a longer one, or when time goes back, nobody is the same

Found = TypeVar("Found", bound=Detection)


class Tracker:
    """Gives the detections of successive frames numbers, the same for the same object.

    An object has one from its second frame on; those of the first frame at once.

    Raises:
        DetectorError: ultralytics or lap, which solves its assignments, is missing.
    """

    def __init__(self) -> None:
        prepare_ultralytics()
        try:
            importlib.import_module("lap")
            from ultralytics.engine.results import Boxes
            from ultralytics.trackers.byte_tracker import BYTETracker
        except ImportError as error:
            raise DetectorError(f"objects cannot be tracked ({error}); cure: pip install lap") from error
        self._boxes, self._tracker = Boxes, BYTETracker(SimpleNamespace(**SETTINGS))
        self._last: float | None = None  # s

    def update(self, found: Sequence[Found], time: float) -> list[Found]:
        """The detections of the next frame, in their order, with the numbers of those that are followed.

        Args:
            found: of one frame, of any detector.
            time: seconds, of the frame.
        """
        if self._last is not None and not 0 <= time - self._last <= GAP:
            self._tracker.reset()
        self._last = time
        rows = np.array([[*one.box, one.score, one.class_id] for one in found], np.float32).reshape(-1, 6)
        tracks: Any = self._tracker.update(self._boxes(rows, (1, 1)))
        ids = {int(track[7]): int(track[4]) for track in tracks}
        return [replace(one, id=ids.get(number, 0)) for number, one in enumerate(found)]
