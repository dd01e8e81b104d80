"""Degradations of a clean pair, one function for each mode, to train and to judge restoration with.

Every function takes `severity` 0..1 (0 returns the image unchanged, 0.5 is plainly visible but repairable, 1 is the
worst that a camera still delivers) and a seeded generator; the same seed gives the same image. Visible images are
float32 RGB [H, W, 3] and thermal ones float32 [H, W], both 0..1, and so are the results.
"""

from collections.abc import Callable, Mapping

import cv2
import numpy as np
from numpy.random import Generator

from ros2_textfuse.degradations.modes import MODES

Image = np.ndarray
Degradation = Callable[[Image, float, Generator], Image]


def low_light(visible: Image, severity: float, rng: Generator) -> Image:
    """Darken as a short exposure does: less light, a steeper tone curve, shot noise and read noise."""
    gain = 1 - 0.9 * severity ** rng.uniform(0.7, 0.9)
    gamma = 1 + severity * rng.uniform(0.2, 1.0)
    dark = gain * visible**gamma
    noise = np.sqrt(0.0006 * dark + 0.00005) * severity
    return _finish(dark + noise * rng.standard_normal(visible.shape, dtype=np.float32))


def over_exposure(visible: Image, severity: float, rng: Generator) -> Image:
    """Multiply the light until the bright parts clip; a lifted tone curve washes out the rest."""
    gain = 1 + severity * rng.uniform(0.7, 1.4)
    gamma = 1 - severity * rng.uniform(0.1, 0.35)
    return _finish(gain * visible**gamma)


def haze(visible: Image, severity: float, rng: Generator) -> Image:
    """Mix in airlight by Koschmieder's law, t * J + (1 - t) * A, with a transmission that falls towards the top."""
    height, width = visible.shape[:2]
    airlight = rng.uniform(0.7, 0.95) + rng.uniform(-0.03, 0.03, 3)
    depth = np.linspace(rng.uniform(0.8, 1.3), rng.uniform(0.5, 1.0), height)[:, None, None]
    drift = cv2.resize(rng.uniform(0.9, 1.1, (3, 3)), (width, height), interpolation=cv2.INTER_CUBIC)[..., None]
    transmission = np.exp(-1.6 * severity * depth * drift)
    return _finish(transmission * visible + (1 - transmission) * airlight)


def rain(visible: Image, severity: float, rng: Generator) -> Image:
    """Add bright streaks of one direction and a thin veil of scattered light."""
    height, width = visible.shape[:2]
    seeds = (rng.random((height, width), dtype=np.float32) < 0.003 + 0.009 * severity).astype(np.float32)
    length = int(rng.integers(9, 24))
    streaks = cv2.filter2D(seeds, -1, _line(length, rng.uniform(60, 120)) * length, borderType=cv2.BORDER_REFLECT)
    streaks = cv2.GaussianBlur(streaks, (0, 0), rng.uniform(0.5, 0.9))[..., None]
    alpha = np.minimum(streaks * (0.2 + 0.6 * severity), 0.85) * min(1.0, 5 * severity)
    veil = 0.15 * severity
    return _finish((1 - alpha) * ((1 - veil) * visible + veil * 0.75) + alpha * rng.uniform(0.75, 0.95))


def blur(visible: Image, severity: float, rng: Generator) -> Image:
    """Blur by motion along a line, or by a lens out of focus (a disc), half the time each."""
    if severity <= 0:
        return visible
    motion = rng.random() < 0.5
    kernel = _line(1 + 14 * severity, rng.uniform(0, 180)) if motion else _disc(0.5 + 3.5 * severity)
    return _finish(cv2.filter2D(visible, -1, kernel, borderType=cv2.BORDER_REFLECT))


def visible_noise(visible: Image, severity: float, rng: Generator) -> Image:
    """Add sensor noise, part of it growing with the light, part of it coloured."""
    sigma = 0.18 * severity * np.sqrt(0.4 + 0.6 * visible)
    grey = rng.standard_normal((*visible.shape[:2], 1), dtype=np.float32)
    colour = rng.standard_normal(visible.shape, dtype=np.float32)
    share = rng.uniform(0.5, 1.0)
    return _finish(visible + sigma * (np.sqrt(1 - share) * grey + np.sqrt(share) * colour))


def color_cast(visible: Image, severity: float, rng: Generator) -> Image:
    """Scale the channels as a wrong white balance does, keeping the mean brightness."""
    direction = rng.uniform(-1, 1, 3)
    direction -= direction.mean()
    direction /= np.abs(direction).max() + 1e-6
    gains = np.exp(0.65 * severity * direction)
    cast = visible * gains
    return _finish(cast * (visible.mean() / max(float(cast.mean()), 1e-6)) ** min(1.0, 10 * severity))


