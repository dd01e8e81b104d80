"""How an object looks against its surroundings: which pixels of its box are its own, and what would bring it out.

No segmentation model is asked: an object's pixels have the levels that are more frequent inside its box than in the
ring around it, in either camera or the fused image. Whether it is to be brightened or darkened is tried out.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ros2_textfuse.saliency.surroundings import SIDE, Surroundings

SEEN_BINS = 16  # of the histograms that tell an object from its ring
CONTRAST_BINS = 32  # of those by which a direction is chosen, as in the measure of separability
FLOOR = 0.05  # share that each bin has unseen, so that no single one decides
TRUST = 0.7  # log odds by which a cell of the box is the object's before its levels have spoken
DIFFERENT = 4.0, 20.0  # levels beside it from which on a cell begins to differ, and surely does
PLAIN = 0.5, 1.0  # separabilities between which less and less is needed,
LEAST = 0.3  # down to this share
FAITHFUL = 0.05  # gain in separability for which a direction is given up
STRONGEST = 0.9  # of the curves; below 1 they keep all levels apart
FRESH = 0.5  # share of what was seen last in the mask

LEVELS = np.arange(256)
RISE = STRONGEST * LEVELS * (1 - LEVELS / 255)
CURVES = {1: np.uint8(np.floor(LEVELS + RISE)), -1: np.uint8(np.ceil(LEVELS - RISE))}
"""Direction, 1 brighter and -1 darker -> level -> level."""

Cells = NDArray[np.float32]  # [N, SIDE, SIDE]


@dataclass
class Appearance:
    """Of one object."""

    mask: NDArray[np.float32]
    """How probably a cell is the object's, 0..1 [SIDE, SIDE]."""
    wanted: float
    """What would bring it out, -1 (darker) .. 1 (brighter)."""
    strength: float
    """What is done, on its way to what is wanted."""


def look(
    images: Sequence[NDArray[np.uint8]], places: Sequence[Surroundings], former: Sequence[Appearance | None] = ()
) -> list[Appearance]:
    """How the objects in some boxes look.

    Args:
        images: in one geometry; the last is the fused one, the only one in which a direction is tried out.
        places: the boxes.
        former: what is known of each, None for what is new; empty where nothing of it is known, and nothing of it will
            be: then the strength is the wanted one at once.
    """
    if not places:
        return []
    cells = [np.stack([place.look(image) for place in places]) for image in images]
    inside, core, ring = (np.stack(profile) for profile in zip(*(place.profiles() for place in places), strict=True))
    masks = object_masks(cells, core, ring)
    signs = np.array([np.sign(one.wanted) if one else 0 for one in former or [None] * len(places)])
    wanted = _wanted(cells[-1], masks * inside, ring, signs).tolist()
    if not former:
        return [Appearance(*seen, seen[1]) for seen in zip(masks, wanted, strict=True)]
    return [
        Appearance(old.mask + FRESH * (mask - old.mask), want, old.strength) if old else Appearance(mask, want, 0.0)
        for mask, want, old in zip(masks, wanted, former, strict=True)
    ]


def object_masks(cells: Sequence[NDArray[np.uint8]], core: Cells, ring: NDArray[np.bool_]) -> Cells:
    """How probably each cell shows the object, by its levels in all images, 0..1.

    Args:
        cells: of each image, uint8 [N, SIDE, SIDE].
        core: how surely a cell lies in the object's box, 0..1.
        ring: cells around the box.
    """
    evidence = np.full(core.shape, TRUST, np.float32)
    for image in cells:
        bins = _bins(image, SEEN_BINS)
        inside, around = (_smooth(_histograms(bins, weights, SEEN_BINS)) + FLOOR for weights in (core, ring))
        evidence += np.log(inside / around).ravel()[bins]
    return _blur(1 / (1 + np.exp(-_blur(evidence))) * _differences(cells, ring))


def _differences(cells: Sequence[NDArray[np.uint8]], ring: NDArray[np.bool_]) -> Cells:
    """Whether a cell differs from the ring on its left and on its right, in any image, 0..1.

    What is left of an object and what is right of it at its feet is the ground that it stands on: what looks like that
    is no part of it, though it may be rare in the ring as a whole.
    """
    most = np.zeros(ring.shape, np.float32)
    for image in cells:
        levels = np.float32(image)
        least = np.full(ring.shape, np.inf, np.float32)
        for half in (slice(None, SIDE // 2), slice(SIDE // 2, None)):
            weights = np.float32(ring[..., half])
            count = weights.sum(2, keepdims=True)
            beside = np.einsum("nij,nij->ni", levels[..., half], weights)[..., None] / np.maximum(count, 1)
            np.minimum(least, np.where(count > 0, np.abs(levels - beside), np.inf), out=least)
        np.maximum(most, np.where(np.isinf(least), DIFFERENT[1], least), out=most)
    return np.clip((most - DIFFERENT[0]) / (DIFFERENT[1] - DIFFERENT[0]), 0, 1)


def _blur(cells: Cells) -> Cells:
    # All in one tall image; what one grid blurs into the next lies in the rings, which are not shown.
    return cv2.GaussianBlur(np.float32(cells).reshape(-1, SIDE), (5, 5), 0).reshape(cells.shape)


def separabilities(cells: NDArray, ring: NDArray[np.bool_]) -> NDArray[np.float64]:
    """1 minus the overlap of the histograms inside each box and in its ring, [N]."""
    bins = _bins(cells, CONTRAST_BINS)
    inside, around = (_histograms(bins, weights, CONTRAST_BINS) for weights in (~ring, ring))
    return 1 - np.minimum(inside, around).sum(1)


def _wanted(fused: NDArray[np.uint8], masks: Cells, ring: NDArray[np.bool_], former: NDArray) -> NDArray[np.float64]:
    """The strength that brings each object out, -1 (darker) .. 1 (brighter); 0 where neither direction does."""
    before = separabilities(fused, ring)
    gains = [
        separabilities(fused + masks * (CURVES[sign][fused] - np.float32(fused)), ring) - before for sign in CURVES
    ]
    brighter, darker = gains[0] + FAITHFUL * former, gains[1] - FAITHFUL * former
    sign = np.where(brighter >= darker, 1, -1)
    need = np.clip((PLAIN[1] - before) / (PLAIN[1] - PLAIN[0]), LEAST, 1)
    return sign * need * (np.where(sign > 0, *gains) > 0)


def _bins(cells: NDArray, count: int) -> NDArray[np.intp]:
    """Of each cell, its bin among those of all grids: grid times count plus level."""
    return (np.asarray(cells, np.intp) * count >> 8) + count * np.arange(len(cells))[:, None, None]


def _histograms(bins: NDArray[np.intp], weights: NDArray, count: int) -> NDArray[np.float64]:
    """Shares of each bin, [N, count]."""
    sums = np.bincount(bins.ravel(), weights.ravel(), len(bins) * count).reshape(len(bins), count)
    return sums / np.maximum(sums.sum(1, keepdims=True), 1e-9)


def _smooth(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    smooth = shares / 2
    smooth[:, 1:] += shares[:, :-1] / 4
    smooth[:, :-1] += shares[:, 1:] / 4
    return smooth
