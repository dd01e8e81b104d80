"""Frames of one level around a thermal image, as cropping, rotation to a horizon or registration leave them."""

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

DIFFERENT = 8  # levels between the frame and most of what lies next to it; a clipped sky has no such border
NARROWEST = 8  # pixels of a line that can be told to be of one level
MOST = 0.7  # share of the pixels next to the frame that must differ by that
FADE = 24.0  # pixels on the way from the image's levels at its edge to its mean: nothing is to look like an edge there

Shares = tuple[NDArray[np.float32], NDArray[np.float32]]


def without_padding(thermal: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Let a frame of one level count for nothing: it fades from the image's levels at its edge to their mean.

    As it is, a white frame would be taken for heat, and a black one would darken what the other camera shows there.

    Args:
        thermal: uint8 [H, W].

    Returns:
        The image itself where it has no frame, else a copy.
    """
    height, width = thermal.shape
    top, bottom = _padded(thermal), height - _padded(thermal[::-1])
    if top >= bottom:  # two halves of one level each: either may be the frame
        return thermal
    rows = thermal[top:bottom].T
    left, right = _padded(rows), width - _padded(rows[::-1])
    inside = thermal[top:bottom, left:right]
    if left >= right or inside.shape == thermal.shape:
        return thermal
    sides = top, height - bottom, left, width - right
    edge = cv2.copyMakeBorder(inside, *sides, cv2.BORDER_REPLICATE)
    mean = np.full_like(edge, round(inside.mean()))
    return np.asarray(cv2.blendLinear(edge, mean, *_shares(inside.shape, sides)), np.uint8)


@lru_cache(maxsize=4)
def _shares(inside: tuple[int, int], sides: tuple[int, int, int, int]) -> Shares:
    """Of the levels at the edge and of the mean, float32 [H, W]."""
    top, bottom, left, right = sides
    down, across = (
        np.maximum(np.maximum(-at, at - size + 1), 0)
        for at, size in (
            (np.arange(-top, inside[0] + bottom), inside[0]),
            (np.arange(-left, inside[1] + right), inside[1]),
        )
    )
    return shares_of_mean(np.float32(np.hypot(down[:, None], across[None])))


def shares_of_mean(distance: NDArray[np.float32]) -> Shares:
    """Of the levels next to a pixel that is not seen, and of the mean, by its distance to what is seen, in pixels."""
    of_mean = np.asarray((distance / FADE).clip(0, 1), np.float32)
    return 1 - of_mean, of_mean


def _padded(lines: NDArray[np.uint8]) -> int:
    """How many lines there are of one level, the first one's, before an image begins; 0 if none does."""
    level = lines[0, 0]
    if len(lines[0]) < NARROWEST or (lines[0] != level).any():
        return 0
    first = int(np.argmax((lines != level).any(1)))
    differing = np.abs(np.int16(lines[first]) - level) >= DIFFERENT
    return first if differing.mean() >= MOST else 0