def ir_low_contrast(thermal: Image, severity: float, rng: Generator) -> Image:
    """Squeeze the range about a level, as a gain control does that a hot or a cold patch has misled."""
    contrast = 1 - 0.8 * severity
    level = thermal.mean() * (1 - severity) + severity * rng.uniform(0.15, 0.5)
    return _finish(contrast * (thermal - thermal.mean()) + level)


def ir_noise(thermal: Image, severity: float, rng: Generator) -> Image:
    """Add the temporal noise of an uncooled detector."""
    return _finish(thermal + 0.16 * severity * rng.standard_normal(thermal.shape, dtype=np.float32))


def ir_stripe(thermal: Image, severity: float, rng: Generator) -> Image:
    """Add an offset to each column (sometimes each row), the fixed pattern of a detector's read-out lines."""
    columns = rng.random() < 0.8
    offsets = rng.standard_normal((1, thermal.shape[1 if columns else 0]), dtype=np.float32)
    if rng.random() < 0.5:  # neighbouring lines share an amplifier
        offsets = 1.5 * cv2.blur(offsets, (3, 1))
    return _finish(thermal + 0.16 * severity * (offsets if columns else offsets.T))


VISIBLE: Mapping[str, Degradation] = {
    # in the order in which light meets them: air, lens, exposure, white balance, sensor
    "haze": haze,
    "rain": rain,
    "blur": blur,
    "over_exposure": over_exposure,
    "low_light": low_light,
    "color_cast": color_cast,
    "visible_noise": visible_noise,
}
THERMAL: Mapping[str, Degradation] = {"ir_low_contrast": ir_low_contrast, "ir_stripe": ir_stripe, "ir_noise": ir_noise}
DEGRADATIONS: Mapping[str, Degradation] = {**VISIBLE, **THERMAL}

if set(DEGRADATIONS) != set(MODES):  # a mode without its degradation would be a word that nothing has trained
    raise ImportError(f"modes and degradations differ: {sorted(set(DEGRADATIONS) ^ set(MODES))}")


def apply(visible: Image, thermal: Image, severities: Mapping[str, float], rng: Generator) -> tuple[Image, Image]:
    """Degrade a pair by every mode named in `severities`, in the order in which a camera meets them.

    Each mode draws from its own stream, so that adding or leaving out one leaves the others' draws as they were.

    Args:
        visible: float32 RGB [H, W, 3], 0..1.
        thermal: float32 [H, W], 0..1.
        severities: mode name -> severity 0..1.
        rng: seeded generator; one draw is taken from it.

    Returns:
        The degraded visible and thermal images, shapes, dtype and range as given.

    Raises:
        ValueError: an unknown mode, or a severity outside 0..1.
    """
    unknown = sorted(set(severities) - set(DEGRADATIONS))
    if unknown:
        raise ValueError(f"unknown degradation {', '.join(unknown)}; known: {', '.join(DEGRADATIONS)}")
    outside = {mode: severity for mode, severity in severities.items() if not 0 <= severity <= 1}
    if outside:
        raise ValueError(f"severity outside 0..1: {outside}")
    seed = int(rng.integers(2**63))
    for index, (mode, degrade) in enumerate(DEGRADATIONS.items()):
        if severity := severities.get(mode, 0.0):
            stream = np.random.default_rng([seed, index])
            if mode in VISIBLE:
                visible = degrade(visible, severity, stream)
            else:
                thermal = degrade(thermal, severity, stream)
    return visible, thermal


def _finish(image: Image) -> Image:
    return np.clip(image, 0, 1).astype(np.float32, copy=False)


def _line(length: float, degrees: float) -> Image:
    """A line of a given length and direction as a normalised kernel, drawn four times too large to be smooth."""
    size = 2 * int(np.ceil(length / 2)) + 1
    large = np.zeros((4 * size, 4 * size), np.float32)
    centre, half = 2 * size - 0.5, 2 * length
    dx, dy = np.cos(np.radians(degrees)) * half, np.sin(np.radians(degrees)) * half
    start, end = (centre - dx, centre - dy), (centre + dx, centre + dy)
    cv2.line(large, tuple(map(round, start)), tuple(map(round, end)), 1.0, 4)
    kernel = cv2.resize(large, (size, size), interpolation=cv2.INTER_AREA)
    return kernel / kernel.sum()


def _disc(radius: float) -> Image:
    """A disc as a normalised kernel with a soft rim."""
    reach = int(np.ceil(radius))
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    kernel = np.clip(radius + 0.5 - np.hypot(x, y), 0, 1).astype(np.float32)
    return kernel / kernel.sum()
