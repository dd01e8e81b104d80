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
    """Mix in airlight by Koschmieder's law, t * J + (1 - t) * A, with a transmission that falls with depth.

    Depth has three cues, mixed at random: it grows towards the top, bright wide areas (the sky, the end of a road) are
    far, and haze comes in banks.
    """
    height, width = visible.shape[:2]
    airlight = rng.uniform(0.6, 0.98) + rng.uniform(-0.04, 0.04, 3)
    towards_top = np.linspace(rng.uniform(0.8, 1.3), rng.uniform(0.4, 1.0), height)[:, None]
    banks = cv2.resize(rng.uniform(0.8, 1.2, (4, 4)), (width, height), interpolation=cv2.INTER_CUBIC)
    far = cv2.GaussianBlur(visible.mean(2), (0, 0), max(height / 24, 1.0))
    far = 1 + rng.uniform(0, 0.6) * (far - far.mean()) / (far.std() + 0.05)
    depth = np.clip(towards_top * banks * far, 0.2, 2.0)[..., None]
    transmission = np.exp(-1.6 * severity * depth)
    return _finish(transmission * visible + (1 - transmission) * airlight)


def rain(visible: Image, severity: float, rng: Generator) -> Image:
    """Add streaks in one or two layers, of any length, width, brightness and density, under a sky that may be dim.

    Rain takes light as clouds do, and at times gives some back as a veil; streaks are brighter than what is behind
    them, at night far less bright than by day. So the mean may rise or fall.
    """
    if severity <= 0:
        return visible
    height, width = visible.shape[:2]
    degrees = rng.uniform(50, 130)
    wet = visible * (1 - severity * rng.uniform(0, 0.25))
    light = float(np.percentile(visible, 90)) * rng.uniform(0.6, 1.3) + rng.uniform(0, 0.3)  # of the streaks
    for _ in range(int(rng.integers(1, 3))):
        # From few, wide and bright drops close by to many faint ones far away.
        near = rng.random()
        density = (0.003 + 0.009 * severity) * 6 ** rng.uniform(0, 1 - near)
        seeds = (rng.random((height, width), dtype=np.float32) < density).astype(np.float32)
        seeds *= rng.uniform(0.3, 1.0, (height, width)).astype(np.float32)
        length = int(rng.integers(7, 20 + int(25 * near)))
        line = line_kernel(length, degrees + rng.uniform(-6, 6)) * length
        streaks = cv2.filter2D(seeds, -1, line, borderType=cv2.BORDER_REFLECT)
        broad = rng.uniform(0.25, 0.8 + 0.8 * near)
        streaks = cv2.GaussianBlur(streaks, (0, 0), broad)[..., None] * (1 + near)
        strength = (0.2 + 0.7 * severity) * (0.35 + 0.65 * near) * rng.uniform(0.6, 1.2)
        alpha = np.minimum(streaks * strength, 0.9) * min(1.0, 5 * severity)
        wet = wet + alpha * np.maximum(min(light, 1.0) - wet, 0.05)
    veil = severity * rng.uniform(0, 0.2) * (rng.random() < 0.5)
    return _finish((1 - veil) * wet + veil * rng.uniform(0.2, 0.85))


def blur(visible: Image, severity: float, rng: Generator) -> Image:
    """Blur by motion along a line or a wandering path, or by a lens out of focus (a disc, a Gaussian)."""
    if severity <= 0:
        return visible
    kind = rng.random()
    if kind < 0.3:
        kernel = line_kernel(1 + 14 * severity, rng.uniform(0, 180))
    elif kind < 0.5:
        kernel = _path(1 + 16 * severity, rng)
    elif kind < 0.85:
        kernel = _disc(0.5 + 3.5 * severity)
    else:
        return _finish(cv2.GaussianBlur(visible, (0, 0), 0.3 + 2.2 * severity, borderType=cv2.BORDER_REFLECT))
    return _finish(cv2.filter2D(visible, -1, kernel, borderType=cv2.BORDER_REFLECT))


def visible_noise(visible: Image, severity: float, rng: Generator) -> Image:
    """Add sensor noise: shot and read noise by gain, part of it coloured and correlated, at times compressed after."""
    if severity <= 0:
        return visible
    light = rng.uniform(0.2, 0.8)  # how much of it grows with the light
    sigma = 0.18 * severity * rng.uniform(0.75, 1.15) * np.sqrt(1 - light + light * visible)
    grey = rng.standard_normal((*visible.shape[:2], 1), dtype=np.float32)
    noise = rng.standard_normal(visible.shape, dtype=np.float32)
    share = rng.uniform(0.3, 1.0)
    noise = np.sqrt(1 - share) * grey + np.sqrt(share) * noise
    if rng.random() < 0.3:  # a demosaicked or scaled image has coarse noise
        coarse = cv2.GaussianBlur(noise, (0, 0), rng.uniform(0.4, 0.9))
        noise = coarse * (0.85 * noise.std() / max(float(coarse.std()), 1e-6))
    noisy = _finish(visible + sigma * noise)
    if rng.random() < 0.3:
        noisy = _compressed(noisy, round(97 - 40 * severity * rng.random()))
    return noisy


