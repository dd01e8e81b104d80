"""How far many boxes are the same, at once; `saliency.regions.overlap` is of two."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def overlaps(first: Array, second: Array) -> Array:
    """Intersection over union of [N, 4] and [M, 4] boxes, [N, M]; 0 of boxes without an area."""
    corner = np.maximum(first[:, None, :2], second[None, :, :2])
    both = (np.minimum(first[:, None, 2:], second[None, :, 2:]) - corner).clip(0).prod(2)
    areas = [(boxes[:, 2:] - boxes[:, :2]).prod(1) for boxes in (first, second)]
    result: Array = both / (areas[0][:, None] + areas[1][None] - both + 1e-7)
    return result
