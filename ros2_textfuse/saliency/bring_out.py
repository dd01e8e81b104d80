"""Raise the contrast of objects against their surroundings, in the fused image.

Source: Zhang et al., Text-DiFuse, NeurIPS 2024, section 3.3: inside the mask of a named object the fusion is modulated
for the most contrast between object and background, outside it stays what it is (equations 12 and 13). Here the
output is modulated, so that no network needs to be trained for it; where to and which way is `appearance`'s.

Levels rise or fall along y + a y (1 - y / 255) for an a of -1 to 1: most where there is room, and black and white stay
what they are, so that nothing clips.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from ros2_textfuse.saliency.appearance import RISE, Appearance, look
from ros2_textfuse.saliency.contours import masked
from ros2_textfuse.saliency.crowds import LOSS, separability, touch
from ros2_textfuse.saliency.regions import Region, area, covered
from ros2_textfuse.saliency.surroundings import Surroundings

MOST = 16  # regions a frame, the first ones: this bounds the time
LOOKS = 1  # regions of a stream that are looked at anew in one frame, likewise
AGAIN = 8  # frames from one look at a region to the next, at least
WITHIN = 0.7  # share of a smaller box in a larger one from which on it stands before that
LESS, LEAST = 0.7, 0.1  # share of its strength that is left to who harms another; what would be less is nothing
SAFE, MORE = 0.05, 0.1  # separability gained by all around from which on there is room again, and how much at once
VEHICLES = frozenset(("car", "truck", "bus", "train"))
GENTLY = 0.75  # less for a named one, where a detector is sure of it: it knows one by its look, and misses another
LARGE, HUGE = 0.07, 0.1  # shares of the image from which on less and less of an object is kept, and nothing
SEEN = 2.0  # of 255, the strength from which on a level changes
PACE = 0.2  # share of the way to the wanted strength that is gone in one frame

Place = tuple[Region, Surroundings]


@dataclass
class Shown:
    """What is brought out of a frame."""

    region: Region
    around: Surroundings
    appearance: Appearance
    visible: NDArray[np.uint8]
    thermal: NDArray[np.uint8]

    @property
    def strength(self) -> float:
        """How strongly it is brought out, or kept, 0..1."""
        region = self.region
        strength = region.weight * self.appearance.strength
        if region.keep:
            return strength * _overlooked(region, self.thermal.size)
        return strength * (1 - GENTLY * region.score) if region.name in VEHICLES else strength

    @cached_property
    def push(self) -> NDArray[np.float32]:
        """Of each pixel of the box, -1..1, at full strength: [h, w]."""
        weights = [self.around.enlarge(plane) for plane in self.appearance.mask]
        grey = cv2.cvtColor(self.around.inside(self.visible), cv2.COLOR_RGB2GRAY)
        push = masked(weights, grey, self.around.inside(self.thermal))
        direction = self.appearance.direction
        push *= self.around.enlarge(direction) if direction.min() < direction.max() else direction[0, 0]
        self.around.soften(push)
        return push


class BringOut:
    """Brings regions out, brighter or darker than what is around them, softly and without a sudden change.

    How a region looks is remembered under its id from frame to frame, and looked at anew by turns.
    """

    def __init__(self) -> None:
        self._known: dict[int, Appearance] = {}  # the one looked at longest ago first
        self._frames = 0

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
            regions: the first MOST of them are brought out or kept. Not kept is what has others before it, and what is
                so large that nobody overlooks it. With ids, LOOKS new ones appear in each frame; ids must then differ.
        """
        height, width = thermal.shape
        small = [one for one in regions if not one.keep or _overlooked(one, thermal.size)]
        ground = {one for one in small if one.keep and _is_ground(one, regions)}
        # What was kept until others stepped before it fades.
        chosen = [one for one in small if one not in ground or one.id in self._known][:MOST]
        places = [(region, Surroundings.of(region.box, height, width)) for region in chosen]
        images = visible, thermal, fused
        alone = [(region, around) for region, around in places if around and not region.id]
        tracked = {region.id: (region, around) for region, around in places if around and region.id}
        turn = self._look_again(images, tracked)
        seen = look(images, [around for _, around in alone], known=_masks(alone), keep=_kept(alone))
        shown = [Shown(*place, one, visible, thermal) for place, one in zip(alone, seen, strict=True)]
        for id_, appearance in self._known.items():
            wanted = 0.0 if tracked[id_][0] in ground else appearance.allowed * appearance.wanted
            appearance.strength += PACE * (wanted - appearance.strength)
            shown.append(Shown(*tracked[id_], appearance, visible, thermal))
        if alone:
            named = [Surroundings.of(region.box, height, width) for region in regions if not region.keep]
            _bring_out_singly(fused, shown, [around for around in named if around])
            return
        before = [(id_, tracked[id_][1].cut(fused).copy()) for id_ in turn if not tracked[id_][0].keep]
        _modulate(fused, shown)
        for id_, plain in before:
            self._give_way(id_, fused, plain, shown)

    def _give_way(self, id_: int, fused: NDArray[np.uint8], plain: NDArray[np.uint8], shown: Sequence[Shown]) -> None:
        """Less for who harms an object, if it has lost; more for itself, if nobody around it is near to that.

        Args:
            id_: of the object.
            fused: uint8 RGB [H, W, 3], with all that is brought out.
            plain: its box and ring without.
            shown: what was brought out.
        """
        around = next(other.around for other in shown if other.region.id == id_)
        one = self._known[id_]
        one.gain = separability(around.cut(fused), around) - separability(plain, around)
        if one.gain < -LOSS:
            former = fused.copy()
            around.cut(former)[:] = plain
            harming = _harming(former, around, shown)
            harming.allowed = _less(harming.allowed)
        elif all(near.appearance.gain > SAFE for near in shown if touch(near.around, around)):
            one.allowed = min(one.allowed + MORE, 1.0)

    def _look_again(self, images: Sequence[NDArray[np.uint8]], places: dict[int, Place]) -> list[int]:
        """Forget what is gone, and look at what is new or was looked at longest ago: the ids of that."""
        self._known = {id_: appearance for id_, appearance in self._known.items() if id_ in places}
        new = [id_ for id_ in places if id_ not in self._known]
        self._frames += 1
        looks = [frames * len(self._known) // AGAIN for frames in (self._frames - 1, self._frames)]
        turn = [*new, *(self._known if looks[1] > looks[0] else ())][:LOOKS]
        former = [self._known.pop(id_, None) for id_ in turn]
        chosen = [places[id_] for id_ in turn]
        seen = look(images, [around for _, around in chosen], former, _masks(chosen), _kept(chosen))
        self._known.update(zip(turn, seen, strict=True))
        return turn


def _masks(places: Sequence[Place]) -> list[NDArray[np.float32] | None]:
    """Of each region, the cells within its outline; None where only its box is known."""
    return [None if region.outline is None else around.filled(region.outline, region.box) for region, around in places]


def _kept(places: Sequence[Place]) -> list[bool]:
    return [region.keep for region, _ in places]


def _overlooked(region: Region, pixels: int) -> float:
    """How easily an object may be overlooked in an image of so many pixels, by its size, 0..1."""
    return min(max((HUGE - area(region.box) / pixels) / (HUGE - LARGE), 0.0), 1.0)


def _is_ground(region: Region, regions: Sequence[Region]) -> bool:
    """Whether others stand before it, as people before a bus: what is done to it would be done to them."""
    size = area(region.box)
    return any(area(one.box) < size / 2 and covered(one.box, region.box) >= WITHIN for one in regions)


def _bring_out_singly(fused: NDArray[np.uint8], shown: Sequence[Shown], watched: Sequence[Surroundings]) -> None:
    """Bring out what an image shows that has no other before or after it, in place: so that none of `watched` loses."""
    plain = fused.copy()
    before = [separability(around.cut(plain), around) for around in watched]
    while True:
        _modulate(fused, shown)
        after = [separability(around.cut(fused), around) for around in watched]
        harmed = [around for around, old, new in zip(watched, before, after, strict=True) if new < old - LOSS]
        if not harmed:
            return
        for appearance in {id(one): one for one in (_harming(plain, around, shown) for around in harmed)}.values():
            appearance.strength = _less(appearance.strength)
        np.copyto(fused, plain)


def _harming(plain: NDArray[np.uint8], harmed: Surroundings, shown: Sequence[Shown]) -> Appearance:
    """Which of those that touch an object it would do best without; it may be itself.

    Args:
        plain: uint8 RGB [H, W, 3], as it was in the object's box and ring before anything was brought out.
        harmed: where the object is.
        shown: what was brought out.
    """
    near = [one for one in shown if one.appearance.strength and touch(one.around, harmed)]

    def without(one: Shown) -> float:
        image = plain.copy()
        _modulate(image, [other for other in near if other is not one])
        return separability(harmed.cut(image), harmed)

    return max(near, key=without).appearance


def _less(share: float) -> float:
    return LESS * share if LESS * share >= LEAST else 0.0


def _modulate(fused: NDArray[np.uint8], shown: Sequence[Shown]) -> None:
    """Move the levels inside boxes, in place."""
    for one in shown:
        if (amount := 255 * one.strength) >= SEEN:
            pixels, direction = one.around.inside(fused), one.appearance.direction
            room = np.asarray(cv2.LUT(pixels, RISE), np.uint8)
            # In bytes, which are fast, and have no sign: first what becomes brighter, then what becomes darker.
            if direction.max() > 0:
                cv2.add(pixels, _share(room, one.push, amount), dst=pixels)
            if direction.min() < 0:
                cv2.subtract(pixels, _share(room, one.push, -amount), dst=pixels)


def _share(room: NDArray[np.uint8], push: NDArray[np.float32], amount: float) -> NDArray[np.uint8]:
    """A part of some levels [h, w, 3], amount / 255 times a push [h, w]; none where that is below 0."""
    shares = cv2.addWeighted(push, amount, push, 0, 0, dtype=cv2.CV_8U)
    return np.asarray(cv2.multiply(room, cv2.merge([shares] * 3), scale=1 / 255), np.uint8)
