"""People told by their warmth alone: warm, of a person's size, upright, and of a person's outline.

Warm areas come from thresholds on the thermal image at half its size, and those that are high rather than wide are held
against OpenCV's people detector (Dalal and Triggs, Histograms of oriented gradients for human detection, CVPR 2005). It
was trained on photographs, but sees outlines alone, and a warm person has one.
"""

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from ros2_textfuse.saliency.regions import Rectangle, covered, overlap

LIKELY = 0.2  # score from which something looks like a person
SHARES = (0.3, 0.5, 0.75)  # thresholds between the image's middle level and its warmest
AROUND = 0.22  # a fourth threshold, above the mean of what is around, as a share of that range
RANGE = 12.0  # levels between middle and warmest below which nothing is warm
WINDOW = 1 / 6  # of the image's width: what is around
LEAST = 8  # pixels of half the image's height
ASPECTS = 1.2, 5.0  # height by width
FULL = 0.35  # share of its box that a warm area fills, at least
JUDGED = 12  # areas that are held against the outline, those with the most contrast: this bounds the time
ALIKE = 0.7  # intersection over union from which on two areas are judged as one
FEET = 0.1  # of a warm area's height, that its cooler feet lie below it
SAME = 0.5  # share of the smaller box from which on two boxes are of one person
PATCH, PERSON = (64, 128), 96  # pixels of the outline's window, and of a person in it


def warm_people(thermal: NDArray[np.uint8], least: float = LIKELY) -> list[tuple[Rectangle, float]]:
    """Boxes of what looks like people in a thermal image, the likeliest first, none on another.

    Args:
        thermal: uint8 [H, W], warm is bright.
        least: score that they have, at least.

    Returns:
        Box (left, top, right, bottom in pixels) and score of each: about -3 .. 3, the likelier the higher.
    """
    half = np.asarray(cv2.resize(thermal, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8)
    scored = [(box, score) for box in _warm_areas(half) if (score := _likeness(thermal, box)) >= least]
    found: list[tuple[Rectangle, float]] = []
    for box, score in sorted(scored, key=lambda one: -one[1]):
        if all(covered(box, other) < SAME for other, _ in found):
            found.append((box, score))
    return found


def _warm_areas(half: NDArray[np.uint8]) -> list[Rectangle]:
    """Boxes of the upright warm areas of an image of half the size, in pixels of the whole one; most contrast first."""
    below = np.cumsum(cv2.calcHist([half], [0], None, [256], [0, 256])[:, 0])
    middle, warmest = np.searchsorted(below, np.array([0.5, 0.998]) * below[-1]).tolist()
    height, width = half.shape
    if warmest - middle < RANGE or min(half.shape) < 2 * LEAST:
        return []
    side = int(width * WINDOW) | 1
    above = np.asarray(cv2.subtract(half, cv2.blur(half, (side, side))), np.uint8)
    masks = [(half, middle + share * (warmest - middle)) for share in SHARES]
    boxes = np.concatenate([_upright(*mask) for mask in (*masks, (above, AROUND * (warmest - middle)))])
    boxes = boxes[np.argsort(-_contrasts(half, boxes))]
    chosen: list[Rectangle] = []
    for left, top, right, bottom in (2.0 * boxes).tolist():
        box = left, top, right, min(bottom + FEET * (bottom - top), 2.0 * height)
        if len(chosen) < JUDGED and all(overlap(box, other) < ALIKE for other in chosen):
            chosen.append(box)
    return chosen


def _upright(image: NDArray[np.uint8], level: float) -> NDArray[np.int32]:
    """Boxes of the connected areas above a level that are higher than wide, [N, 4]."""
    mask = cv2.threshold(image, level, 1, cv2.THRESH_BINARY)[1]
    stats = cv2.connectedComponentsWithStats(mask, connectivity=4, ltype=cv2.CV_16U)[2][1:]
    left, top, width, height, area = stats.T
    upright = (height >= ASPECTS[0] * width) & (height <= ASPECTS[1] * width)
    chosen = upright & (height >= LEAST) & (area >= FULL * width * height)
    return np.stack([left, top, left + width, top + height], 1)[chosen]


def _contrasts(image: NDArray[np.uint8], boxes: NDArray[np.int32]) -> NDArray[np.float64]:
    """How much warmer each box is than the warmer one of its two sides, in levels, [N]."""
    sums = cv2.integral(image)
    left, top, right, bottom = boxes.T

    def mean(from_: NDArray[np.int32], to: NDArray[np.int32]) -> NDArray[np.float64]:
        from_, to = np.clip(from_, 0, image.shape[1]), np.clip(to, 0, image.shape[1])
        total = sums[bottom, to] - sums[bottom, from_] - sums[top, to] + sums[top, from_]
        return np.asarray(total / np.maximum((to - from_) * (bottom - top), 1))

    beside = 2 + (right - left) // 2
    return mean(left, right) - np.maximum(mean(left - beside, left), mean(right, right + beside))


def _likeness(image: NDArray[np.uint8], box: Rectangle) -> float:
    """How like a person's the outline in a box is."""
    left, top, right, bottom = box
    scale = (bottom - top) / PERSON
    to_image = np.array(
        [
            [scale, 0, (left + right - 1) / 2 - scale * (PATCH[0] - 1) / 2],
            [0, scale, (top + bottom - 1) / 2 - scale * (PATCH[1] - 1) / 2],
        ]
    )
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    patch = cv2.warpAffine(image, to_image, PATCH, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    outline, weights, bias = _people()
    # Not `@`, which wakes a thread for every core.
    return float(np.einsum("i,i->", np.ravel(outline.compute(patch)), weights)) + bias


@cache
def _people() -> tuple[cv2.HOGDescriptor, NDArray[np.float32], float]:
    """What tells outlines, and the weights and the bias by which a person's is one."""
    weights = np.ravel(cv2.HOGDescriptor.getDefaultPeopleDetector()).astype(np.float32)
    return cv2.HOGDescriptor(), weights[:-1], float(weights[-1])
