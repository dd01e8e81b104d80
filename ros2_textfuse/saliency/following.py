"""Warm people followed over a stream, so that what looks like one in a single image is not brought out."""

from itertools import count

import numpy as np
from numpy.typing import NDArray

from ros2_textfuse.saliency.carrying import Carried, Sighting
from ros2_textfuse.saliency.regions import Rectangle, Region, overlap
from ros2_textfuse.saliency.warm_people import LIKELY, warm_people

PERIOD = 0.2  # s between two looks
KEPT = -0.5  # score for which somebody who is followed is still there
SAME = 0.3  # intersection over union with where one was foreseen
PERSON = "person"


class WarmPeople:
    """Looks for warm people several times a second; who is found twice is followed."""

    def __init__(self) -> None:
        self._followed = Carried()
        self._once: list[Rectangle] = []  # who was found in the last look, and not before
        self._looked = float("-inf")
        self._ids = count(1)

    def look(self, thermal: NDArray[np.uint8], time: float) -> None:
        """Look for people, unless the last look was a moment ago.

        Args:
            thermal: uint8 [H, W].
            time: seconds, of the image; where it goes back, all from before is forgotten.
        """
        if 0 <= time - self._looked < PERIOD:
            return
        if time < self._looked:
            self._followed, self._once = Carried(), []
        self._looked = time
        foreseen = dict(self._followed.boxes(time))
        once, sightings = [], []
        for box, score in warm_people(thermal, KEPT):
            id_ = max(foreseen, key=lambda id_: overlap(box, foreseen[id_]), default=0)
            if id_ and overlap(box, foreseen[id_]) >= SAME:
                del foreseen[id_]
            elif score < LIKELY:
                continue
            elif any(overlap(box, other) >= SAME for other in self._once):
                id_ = next(self._ids)
            else:
                once.append(box)
                continue
            sightings.append(Sighting(id_, PERSON, box))
        self._once = once
        self._followed.see(sightings, time)

    def regions(self, time: float) -> list[Region]:
        """Where they are at a time; the ids are those of `look`."""
        return self._followed.regions(time)
