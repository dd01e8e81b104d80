"""What stands between the visible camera and the scene: oncoming glare and smoke, which no mode repairs.

Long waves pass both, so that the thermal camera sees on; they are for trying how the cameras are weighed. Arguments
and results are those of `synthesis`: visible float32 RGB [H, W, 3], 0..1, a severity 0..1 (0 returns the image
unchanged), and a seeded generator.
"""

import cv2
import numpy as np
from numpy.random import Generator

from ros2_textfuse.degradations.synthesis import Degradation, Image


def glare(visible: Image, severity: float, rng: Generator) -> Image:
    """Add one or two lamps that clip, each with a glow that falls with distance, a star of rays and a veil."""
    if severity <= 0:
        return visible
    height, width = visible.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32)
    light = np.zeros((height, width), np.float32)
    centre_x, centre_y = rng.uniform(0.2, 0.8) * width, rng.uniform(0.3, 0.7) * height
    apart = rng.uniform(0.05, 0.2) * width * (rng.random() < 0.7)
    radius = height * (0.02 + 0.05 * severity) * rng.uniform(0.7, 1.3)
    rays, turn = int(rng.integers(2, 5)), rng.uniform(0, np.pi)
    for side in (-0.5, 0.5) if apart else (0.0,):
        away_x, away_y = x - centre_x - side * apart, y - centre_y
        distance = np.hypot(away_x, away_y) / radius
        star = np.abs(np.cos(rays * (np.arctan2(away_y, away_x) + turn))) ** 30
        light += 2.0 / (1 + distance**2) ** rng.uniform(0.8, 1.1) + 0.5 * star / (1 + distance)
    tint = 1 + rng.uniform(-0.12, 0.12, 3).astype(np.float32)
    veil = 0.25 * severity * rng.uniform(0.5, 1.2)
    return _finish(visible + (severity * 1.6 * light[..., None] + veil) * tint)


def smoke(visible: Image, severity: float, rng: Generator) -> Image:
    """Lay clouds of many sizes over the image, dense and thin by turns, between white steam and grey."""
    if severity <= 0:
        return visible
    height, width = visible.shape[:2]
    cloud = np.zeros((height, width), np.float32)
    for octave, weight in ((2, 1.0), (4, 0.6), (8, 0.35), (16, 0.15)):
        coarse = rng.random((octave + 1, octave + 1), dtype=np.float32)
        cloud += weight * cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    cloud = (cloud - cloud.mean()) / (cloud.std() + 1e-6)
    # At 0.5 half of the image lies behind it, at 1 nearly all.
    density = 3.5 * severity / (1 + np.exp(-3 * (cloud + 1.6 * severity - 0.9)))
    passing = np.exp(-density)[..., None]
    grey = rng.uniform(0.3, 0.85) + rng.uniform(-0.02, 0.02, 3) + 0.04 * cloud[..., None]
    return _finish(passing * visible + (1 - passing) * grey)


OBSTRUCTIONS: dict[str, Degradation] = {"smoke": smoke, "glare": glare}


def _finish(image: Image) -> Image:
    return np.clip(image, 0, 1).astype(np.float32, copy=False)
