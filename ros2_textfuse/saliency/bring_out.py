"""Raise the contrast of objects against their surroundings, in the fused image.

Source: Zhang et al., Text-DiFuse, NeurIPS 2024, section 3.3: inside the mask of a named object the fusion is modulated
for the most contrast between object and background, outside it stays what it is (equations 12 and 13). Here the
output is modulated, so that no network needs to be trained for it; where to and which way is `appearance`'s.

Levels rise or fall along y + a y (1 - y / 255) for an a of -1 to 1: most where there is room, and black and white stay
what they are, so that nothing clips.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from ros2_textfuse.saliency.appearance import RISE, Appearance, look
from ros2_textfuse.saliency.regions import Region, area, covered
from ros2_textfuse.saliency.surroundings import Surroundings

MOST = 16  # regions a frame, the first ones: this bounds the time
LOOKS = 1  # regions of a stream that are looked at anew in one frame, likewise
WITHIN = 0.7  # share of a smaller box in a larger one from which on it stands before that
PACE = 0.2  # share of the way to the wanted strength that is gone in one frame

Place = tuple[Region, Surroundings]


class BringOut:
    """Brings regions out, brighter or darker than what is around them, softly and without a sudden change.

    How a region looks is remembered under its id from frame to frame, and looked at anew by turns.
    """

    def __init__(self) -> None:
        self._known: dict[int, Appearance] = {}  # the one looked at longest ago first

    def __call__(
        self,
        fused: NDArray[np.uint8],
        visible: NDArray[np.uint8],
        thermal: NDArray[np.uint8],
        regions: Sequence[Region],
    ) -> None:
        """Bring regions out, in place. Pixels outside their boxes stay as they are.

        Args:
            fused: uint8 RGB [H, W, 3]; written.
            visible: uint8 RGB [H, W, 3], in the geometry of `fused`.
            thermal: uint8 [H, W], likewise.
            regions: the first MOST of them are brought out or kept, but for those that are only to be kept and have
                others before them. With ids, LOOKS new ones appear in each frame; ids must then differ.
        """
        height, width = thermal.shape
        chosen = [one for one in regions if not (one.keep and _is_ground(one, regions))][:MOST]
        places = [(region, Surroundings.of(region.box, height, width)) for region in chosen]
        images = visible, thermal, fused
        alone = [(region, around) for region, around in places if around and not region.id]
        tracked = {region.id: (region, around) for region, around in places if around and region.id}
        self._look_again(images, tracked)
        seen = look(images, [around for _, around in alone], known=_masks(alone), keep=_kept(alone))
        shown = [(*place, appearance) for place, appearance in zip(alone, seen, strict=True)]
        for id_, appearance in self._known.items():
            appearance.strength += PACE * (appearance.wanted - appearance.strength)
            shown.append((*tracked[id_], appearance))
        for region, around, appearance in shown:
            _modulate(fused, around, appearance, region.weight)

    def _look_again(self, images: Sequence[NDArray[np.uint8]], places: dict[int, Place]) -> None:
        """Forget what is gone, and look at what is new or was looked at longest ago."""
        self._known = {id_: appearance for id_, appearance in self._known.items() if id_ in places}
        new = [id_ for id_ in places if id_ not in self._known]
        turn = [*new, *self._known][:LOOKS]
        former = [self._known.pop(id_, None) for id_ in turn]
        chosen = [places[id_] for id_ in turn]
        seen = look(images, [around for _, around in chosen], former, _masks(chosen), _kept(chosen))
        self._known.update(zip(turn, seen, strict=True))


def _masks(places: Sequence[Place]) -> list[NDArray[np.float32] | None]:
    """Of each region, the cells within its outline; None where only its box is known."""
    return [None if region.outline is None else around.filled(region.outline, region.box) for region, around in places]


def _kept(places: Sequence[Place]) -> list[bool]:
    return [region.keep for region, _ in places]


def _is_ground(region: Region, regions: Sequence[Region]) -> bool:
    """Whether others stand before it, as people before a bus: what is done to it would be done to them."""
    size = area(region.box)
    return any(area(one.box) < size / 2 and covered(one.box, region.box) >= WITHIN for one in regions)


def _modulate(fused: NDArray[np.uint8], around: Surroundings, appearance: Appearance, weight: float) -> None:
    """Move the levels inside a box, in place."""
    if amount := np.float32(appearance.strength * weight):
        pixels = around.inside(fused)
        push = cv2.merge([around.enlarge(appearance.push * amount)] * 3)
        change = cv2.multiply(cv2.LUT(pixels, RISE), push, dtype=cv2.CV_16S)
        np.copyto(pixels, cv2.add(pixels, change, dtype=cv2.CV_8U))
