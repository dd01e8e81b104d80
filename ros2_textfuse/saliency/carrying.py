"""Boxes carried to the present frame: a detector is some frames late, and may look at every third only."""

import threading
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ros2_textfuse.saliency.regions import Rectangle, Region, overlap

POSITION, VELOCITY = 0.7, 0.3  # shares of what a new box says against what was foreseen (an alpha-beta filter)
HELD, GONE = 0.3, 0.8  # s of frames without an object, until which it is brought out as before, and then not at all
LATE, SILENT = 1.0, 2.0  # s since the newest frame with any answer, likewise
SURENESS = 0.3  # share of what a new score says: scores change from frame to frame more than what is seen
SAME = 0.3  # intersection over union from which a box is one of an object that is followed
AHEAD = 0.5  # s over which a velocity is believed


@dataclass(frozen=True)
class Sighting:
    """An object in one frame.

    Args:
        id: the same for the same object in other frames, > 0.
        name: of its class.
        box: left, top, right, bottom in pixels of the fused image.
        outline: as of Region.
        score: of the detector, 0..1.
        faint: whether the detector is not sure that it is there: then it is kept, whatever is named.
    """

    id: int
    name: str
    box: Rectangle
    outline: NDArray[np.float32] | None = None
    score: float = 0.0
    faint: bool = False


@dataclass(frozen=True)
class _Followed:
    """Where an object was, and where it goes."""

    name: str
    seen: float
    """Seconds."""
    box: NDArray[np.float64]
    velocity: NDArray[np.float64]
    """Of each side, pixels a second."""
    outline: NDArray[np.float32] | None = None
    score: float = 0.0
    faint: bool = False

    def at(self, time: float) -> NDArray[np.float64]:
        return self.box + self.velocity * min(time - self.seen, AHEAD)

    def rectangle(self, time: float) -> Rectangle:
        left, top, right, bottom = self.at(time).tolist()
        return left, top, right, bottom

    def corrected(self, sighting: Sighting, time: float) -> "_Followed":
        foreseen, passed = self.at(time), max(time - self.seen, 1e-3)
        error = np.array(sighting.box) - foreseen
        velocity = self.velocity + VELOCITY * error / max(passed, 1 / 30)
        box, score = foreseen + POSITION * error, self.score + SURENESS * (sighting.score - self.score)
        return _Followed(sighting.name, time, box, velocity, sighting.outline, score, sighting.faint)


class Carried:
    """Objects that were seen, and where they are now. One thread may tell what was seen while another one asks.

    Times are seconds of one clock, that of the images' stamps.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._followed: dict[int, _Followed] = {}
        self._last = 0.0

    def see(self, sightings: Iterable[Sighting], time: float) -> None:
        """Note what was seen in a frame; when time goes back, all from before is forgotten."""
        with self._lock:
            known = self._followed if time >= self._last else {}
            self._last = time
            self._followed = {id_: one for id_, one in known.items() if time - one.seen <= GONE}
            for one in sightings:
                last = self._followed.get(one.id)
                self._followed[one.id] = (
                    last.corrected(one, time)
                    if last
                    else _Followed(one.name, time, np.array(one.box), np.zeros(4), one.outline, one.score, one.faint)
                )

    def boxes(self, time: float) -> list[tuple[int, Rectangle]]:
        """Id and box of all objects, of whatever class, at a time; none where the last answer is too old."""
        with self._lock:
            current = self._followed if -AHEAD < time - self._last < SILENT else {}
            return [(id_, one.rectangle(time)) for id_, one in current.items()]

    def moved(self, box: Rectangle, since: float, until: float) -> Rectangle:
        """A box of one time where it is at another, as the object moves that it overlaps most; else where it was."""
        with self._lock:
            followed = list(self._followed.values())
        one = max(followed, key=lambda one: overlap(box, one.rectangle(since)), default=None)
        if one is None or overlap(box, one.rectangle(since)) < SAME:
            return box
        left, top, right, bottom = (np.array(box) + one.at(until) - one.at(since)).tolist()
        return left, top, right, bottom

    def regions(self, time: float) -> list[Region]:
        """Where all objects are at a time, the largest first; less and less of those no longer seen.

        What is faint is only to be kept. There are none at a time long before the last answer: time has gone back.
        """
        with self._lock:
            followed, last = list(self._followed.items()), self._last
        answered = _fading(time - last, LATE, SILENT) if last - time < AHEAD else 0.0
        found = []
        for id_, one in followed:
            weight = answered * _fading(last - one.seen, HELD, GONE)
            left, top, right, bottom = one.rectangle(time)
            if weight > 0 and right > left and bottom > top:
                found.append(
                    Region((left, top, right, bottom), id_, weight, one.name, one.outline, one.faint, one.score)
                )
        return sorted(found, key=lambda region: (region.box[0] - region.box[2]) * (region.box[3] - region.box[1]))


def _fading(age: float, whole: float, none: float) -> float:
    """1 until one age, 0 from another one on."""
    return min(1.0, max(0.0, (none - age) / (none - whole)))
