"""A thermal image whose greys lie close together about any level, spread again.

A gain control that a hot or a cold patch has misled squeezes the range and lifts it. Both are undone by two numbers of
the whole image, its darkest and its brightest level, and by how strong the degradation is said to be: a scene may be of
one temperature, and how far it once reached no image says.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

WIDEST = 0.5  # share of the range that the worst degradation has taken, at least; what is spread further shows noise
WHOLE = 0.5  # severity from which on the darkest level becomes black
DARKEST, BRIGHTEST = 0.01, 0.995  # shares of the pixels that are darker
LEVELS = np.arange(256)


def stretched(thermal: NDArray[np.uint8], severity: float) -> NDArray[np.uint8]:
    """The image with its range spread.

    Args:
        thermal: uint8 [H, W].
        severity: 0 (as it is) .. 1, how strong the degradation is.
    """
    counts = cv2.calcHist([thermal], [0], None, [256], [0, 256])
    return np.asarray(cv2.LUT(thermal, table(counts, severity)), np.uint8)


def table(counts: NDArray, severity: float) -> NDArray[np.uint8]:
    """Level -> level, uint8 [256].

    Args:
        counts: pixels of each level, 256 numbers. Those of level 0 do not count: a camera that sees nothing there.
        severity: 0..1.
    """
    seen = np.cumsum(np.where(LEVELS > 0, counts.ravel(), 0), dtype=np.float64)
    if not seen[-1]:
        return LEVELS.astype(np.uint8)
    dark, bright = np.interp((DARKEST, BRIGHTEST), seen / seen[-1], LEVELS)
    gain = min(1 / (1 - WIDEST * severity), max(255 / max(bright - dark, 1), 1.0))
    black = dark * min(1.0, severity / WHOLE)
    # Between nothing and all of it, the darkest level stays where it would be without any gain.
    return np.uint8(np.clip(np.round((LEVELS - dark) * gain + dark - black), 0, 255))
