"""Objects that a prompt names, found and brought out without nodes, and others kept."""

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from ros2_textfuse.detection.detector import CONFIDENCE, Detector
from ros2_textfuse.detection.faint import FAINT, without_doubles
from ros2_textfuse.detection.tracking import Tracker
from ros2_textfuse.detection.types import Detection, DetectorError
from ros2_textfuse.errors import WeightsError
from ros2_textfuse.saliency.bring_out import BringOut
from ros2_textfuse.saliency.carrying import Sighting
from ros2_textfuse.saliency.following import PERSON
from ros2_textfuse.saliency.named import NamedRegions, undetected, without_detection
from ros2_textfuse.saliency.regions import Region, widened, within
from ros2_textfuse.saliency.warm_people import warm_people


class ObjectFinder:
    """Looks for objects in each fused image, and brings them out of it; people by their warmth as well.

    Args:
        names: of their classes, as the detector knows them.
        detect: whether to use a detector; without one nothing but warm people is found.
        keep: whether what the detector finds beside them is to be as plain as in the camera that shows it better.

    Raises:
        WeightsError, DetectorError: there is no detector.
        ValueError: the detector does not know a class.
    """

    def __init__(self, names: Collection[str], detect: bool = True, keep: bool = False) -> None:
        self._names, self._keep = frozenset(names), keep
        # What is warm in a car is no person.
        everything = keep or PERSON in self._names
        confidence, classes = FAINT if keep else CONFIDENCE, () if everything else self._names
        self._detector = Detector(confidence=confidence, classes=classes) if detect else None
        if self._detector and (unknown := self._names.difference(self._detector.names)):
            self._detector.classes = unknown  # which says what it knows
        self._tracker = Tracker(faint=keep) if detect else None
        self._named, self._bring_out = NamedRegions(), BringOut()

    @classmethod
    def with_or_without(cls, names: Collection[str], keep: bool = False) -> tuple["ObjectFinder", str]:
        """A finder, without a detector where there is none, and then what that means; empty otherwise.

        Args:
            names: as of the class.
            keep: likewise.

        Raises:
            ValueError: the detector does not know a class.
        """
        try:
            return cls(names, keep=keep), ""
        except (DetectorError, WeightsError) as error:
            lost = "; ".join(filter(None, [without_detection(names), "no object is kept" if keep else ""]))
            return cls(names, detect=False), f"{lost}, since there is no detector: {error}"

    def bring_out(
        self,
        fused: NDArray[np.uint8],
        visible: NDArray[np.uint8],
        thermal: NDArray[np.uint8],
        time: float | None = None,
    ) -> list[Region]:
        """Bring out, or keep, what is found in a fused image, in place.

        Args:
            fused: uint8 RGB [H, W, 3].
            visible: uint8 RGB [H, W, 3], that it was made from.
            thermal: uint8 [H, W], likewise.
            time: seconds, of a stream's image, so that nothing changes suddenly; None for one that stands alone.

        Returns:
            What was brought out or kept.
        """
        regions = self._in_one(fused, thermal) if time is None else self._in_stream(fused, thermal, time)
        self._bring_out(fused, visible, thermal, regions)
        return regions

    def _in_one(self, fused: NDArray[np.uint8], thermal: NDArray[np.uint8]) -> list[Region]:
        sightings = [_sighting(one) for one in self._detect(fused)]
        regions = [
            Region(
                one.box,
                name=one.name,
                outline=one.outline,
                keep=one.faint or one.name not in self._names,
                score=one.score,
            )
            for one in sightings
            if self._keep or one.name in self._names
        ]
        if PERSON in self._names:
            warm = [Region(box, name=PERSON) for box, _ in warm_people(thermal)]
            regions += undetected(warm, [one.box for one in sightings if not one.faint])
        return sorted(regions, key=lambda region: region.keep)  # the named first

    def _in_stream(self, fused: NDArray[np.uint8], thermal: NDArray[np.uint8], time: float) -> list[Region]:
        if self._detector and self._tracker:
            tracked = self._tracker.update(self._detect(fused), time)
            self._named.see([_sighting(one) for one in tracked if one.id], time)
        self._named.look(thermal, self._names, time)
        return self._named.regions(self._names, time, self._keep)

    def _detect(self, fused: NDArray[np.uint8]) -> list[Detection]:
        """What is there, the surest first; what is faint as well, where it is to be kept."""
        return without_doubles(self._detector.detect(fused), CONFIDENCE) if self._detector else []


def _sighting(found: Detection) -> Sighting:
    box = widened(found.box)
    return Sighting(found.id, found.name, box, within(found.outline, box), found.score, found.score < CONFIDENCE)
