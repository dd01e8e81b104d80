"""Objects that a prompt names, found and brought out without nodes."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from ros2_textfuse.detection.detector import Detector
from ros2_textfuse.detection.tracking import Tracker
from ros2_textfuse.saliency.bring_out import BringOut
from ros2_textfuse.saliency.carrying import Carried, Sighting
from ros2_textfuse.saliency.regions import Region


class ObjectFinder:
    """Looks for objects in each fused image, and brings them out of it.

    Args:
        names: of their classes, as the detector knows them.

    Raises:
        WeightsError, DetectorError: there is no detector.
        ValueError: the detector does not know a class.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._names = frozenset(names)
        self._detector = Detector(classes=self._names)
        self._tracker, self._carried, self._bring_out = Tracker(), Carried(), BringOut()

    def bring_out(
        self,
        fused: NDArray[np.uint8],
        visible: NDArray[np.uint8],
        thermal: NDArray[np.uint8],
        time: float | None = None,
    ) -> None:
        """Bring out what is found in a fused image, in place.

        Args:
            fused: uint8 RGB [H, W, 3].
            visible: uint8 RGB [H, W, 3], that it was made from.
            thermal: uint8 [H, W], likewise.
            time: seconds, of a stream's image, so that nothing changes suddenly; None for one that stands alone.
        """
        found = self._detector.detect(fused)
        if time is None:
            regions = [Region(one.box) for one in found]
        else:
            followed = [Sighting(one.id, one.name, one.box) for one in self._tracker.update(found, time) if one.id]
            self._carried.see(followed, time)
            regions = self._carried.regions(self._names, time)
        self._bring_out(fused, visible, thermal, regions)
