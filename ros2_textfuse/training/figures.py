"""Figures drawn into a pair that its cameras see differently: dark in one, bright in the other.

Recorded pairs have few of them, and they are what a fusion cancels first: somebody in dark clothes, warm, before a
bright and warm wall. A small network that has seen few of them does not learn to keep them.
"""

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from ros2_textfuse.degradations.synthesis import Image

MOST = 3  # figures in a crop
RAISED = 0.6  # share of crops whose ground is made brighter and warmer, as in sunlight
ROUND = np.linspace(0, 2 * np.pi, 20, endpoint=False)
# Outlines as polygons, in parts of the figure's width and height.
HEAD = np.stack([0.5 + 0.2 * np.cos(ROUND), 0.09 + 0.09 * np.sin(ROUND)], 1)
BODY = np.array([[0.35, 0.17], [0.65, 0.17], [0.95, 0.3], [0.8, 0.55], [0.2, 0.55], [0.05, 0.3]])
ELLIPSE = 0.5 + 0.5 * np.stack([np.cos(ROUND), np.sin(ROUND)], 1)
BLOCK = np.array([[0, 0], [1, 0], [1, 1], [0, 1.0]])


def draw_figures(visible: Image, thermal: Image, rng: Generator) -> tuple[Image, Image, Image]:
    """Draw one to three figures, walkers most of them, each with a brightness of its own in each camera.

    Args:
        visible: float32 RGB [H, W, 3], 0..1.
        thermal: float32 [H, W], 0..1.
        rng: seeded generator.

    Returns:
        visible, thermal, and the figures' boxes, float32 [N, 5]: class 0, left, top, right, bottom in pixels.
    """
    height, width = thermal.shape
    if rng.random() < RAISED:
        visible = 1 - (1 - visible) * np.float32(rng.uniform(0.25, 1))
        thermal = 1 - (1 - thermal) * np.float32(rng.uniform(0.4, 1))
    boxes = []
    for _ in range(int(rng.integers(1, MOST + 1))):
        high = height * rng.uniform(0.1, 0.6)
        wide = min(high * rng.uniform(0.3, 0.6), width / 2)
        left, top = rng.uniform(0, width - wide), rng.uniform(0, height - high)
        covered = _covered(thermal.shape, np.array([left, top]), np.array([wide, high]), rng)
        around = float(thermal[int(top) : int(top + high) + 1, int(left) : int(left + wide) + 1].mean())
        clothes = covered[..., None] * (_colour(rng) + _cloth(thermal.shape, rng)[..., None] - visible)
        warmth = np.clip(around + _warmth(rng), 0.02, 0.98)
        visible = visible + clothes
        thermal = thermal + covered * (warmth + _cloth(thermal.shape, rng) - thermal)
        boxes.append((0, left, top, left + wide, top + high))
    return np.float32(visible.clip(0, 1)), np.float32(thermal.clip(0, 1)), np.array(boxes, np.float32)


def _covered(shape: tuple[int, ...], at: NDArray[np.float64], size: NDArray[np.float64], rng: Generator) -> Image:
    """How much of each pixel a figure covers, [H, W], 0..1, with the soft edge of a lens."""
    stride = rng.uniform(0, 0.45)
    hips = (0.25, -stride), (0.5, stride)
    legs = (np.array([[hip, 0.5], [hip + 0.25, 0.5], [hip + 0.25 + to, 1], [hip + to, 1]]) for hip, to in hips)
    walker = (HEAD, BODY, *legs)
    parts = (walker, walker, (ELLIPSE,), (BLOCK,))[int(rng.integers(4))]
    mask = np.zeros(shape, np.uint8)
    for part in parts:
        cv2.fillPoly(mask, [np.int32((at + part.clip(0, 1) * size) * 16)], 255, cv2.LINE_AA, shift=4)
    return np.float32(cv2.GaussianBlur(np.float32(mask) / 255, (0, 0), rng.uniform(0.4, 1.2)))


def _colour(rng: Generator) -> Image:
    """Of clothes: dark for the most part, seldom vivid."""
    luma = rng.uniform(0.03, 0.35) if rng.random() < 0.65 else rng.uniform(0.35, 0.95)
    vivid = rng.uniform(0, 0.5) if rng.random() < 0.3 else rng.uniform(0, 0.1)
    return np.float32(luma * (1 + vivid * rng.uniform(-1, 1, 3)))


def _warmth(rng: Generator) -> float:
    """Against the ground: warmer for the most part."""
    difference = float(rng.uniform(0.08, 0.5))
    return difference if rng.random() < 0.7 else -difference


def _cloth(shape: tuple[int, ...], rng: Generator) -> Image:
    """Folds and shadows on a figure, [H, W], about 0."""
    coarse = rng.normal(0, rng.uniform(0, 0.06), (8, 8)).astype(np.float32)
    return np.asarray(cv2.resize(coarse, shape[::-1], interpolation=cv2.INTER_CUBIC), np.float32)
