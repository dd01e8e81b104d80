"""Frames between two detections: where the objects that were found are by then, without ROS."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ros2_textfuse.detection.turns import OLDEST
from ros2_textfuse.detection.types import Detection
from ros2_textfuse.saliency.carrying import Carried, Sighting


class Tracks:
    """Carries the objects of the last detection to the frames after it."""

    def __init__(self) -> None:
        self.carried = Carried()
        """Where objects are at any time."""
        self._last: dict[int, Any] = {}
        self._seen = float("-inf")

    def see(self, found: Sequence[Detection], time: float) -> None:
        """Note what was found in a frame; only what has a number is carried.

        Args:
            found: of a tracker.
            time: seconds, of the frame.
        """
        self._last, self._seen = {one.id: one for one in found if one.id}, time
        self.carried.see([Sighting(one.id, one.name, one.box) for one in self._last.values()], time)

    def at(self, time: float, size: tuple[int, int]) -> list[Any] | None:
        """The objects of the last detection where they are now, within the image; None where it is too long ago.

        Args:
            time: seconds, of a frame that was not looked at.
            size: height and width of that frame in pixels.
        """
        if not 0 <= time - self._seen <= OLDEST:
            return None
        carried = {region.id: region.box for region in self.carried.regions(time)}
        moved = [replace(one, box=_within(carried[id_], size)) for id_, one in self._last.items() if id_ in carried]
        return [one for one in moved if one.box[0] < one.box[2] and one.box[1] < one.box[3]]


def _within(box: tuple[float, float, float, float], size: tuple[int, int]) -> tuple[float, float, float, float]:
    height, width = size
    left, top, right, bottom = box
    return max(left, 0.0), max(top, 0.0), min(right, float(width)), min(bottom, float(height))
