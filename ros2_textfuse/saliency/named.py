"""Where objects are: what a detector sees, and where a prompt names people, those whom nobody detected as well."""

from collections.abc import Collection, Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ros2_textfuse.saliency.carrying import Carried, Sighting
from ros2_textfuse.saliency.following import PERSON, WarmPeople
from ros2_textfuse.saliency.regions import Rectangle, Region, covered
from ros2_textfuse.saliency.warm_people import SAME


class NamedRegions:
    """Objects of a stream, in any order of detections and images: the named ones, and others that are to be kept."""

    def __init__(self) -> None:
        self._detected, self._warm = Carried(), WarmPeople()

    def see(self, sightings: Iterable[Sighting], time: float) -> None:
        """Note what a detector saw in a frame; in any thread.

        Args:
            sightings: with the detector's ids.
            time: seconds, of the frame.
        """
        self._detected.see(sightings, time)

    def look(self, thermal: NDArray[np.uint8], names: Collection[str], time: float) -> None:
        """Look for people whom the detector misses, where people are named; most calls cost nothing.

        Args:
            thermal: uint8 [H, W], in the geometry of the fused image.
            names: of classes that the prompt names.
            time: seconds, of the image.
        """
        if PERSON in names:
            self._warm.look(thermal, time)

    def regions(self, names: Collection[str], time: float, keep: bool = False) -> list[Region]:
        """Where the objects of some classes are at a time: named ones first, each kind by size.

        Args:
            names: of the classes.
            time: seconds.
            keep: whether the others that were detected follow, to be kept.
        """
        detected = self._detected.regions(time)
        found = [one for one in detected if one.name in names and not one.keep]
        if PERSON in names:
            known = [one.box for one in detected if not one.keep]
            # Ids below zero are free: a detector counts from one.
            found += [replace(one, id=-one.id) for one in undetected(self._warm.regions(time), known)]
        others = [one for one in detected if keep and (one.keep or one.name not in names)]
        return found + [replace(one, keep=True) for one in sorted(others, key=lambda one: one.keep)]  # the sure first


def undetected(warm: Iterable[Region], known: Collection[Rectangle]) -> list[Region]:
    """Those that are no part of what was detected, of whatever class: a car's engine is as warm as a person."""
    return [one for one in warm if all(covered(one.box, box) < SAME for box in known)]


def without_detection(names: Collection[str]) -> str:
    """What becomes of the named classes where no detector runs."""
    others = ", ".join(name for name in names if name != PERSON)
    parts = [f"{others}: not brought out"] if others else []
    return "; ".join([*parts, *([f"{PERSON}: found by warmth alone"] if PERSON in names else [])])
