"""How an object looks against its surroundings: which pixels of its box are its own, and what would bring it out.

Where no outline is known, an object's pixels have the levels that are more frequent inside its box than in the ring
around it, in either camera or the fused image. What brings it out is tried on a small grid of its pixels.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from ros2_textfuse.saliency.contours import follow, masked
from ros2_textfuse.saliency.surroundings import BINS, SIDE, Surroundings

SEEN_BINS = 16  # of the histograms that tell an object from its ring
FLOOR = 0.05  # share that each bin has unseen, so that no single one decides
TRUST = 0.7  # log odds by which a cell of the box is the object's before its levels have spoken
ALIKE, DIFFERENT = 4.0, 20.0  # levels beside it from which on a cell begins to differ, and surely does
STRONGEST = 0.9  # of the curve along which levels move; below 1 it keeps them apart
PLAIN = 0.5, 1.0  # separabilities between which less and less is needed,
LEAST = 0.3  # down to this share
EITHER = 0.5  # share of the best push's gain for which an object's bright and dark parts both keep their contrast
BRIGHTER = (
    0.25  # likewise for which all of it becomes brighter: detectors know a brightened object better than a darkened one
)
FAITHFUL = 0.05  # gain in separability for which another push is chosen
FRESH = 0.5  # share of what was seen last in the push
KEPT = 1.05  # of the better camera's separability, that an object to be kept is to have on the grid,
KEPT_CONTRAST = 0.75  # and of the stronger camera's contrast,
BY_CONTRAST = 0.25  # which counts for so much of what separability counts
STRENGTHS = np.linspace(0, 1, 9, dtype=np.float32)  # that are tried where an object is to be kept
SPARED = 1e-3  # of what counts, that is not worth the strongest push

LEVELS = np.arange(256)
HALVES = slice(None, SIDE // 2), slice(SIDE // 2, None)
FAR = np.float32(256)
RISE = np.uint8(np.floor(STRONGEST * LEVELS * (1 - LEVELS / 255)))
"""Level -> by how many levels it may rise or fall: most where there is room, nothing at black and white."""

Cells = NDArray[np.float32]  # [N, SIDE, SIDE]


@dataclass
class Appearance:
    """Of one object."""

    mask: NDArray[np.float32]
    """Where it is, by what both cameras show: [3, SIDE, SIDE] of `contours.follow`."""
    direction: NDArray[np.float32]
    """Of each cell, -1 (darker) .. 1 (brighter); [SIDE, SIDE]."""
    choice: int
    """Which of the directions that are tried it is."""
    wanted: float
    """How strongly the object is to be brought out, 0..1."""
    strength: float
    """How strongly it is, on the way to that."""
    allowed: float = 1.0
    """Share of what is wanted that does not harm others, 0..1."""
    gain: float = 0.0
    """Separability that it had more in the last image in which that was measured."""


def look(
    images: Sequence[NDArray[np.uint8]],
    places: Sequence[Surroundings],
    former: Sequence[Appearance | None] = (),
    known: Sequence[NDArray[np.float32] | None] = (),
    keep: Sequence[bool] = (),
) -> list[Appearance]:
    """How the objects in some boxes look.

    Args:
        images: visible, thermal and fused, in one geometry. A push is tried out in the last.
        places: the boxes.
        former: what is known of each, None for what is new; empty where nothing of it is known, and nothing of it will
            be: then the strength is the wanted one at once.
        known: of each, the cells that are the object's, 0..1, None where only the box is known; empty for none.
        keep: of each, whether it is to be no plainer than in the camera that shows it better; empty for none.
    """
    if not places:
        return []
    cells = np.stack([[place.look(image) for place in places] for image in images])
    inside, core, ring = (np.stack(profile) for profile in zip(*(place.profiles() for place in places), strict=True))
    levels = cells.astype(np.float32)
    beside = _beside(levels, ring)
    probable = _blur(object_masks(cells, core, ring) * _unlike(beside, _above(levels, ring)))
    weights = np.stack(
        [
            follow(probable[number], cells[0, number], cells[1, number], ring[number])
            if mask is None
            else _always(mask)
            for number, mask in enumerate(known or [None] * len(places))
        ]
    )
    directions = _directions(beside[-1])
    room = masked(weights.swapaxes(0, 1), *cells[:2]) * inside * RISE[cells[-1]]
    found = []
    for number in range(len(places)):
        old = former[number] if former else None
        changes = np.stack([room[number] * direction[number] for direction in directions])
        as_needed = _enough if keep and keep[number] else _most
        choice, wanted = as_needed(cells[:, number], changes, ring[number], old)
        mask, direction = weights[number], directions[choice][number]
        if old:
            mask, direction = old.mask + FRESH * (mask - old.mask), old.direction + FRESH * (direction - old.direction)
            found.append(replace(old, mask=mask, direction=direction, choice=choice, wanted=wanted))
        else:
            found.append(Appearance(mask, direction, choice, wanted, 0.0 if former else wanted))
    return found


def object_masks(cells: NDArray[np.uint8], core: Cells, ring: NDArray[np.bool_]) -> Cells:
    """How probably each cell shows the object, by its levels in all images, 0..1.

    Args:
        cells: of each image, uint8 [images, N, SIDE, SIDE].
        core: how surely a cell lies in the object's box, 0..1.
        ring: cells around the box.
    """
    grids = cells.reshape(-1, SIDE, SIDE)
    bins = (np.asarray(grids, np.intp) * SEEN_BINS >> 8) + SEEN_BINS * np.arange(len(grids))[:, None, None]
    inside, around = (
        _smooth(_histograms(bins, np.broadcast_to(weights, cells.shape), SEEN_BINS)) + FLOOR for weights in (core, ring)
    )
    evidence = np.log(inside / around).ravel()[bins].reshape(cells.shape).sum(0) + TRUST
    return np.float32(1 / (1 + np.exp(-_blur(evidence))))


def _always(mask: Cells) -> NDArray[np.float32]:
    """A known mask [SIDE, SIDE], as `contours.follow` would give it: whatever the cameras show."""
    return np.stack([*np.zeros((2, SIDE, SIDE), np.float32), _blur(mask)])


def _unlike(beside: Cells, above: Cells) -> Cells:
    """How surely cells differ from the ring beside and above them, 0..1: what does not, in any image, is ground.

    Args:
        beside: of `_beside`, in each image.
        above: of `_above`, likewise.
    """
    most = np.minimum(np.abs(beside).max(0), np.abs(above).max(0))
    return np.asarray(np.clip((most - ALIKE) / (DIFFERENT - ALIKE), 0, 1), np.float32)


def _directions(beside: Cells) -> tuple[Cells, Cells, Cells]:
    """What may bring objects out: all of one brighter, all of it darker, or each cell away from what is beside it."""
    whole = np.ones_like(beside)
    return whole, -whole, _blur(np.clip(beside / DIFFERENT, -1, 1))


def _most(
    cells: NDArray[np.uint8], changes: NDArray[np.float32], ring: NDArray[np.bool_], former: Appearance | None
) -> tuple[int, float]:
    """Which direction brings an object out most, and how strongly it is needed; arguments of `_enough`."""
    grids = np.concatenate([cells[-1:], cells[-1] + changes])
    before, *after = separabilities(grids, np.broadcast_to(ring, grids.shape))
    gains = np.array(after) - before
    preferred = gains.copy()
    preferred += (1 - np.array((BRIGHTER, 1, EITHER))) * max(gains.max(), 0) * (gains > 0)
    if former:
        preferred[former.choice] += FAITHFUL
    choice = int(preferred.argmax())
    need = np.clip((PLAIN[1] - before) / (PLAIN[1] - PLAIN[0]), LEAST, 1)
    return choice, float(need) * bool(gains[choice] > 0)


def _enough(
    cells: NDArray[np.uint8], changes: NDArray[np.float32], ring: NDArray[np.bool_], former: Appearance | None
) -> tuple[int, float]:
    """Which direction, and how strong, leaves an object as plain as in the camera that shows it better, and no plainer.

    By separability, and by contrast with the sign that either camera gives it: what is separable by its pattern alone,
    as light and dark as its surroundings, is easily overlooked.

    Args:
        cells: of each image, uint8 [images, SIDE, SIDE], the fused one last.
        changes: of each cell in levels, [directions, SIDE, SIDE].
        ring: cells around the box.
        former: whose direction is kept unless another is clearly better.
    """
    cameras = len(cells) - 1
    tried = cells[-1] + STRENGTHS[:, None, None] * changes[:, None]
    grids = np.concatenate([cells[:-1], tried.reshape(-1, SIDE, SIDE)])
    rings = np.broadcast_to(ring, grids.shape)
    of_box = ~ring / max((~ring).sum(), 1) - ring / max(ring.sum(), 1)
    separability, contrast = separabilities(grids, rings), grids.reshape(len(grids), -1) @ np.float32(of_box.ravel())
    shown = (np.sign(contrast[:cameras, None]) * contrast[cameras:]).max(0)
    plain = _share(separability[cameras:], KEPT * separability[:cameras].max())
    contrasting = _share(shown, KEPT_CONTRAST * np.abs(contrast[:cameras]).max())
    worth = plain + BY_CONTRAST * contrasting
    worth[contrasting < contrasting[0]] = 0  # what gains by its pattern alone would look washed out
    worth = worth.reshape(len(changes), -1) - SPARED * STRENGTHS
    if former:
        worth[former.choice] += FAITHFUL
    choice, strength = np.unravel_index(worth.argmax(), worth.shape)
    return int(choice), float(STRENGTHS[strength])


def _share(values: NDArray[np.float64], goal: float) -> NDArray[np.float64]:
    """Of a goal, at most all of it."""
    return np.minimum(values / max(goal, 1e-6), 1)


def _beside(levels: NDArray[np.float32], ring: NDArray[np.bool_]) -> Cells:
    """Levels of each cell, [..., SIDE, SIDE], above the ring's mean on its left or right, the one nearer in level."""
    left, right = (_above_mean(levels, ring, np.s_[..., half], -1) for half in HALVES)
    return np.where(np.abs(left) < np.abs(right), left, right)


