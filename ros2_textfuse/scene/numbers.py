"""What the features of images have in common: levels counted, ordered and put on a scale."""

from collections.abc import Sequence

import cv2
import numpy as np
from cv2.typing import MatLike

LEAST = 128  # pixels; smaller images are mirrored until they are as large
LEVELS = np.arange(256, dtype=np.float32)

Image = MatLike  # grey levels, uint8, but for what is said to be float32
Features = dict[str, float]


def quantiles(values: Image, shares: Sequence[int]) -> list[tuple[int, float]]:
    """Percent -> value; a sort and a look, where np.percentile takes longer to start than to work."""
    ordered = np.sort(values, axis=None)
    return [(share, float(ordered[share * (ordered.size - 1) // 100])) for share in shares]


def counts_of(image: Image) -> Image:
    """How many pixels have each grey level: [256]."""
    return cv2.calcHist([np.ascontiguousarray(image)], [0], None, [256], [0, 256])[:, 0]


def log(levels: float) -> float:
    """Grey levels on a scale where the first few count most; 0 to 1."""
    return float(np.log2(1 + levels)) / 8


def large_enough(image: Image) -> Image:
    """An image of LEAST rows and columns or more."""
    missing = [max(0, LEAST - length) for length in image.shape[:2]]
    if not any(missing):
        return image
    return np.pad(image, [(0, rows) for rows in missing] + [(0, 0)] * (image.ndim - 2), "symmetric")
