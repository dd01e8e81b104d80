"""A mask of coarse cells that follows an object's contour: where the cameras show an edge, it has one there as well.

Source: He, Sun and Tang, Guided Image Filtering, TPAMI 2013, in its fast form: around each cell the mask is a weighted
sum of what both cameras show. The weights vary slowly and are known by cells; the sum is taken for each pixel.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

REACH = 7  # cells that a sum is fitted to, along either side
NOISE = np.float32(64)  # variance of levels, of which no mask is made
PASSES = 3  # fits; each takes what it is in a box that goes on beyond its border one REACH further back
STEEPER = 1.35  # how much more a pass tells the object from the ground,
GROUND = 0.2  # which is what has less of the mask than this

Cells = NDArray[np.float32]


def follow(mask: Cells, visible: NDArray[np.uint8], thermal: NDArray[np.uint8], ring: NDArray[np.bool_]) -> Cells:
    """What `masked` needs, so that a mask follows the edges of both cameras, and is 0 for what its box does not hold.

    Args:
        mask: how surely each cell is the object's, 0..1; [SIDE, SIDE].
        visible: grey levels of the cells in the visible image.
        thermal: in the thermal image.
        ring: cells around the box. Nothing of them is the object's, so that what is alike on both sides of the border,
            as a trunk that goes through the box, loses its share in each pass.

    Returns:
        [3, SIDE, SIDE]: weights of visible and thermal levels, and what is added to their sum.
    """
    v, t = np.float32(visible), np.float32(thermal)
    mean_v, mean_t, vv, tt, vt = _means(v, t, v * v, t * t, v * t)
    vv, tt, vt = vv - mean_v * mean_v + NOISE, tt - mean_t * mean_t + NOISE, vt - mean_v * mean_t
    scale = np.float32(STEEPER) / (vv * tt - vt * vt)
    vv, tt, vt = vv * scale, tt * scale, vt * scale
    box = np.float32(~ring)
    for _ in range(PASSES):
        mask = mask * box
        mean, vm, tm = _means(mask, v * mask, t * mask)
        vm -= mean_v * mean
        tm -= mean_t * mean
        by_v, by_t = tt * vm - vt * tm, vv * tm - vt * vm
        offset = STEEPER * mean - by_v * mean_v - by_t * mean_t - (STEEPER - 1) * GROUND
        mask = masked((by_v, by_t, offset), v, t)
    return np.stack([by_v, by_t, offset])


def masked(
    weights: Sequence[NDArray[np.float32]] | NDArray[np.float32], visible: NDArray, thermal: NDArray
) -> NDArray[np.float32]:
    """The mask of cells or pixels, 0..1.

    Args:
        weights: [3, ...], as `follow` gives them, or these enlarged.
        visible: grey levels [...].
        thermal: likewise.
    """
    by_visible, by_thermal, offset = weights
    mask = by_visible * visible
    mask += by_thermal * thermal
    mask += offset
    return np.asarray(np.clip(mask, 0, 1, out=mask), np.float32)


def _means(*planes: Cells) -> Sequence[Cells]:
    """Around each cell."""
    return [np.asarray(plane, np.float32) for plane in cv2.split(cv2.blur(cv2.merge(planes), (REACH, REACH)))]