def _above(levels: NDArray[np.float32], ring: NDArray[np.bool_]) -> Cells:
    """Levels of each cell above the mean of the ring over it."""
    return _above_mean(levels, ring, np.s_[..., HALVES[0], :], -2)


def _above_mean(levels: NDArray[np.float32], ring: NDArray[np.bool_], part: tuple, axis: int) -> Cells:
    """Levels of each cell above the mean of a part of the ring along an axis; FAR where that has none there."""
    weights = np.float32(ring[part])
    count = weights.sum(axis, keepdims=True)
    mean = (levels[part] * weights).sum(axis, keepdims=True) / np.maximum(count, 1)
    return np.where(count > 0, levels - mean, FAR)


def _blur(cells: Cells) -> Cells:
    # All in one tall image; what one grid blurs into the next lies in the rings, which are not shown.
    return cv2.GaussianBlur(np.float32(cells).reshape(-1, SIDE), (5, 5), 0).reshape(cells.shape)


def separabilities(cells: NDArray, ring: NDArray[np.bool_]) -> NDArray[np.float64]:
    """1 minus the overlap of the histograms inside each box and in its ring, [N]."""
    box_and_part = 2 * np.arange(len(cells))[:, None, None] + ring
    bins = (np.asarray(cells, np.intp) * BINS >> 8) + BINS * box_and_part
    counts = np.bincount(bins.ravel(), minlength=2 * BINS * len(cells)).reshape(-1, 2, BINS)
    shares = counts / np.maximum(counts.sum(2, keepdims=True), 1)
    return 1 - shares.min(1).sum(1)


def _histograms(bins: NDArray[np.intp], weights: NDArray, count: int) -> NDArray[np.float64]:
    """Shares of each bin, [N, count]."""
    sums = np.bincount(bins.ravel(), weights.ravel(), len(bins) * count).reshape(len(bins), count)
    return sums / np.maximum(sums.sum(1, keepdims=True), 1e-9)


def _smooth(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    smooth = shares / 2
    smooth[:, 1:] += shares[:, :-1] / 4
    smooth[:, :-1] += shares[:, 1:] / 4
    return smooth