def color_cast(visible: Image, severity: float, rng: Generator) -> Image:
    """Scale the channels as a wrong white balance does, keeping the mean brightness."""
    direction = rng.uniform(-1, 1, 3)
    direction -= direction.mean()
    direction /= np.abs(direction).max() + 1e-6
    gains = np.exp(0.65 * severity * direction)
    cast = visible * gains
    return _finish(cast * (visible.mean() / max(float(cast.mean()), 1e-6)) ** min(1.0, 10 * severity))


def ir_low_contrast(thermal: Image, severity: float, rng: Generator) -> Image:
    """Squeeze the range about any level and bend it, as a gain control does that a hot or a cold patch has misled."""
    if severity <= 0:
        return thermal
    contrast = 1 - severity * rng.uniform(0.55, 0.85)
    level = thermal.mean() * (1 - severity) + severity * rng.uniform(0.1, 0.75)
    bent = thermal ** (1 + severity * rng.uniform(-0.3, 0.3))
    return _finish(contrast * (bent - bent.mean()) + level)


def ir_noise(thermal: Image, severity: float, rng: Generator) -> Image:
    """Add the temporal noise of an uncooled detector, at times coarse, with single wild pixels or growing with heat."""
    if severity <= 0:
        return thermal
    noise: Image = rng.standard_normal(thermal.shape, dtype=np.float32)
    kind = rng.random()
    if kind < 0.2:
        coarse = cv2.GaussianBlur(noise, (0, 0), rng.uniform(0.4, 0.8))
        noise = coarse * (0.85 / max(float(coarse.std()), 1e-6))
    elif kind < 0.4:
        wild = rng.random(thermal.shape, dtype=np.float32) < 0.01
        noise = np.where(wild, 4 * noise, 0.9 * noise)
    elif kind < 0.6:
        noise = noise * (0.6 + 0.8 * thermal)
    return _finish(thermal + 0.16 * severity * rng.uniform(0.8, 1.15) * noise)


def ir_stripe(thermal: Image, severity: float, rng: Generator) -> Image:
    """Add an offset to each column (sometimes each row), the fixed pattern of a detector's read-out lines."""
    columns = rng.random() < 0.8
    offsets: Image = rng.standard_normal((1, thermal.shape[1 if columns else 0]), dtype=np.float32)
    kind = rng.random()
    if kind < 0.4:  # neighbouring lines share an amplifier
        offsets = 1.5 * cv2.blur(offsets, (3, 1))
    elif kind < 0.6:  # some lines alone
        offsets = 1.6 * offsets * (rng.random(offsets.shape) < 0.4)
    pattern: Image = np.asarray(offsets if columns else offsets.T, np.float32)
    if rng.random() < 0.3:  # lines of other gain, too
        pattern = pattern * (0.5 + thermal)
    return _finish(thermal + 0.16 * severity * pattern)


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


def line_kernel(length: float, degrees: float) -> Image:
    """A line of a given length and direction as a normalised kernel, drawn four times too large to be smooth."""
    size = 2 * int(np.ceil(length / 2)) + 1
    large = np.zeros((4 * size, 4 * size), np.float32)
    centre, half = 2 * size - 0.5, 2 * length
    dx, dy = np.cos(np.radians(degrees)) * half, np.sin(np.radians(degrees)) * half
    start, end = (centre - dx, centre - dy), (centre + dx, centre + dy)
    cv2.line(large, tuple(map(round, start)), tuple(map(round, end)), 1.0, 4)
    kernel = cv2.resize(large, (size, size), interpolation=cv2.INTER_AREA)
    return kernel / kernel.sum()


def _path(length: float, rng: Generator) -> Image:
    """A wandering path of a given length, as a hand or a bumpy road moves a camera, as a normalised kernel."""
    steps = max(4, round(4 * length))
    turns = np.cumsum(rng.normal(0, 0.35, steps) * rng.random()) + rng.uniform(0, 2 * np.pi)
    path = np.cumsum(np.stack([np.cos(turns), np.sin(turns)], 1), 0) * (length / steps)
    path -= path.mean(0)
    reach = int(np.ceil(np.abs(path).max())) + 1
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1), np.float32)
    corner = np.floor(path).astype(int)
    part = path - corner
    for right in (0, 1):
        for down in (0, 1):
            share = np.abs(1 - right - part[:, 0]) * np.abs(1 - down - part[:, 1])
            np.add.at(kernel, (corner[:, 1] + down + reach, corner[:, 0] + right + reach), share)
    return kernel / kernel.sum()


def _compressed(visible: Image, quality: int) -> Image:
    """RGB [H, W, 3] after JPEG."""
    _, data = cv2.imencode(".jpg", np.uint8(np.round(visible * 255)), [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.float32(cv2.imdecode(data, cv2.IMREAD_COLOR)) / 255  # its channels' order is ours on both ways


def _disc(radius: float) -> Image:
    """A disc as a normalised kernel with a soft rim."""
    reach = int(np.ceil(radius))
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    kernel = np.clip(radius + 0.5 - np.hypot(x, y), 0, 1).astype(np.float32)
    return kernel / kernel.sum()
