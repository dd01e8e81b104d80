"""Rain of every kind, to train the network for rain on: wider than what repairs are judged with.

Streaks are drawn in three ways, since each has a look that a network would learn in place of rain: drops drawn out
along their fall, noise drawn out and cut off, and single lines. They are laid over the image, screened or added.
"""

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from ros2_textfuse.degradations.synthesis import Image, line_kernel

DRAWN_OUT, CUT_OFF = 0.5, 0.3  # shares of the ways to draw; lines are the rest
STEEP = 0.85  # share of rain that falls within 40 degrees of the vertical
DIM, VEILED = 0.7, 0.4  # shares of rain that takes light, and that gives some back
FIXED_POINT = 3  # bits of the fraction of a line's ends


def fall(clean: Image, rng: Generator) -> tuple[Image, Image]:
    """Rain over a clean image.

    Args:
        clean: float32 RGB [H, W, 3], 0..1.
        rng: seeded generator.

    Returns:
        The image in rain, and the same without streaks, as dim and veiled; float32 RGB [H, W, 3], 0..1.
    """
    scene = clean * (1 - rng.uniform(0, 0.35)) if rng.random() < DIM else clean
    alpha = streaks(clean.shape[0], clean.shape[1], rng)
    light = min(1.0, float(np.percentile(clean, 90)) * rng.uniform(0.6, 1.4) + rng.uniform(0, 0.35))
    laid = rng.random()
    if laid < 0.6:
        wet = scene + alpha * np.maximum(light - scene, 0.04)
    elif laid < 0.8:
        wet = 1 - (1 - scene) * (1 - alpha * rng.uniform(0.3, 1))
    else:
        wet = scene + alpha * rng.uniform(0.1, 0.6)
    veil = rng.uniform(0, 0.25) if rng.random() < VEILED else 0.0
    grey = rng.uniform(0.2, 0.85)
    wet, scene = (np.float32(np.clip((1 - veil) * image + veil * grey, 0, 1)) for image in (wet, scene))
    return wet, scene


def streaks(height: int, width: int, rng: Generator) -> NDArray[np.float32]:
    """How much of each pixel streaks cover, in one to three layers: float32 [H, W, 1], 0..1."""
    degrees = rng.uniform(50, 130) if rng.random() < STEEP else rng.uniform(30, 150)
    cover = np.zeros((height, width), np.float32)
    for _ in range(int(rng.integers(1, 4))):
        near = rng.random()  # from many faint drops far away to few, wide and bright ones
        length = int(rng.integers(5, 24 + int(40 * near * rng.random())))
        density = np.exp(rng.uniform(np.log(0.002), np.log(0.06))) * (1 - 0.8 * near)
        way = rng.random()
        if way < DRAWN_OUT:
            cover += _drawn_out(cover.shape, density, length, degrees, near, rng)
        elif way < DRAWN_OUT + CUT_OFF:
            cover += _cut_off(cover.shape, length, degrees, rng)
        else:
            cover += _lines(cover.shape, density, length, degrees, rng)
    return np.minimum(cover * rng.uniform(0.3, 1.2), 0.92)[..., None]


def _drawn_out(
    shape: tuple[int, ...], density: float, length: int, degrees: float, near: float, rng: Generator
) -> Image:
    """Drops, drawn out along their fall."""
    drops = np.float32(rng.random(shape, dtype=np.float32) < density) * np.float32(rng.uniform(0.3, 1, shape))
    line = line_kernel(length, degrees + rng.uniform(-6, 6)) * length
    drawn = cv2.filter2D(drops, -1, line, borderType=cv2.BORDER_REFLECT)
    drawn = cv2.GaussianBlur(drawn, (0, 0), rng.uniform(0.25, 0.8 + 0.8 * near)) * (1 + near)
    return drawn * rng.uniform(0.1, 0.95) * (0.3 + 0.7 * near)


def _cut_off(shape: tuple[int, ...], length: int, degrees: float, rng: Generator) -> Image:
    """Noise, drawn out, of which the brightest shows: dense and fine, as rain far away."""
    noise: Image = rng.standard_normal(shape, dtype=np.float32)
    if rng.random() < 0.5:
        noise = cv2.GaussianBlur(noise, (0, 0), rng.uniform(0.4, 1.0))
    line = line_kernel(length, degrees + rng.uniform(-4, 4))
    drawn = cv2.filter2D(noise, -1, line, borderType=cv2.BORDER_REFLECT)
    return np.clip(drawn / (drawn.std() + 1e-6) - rng.uniform(0.3, 1.8), 0, None) / 2 * rng.uniform(0.05, 0.6)


def _lines(shape: tuple[int, ...], density: float, length: int, degrees: float, rng: Generator) -> Image:
    """Single lines with smooth edges."""
    height, width = shape
    drawn = np.zeros(shape, np.float32)
    thickness = int(rng.integers(1, 3))
    for _ in range(int(density * height * width / 3) + 1):
        x, y = rng.uniform(0, width), rng.uniform(0, height)
        angle, extent = np.radians(degrees + rng.uniform(-3, 3)), length * rng.uniform(0.5, 1.4)
        ends = (x, y, x + np.cos(angle) * extent, y + np.sin(angle) * extent)
        left, top, right, bottom = (round(end * 2**FIXED_POINT) for end in ends)
        cv2.line(drawn, (left, top), (right, bottom), float(rng.uniform(0.3, 1)), thickness, cv2.LINE_AA, FIXED_POINT)
    return cv2.GaussianBlur(drawn, (0, 0), rng.uniform(0.3, 0.9)) * rng.uniform(0.1, 0.9)
