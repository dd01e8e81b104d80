"""Degraded pairs with what is wrong with them, to train the estimator of the scene on; one row of features each.

A sample depends on its seed alone.
"""

from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache, partial
from multiprocessing import get_context
from typing import NamedTuple

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from tqdm import tqdm

from ros2_textfuse.degradations import synthesis
from ros2_textfuse.degradations.obstructions import OBSTRUCTIONS
from ros2_textfuse.degradations.synthesis import THERMAL, VISIBLE, Image, line_kernel
from ros2_textfuse.scene.conditions import CONDITIONS
from ros2_textfuse.scene.features import Features, features
from ros2_textfuse.training.data import Pair, read_pair

NAMED = 0.35  # from this severity on a condition is to be named; below FAINT it is not; between, either is right
FAINT = 0.12
NIGHT, DUSK = 0.13, 0.27  # mean luma 0..1 below which an image is dark by itself, and above which it is not
UNSURE = -1.0
COMPRESSED, STREAMED = 0.3, 0.15  # shares of images sent as good JPEG, and of the others as video at a low rate
CONTRASTY, CLIPPED = 0.3, 0.04  # share of images with hard highlights, and how much of them may clip
FINE_RAIN = 0.5  # share of the rain that is fine
BROAD_STRIPES = 0.25  # share of the stripes that are broad or periodic
SOFT = 0.28  # of a step over eight pixels within one, along its sharpest edges: what has less is soft by itself
FINE = ("rain", "blur", "visible_noise", "ir_noise", "ir_stripe")  # what such video may lose
LARGEST, SMALLEST = (480, 640), (240, 320)

_read = lru_cache(maxsize=400)(read_pair)


class Samples(NamedTuple):
    """float32 arrays of N samples."""

    features: NDArray[np.float32]  # [N, F]
    severities: NDArray[np.float32]  # [N, conditions]; UNSURE where a person could say either
    names: list[str]  # of the features


def samples(pairs: Sequence[Pair], count: int, seed: int, jobs: int = 1) -> Samples:
    """Degraded pairs, drawn at random.

    Args:
        pairs: of `data.find_pairs`.
        count: of samples.
        seed: of all that is drawn; the samples are the same for any number of jobs.
        jobs: processes to share the work among.
    """
    with ProcessPoolExecutor(jobs, get_context("spawn"), _begin) as pool:
        work = pool.map(partial(_one, pairs, seed), range(count), chunksize=50)
        found, wrong = zip(*tqdm(work, "degrading", count, unit="pair", disable=None, leave=False), strict=True)
    rows = np.array([list(row.values()) for row in found], np.float32)
    return Samples(rows, np.array(wrong, np.float32), list(found[0]))


def _begin() -> None:
    cv2.setNumThreads(1)  # the jobs share the cores


def _one(pairs: Sequence[Pair], seed: int, number: int) -> tuple[Features, list[float]]:
    rng = np.random.default_rng([seed, number])
    pair = pairs[int(rng.integers(len(pairs)))]
    visible, thermal, wrong = sample(*_read(pair), drawn(rng), rng)
    return features(visible, thermal), [wrong.get(condition, 0.0) for condition in CONDITIONS]


def drawn(rng: Generator) -> dict[str, float]:
    """Conditions and severities of a sample: often none, seldom more than two of a camera."""
    visible = [*VISIBLE, *OBSTRUCTIONS, "blur", "rain"]  # the two that are hardest to tell are drawn more often
    of_visible = rng.choice(visible, int(rng.choice(3, p=(0.35, 0.45, 0.2))), replace=False)
    thermal = [*THERMAL, "ir_low_contrast"]
    of_thermal = rng.choice(thermal, int(rng.choice(3, p=(0.55, 0.37, 0.08))), replace=False)
    names = {str(name) for name in (*of_visible, *of_thermal)}
    if {"low_light", "over_exposure"} <= names:
        names -= {"over_exposure"}
    return {name: float(rng.uniform(0.1, 1.0)) for name in sorted(names)}


def sample(
    visible: NDArray[np.uint8], thermal: NDArray[np.uint8], wrong: dict[str, float], rng: Generator
) -> tuple[NDArray[np.uint8], NDArray[np.uint8], dict[str, float]]:
    """A window of a pair, degraded, and sent as cameras send: enlarged, reduced or compressed at times.

    Args:
        visible: uint8 RGB [H, W, 3].
        thermal: uint8 [H, W].
        wrong: condition -> severity 0..1.
        rng: seeded generator.

    Returns:
        The pair, and condition -> severity as `Samples` holds it.
    """
    visible, thermal = _window(visible, thermal, rng)
    soft = _sharpness(visible) < SOFT
    light, heat = np.float32(visible) / 255, np.float32(thermal) / 255
    light, brightened = _exposed(light, rng)
    heat = np.clip(rng.uniform(0.85, 1.1) * heat ** rng.uniform(0.85, 1.3) + rng.uniform(-0.03, 0.03), 0, 1)
    brightness = float(light.mean())
    light = OBSTRUCTIONS["smoke"](light, wrong.get("smoke", 0.0), rng)
    modes = {name: severity for name, severity in wrong.items() if name not in OBSTRUCTIONS}
    if "rain" in modes and rng.random() < FINE_RAIN:
        light = fine_rain(light, modes.pop("rain"), rng)
    if "ir_stripe" in modes and rng.random() < BROAD_STRIPES:
        heat = broad_stripes(np.float32(heat), modes.pop("ir_stripe"), rng)
    light, heat = synthesis.apply(light, np.float32(heat), modes, rng)
    light = OBSTRUCTIONS["glare"](light, wrong.get("glare", 0.0), rng)  # lamps are as bright by night
    labels = _labels(wrong, brightness)
    if soft and "blur" not in wrong:
        labels["blur"] = UNSURE
    if brightened:  # what came up with the dark is neither here nor there
        labels = {"visible_noise": UNSURE, "color_cast": UNSURE, **labels}
    return _sent(light, VISIBLE, labels, rng), _sent(heat, THERMAL, labels, rng), labels


def _exposed(light: Image, rng: Generator) -> tuple[Image, bool]:
    """The tones of another exposure, most of them well exposed; and whether a dark image was brightened for it."""
    mean, curve = float(light.mean()), rng.uniform(0.85, 1.15)
    night = mean < NIGHT
    if rng.random() < (0.2 if night else 0.5):
        curve = np.log(rng.uniform(0.28, 0.5)) / np.log(np.clip(mean, 0.02, 0.9))
    light = np.clip(rng.uniform(0.9, 1.1) * light**curve, 0, 1).astype(np.float32)
    if rng.random() < CONTRASTY:
        light = _contrasty(light, rng)
    return light, night and float(light.mean()) > DUSK


def _contrasty(light: Image, rng: Generator) -> Image:
    """As a photograph in hard light: bright things clip, and it is well exposed all the same."""
    middle = float(np.median(light))
    highlight = float(np.quantile(light.max(2)[::4, ::4], 1 - rng.uniform(0, CLIPPED)))
    gain = min(rng.uniform(1.1, 2.0), (1 - middle) / max(highlight - middle, 0.05))
    return np.clip(middle + max(gain, 1.0) * (light - middle), 0, 1).astype(np.float32)


def fine_rain(visible: Image, severity: float, rng: Generator) -> Image:
    """Many thin, faint streaks over the whole image, which hardly change what lies behind them.

    Args:
        visible: float32 RGB [H, W, 3], 0..1.
        severity: 0..1; the streaks' standard deviation is 0.055 of full scale at 1.
        rng: seeded generator.
    """
    seeds = rng.random(visible.shape[:2], dtype=np.float32)
    seeds = np.where(seeds < rng.uniform(0.01, 0.15), rng.random(visible.shape[:2], dtype=np.float32), 0.0)
    streaks = cv2.filter2D(np.float32(seeds), -1, line_kernel(rng.uniform(9, 45), rng.uniform(45, 135)))
    streaks = cv2.GaussianBlur(streaks, (0, 0), rng.uniform(0.2, 0.7))
    streaks = (streaks - float(streaks.mean())) / (float(streaks.std()) + 1e-6)
    dimmed = visible * (1 - rng.uniform(0, 0.12))
    room = 1.0 if rng.random() < 0.5 else 1 - dimmed  # added to the light, or laid over it
    amount = 0.055 * severity * rng.uniform(0.8, 1.2)
    return np.clip(dimmed + amount * room * np.maximum(streaks, -0.5)[..., None], 0, 1).astype(np.float32)


def _sharpness(visible: NDArray[np.uint8]) -> float:
    """How much of a step over eight pixels the sharpest edges make within one: 0..1."""
    luma = cv2.cvtColor(np.ascontiguousarray(visible), cv2.COLOR_RGB2GRAY)
    shares = []
    for side in (luma, np.ascontiguousarray(luma.T)):
        one, eight = (float(np.quantile(cv2.absdiff(side[:, lag:], side[:, :-lag])[::2], 0.997)) for lag in (1, 8))
        shares.append((one + 0.5) / (eight + 0.5))
    return sum(shares) / 2


def broad_stripes(thermal: Image, severity: float, rng: Generator) -> Image:
    """Offsets that several columns (sometimes rows) share, at times periodic, as interference in the read-out makes.

    Args:
        thermal: float32 [H, W], 0..1.
        severity: 0..1; the stripes' standard deviation is 0.14 of full scale at 1.
        rng: seeded generator.
    """
    columns = rng.random() < 0.7
    length = thermal.shape[1 if columns else 0]
    if rng.random() < 0.4:
        offsets = np.sin(2 * np.pi * np.arange(length) / rng.uniform(2.5, 20) + rng.uniform(0, 6))
    else:
        offsets = cv2.GaussianBlur(rng.standard_normal((1, length)), (0, 0), rng.uniform(0.5, 3))[0]
    offsets *= 0.14 * severity * rng.uniform(0.8, 1.15) / max(float(offsets.std()), 1e-6)
    return np.clip(thermal + (offsets if columns else offsets[:, None]), 0, 1).astype(np.float32)


def _labels(wrong: dict[str, float], brightness: float) -> dict[str, float]:
    found = {name: severity if severity >= NAMED or severity <= FAINT else UNSURE for name, severity in wrong.items()}
    if brightness < NIGHT:  # what is dark is dark, whatever made it so
        found["low_light"] = max(found.get("low_light", 0.0), 1 - brightness / 0.3)
    elif brightness < DUSK and found.get("low_light", 0.0) <= FAINT:
        found["low_light"] = UNSURE
    return found


def _window(
    visible: NDArray[np.uint8], thermal: NDArray[np.uint8], rng: Generator
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """A part, at times of a reduced image, which is sharper, and mirrored at times."""
    if rng.random() < 0.5 and min(thermal.shape) > 360:
        scale = rng.uniform(0.6, 1.0)
        visible, thermal = (
            np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
            for image in (visible, thermal)
        )
    height, width = (
        int(rng.integers(min(least, have), min(most, have) + 1))
        for least, most, have in zip(SMALLEST, LARGEST, thermal.shape, strict=True)
    )
    top = int(rng.integers(thermal.shape[0] - height + 1))
    left = int(rng.integers(thermal.shape[1] - width + 1))
    window = np.s_[top : top + height, left : left + width]
    mirror = np.s_[:, ::-1] if rng.random() < 0.5 else np.s_[:]
    return visible[window][mirror], thermal[window][mirror]


def _sent(image: Image, modes: Iterable[str], labels: dict[str, float], rng: Generator) -> NDArray[np.uint8]:
    """What arrives of a camera's image: uint8, moved by part of a pixel as alignment does, or compressed.

    What of the camera's `modes` may have been lost on the way becomes unsure in `labels`.
    """
    if rng.random() < 0.15:
        shift = np.array([[1, 0, rng.random()], [0, 1, rng.random()]])
        image = cv2.warpAffine(image, shift, image.shape[1::-1], borderMode=cv2.BORDER_REFLECT)
    sent = np.round(image * 255).astype(np.uint8)
    if rng.random() < COMPRESSED:
        quality = int(rng.integers(60, 97))
        sent = _compressed(sent, quality)
    elif rng.random() < STREAMED:
        # As video at a low rate: what is faint is gone, and the decoder has smoothed the edges of the blocks.
        sent = _compressed(sent, int(rng.integers(8, 50)))
        sent = np.asarray(cv2.GaussianBlur(sent, (3, 3), rng.uniform(0.3, 0.8)), np.uint8)
        labels |= dict.fromkeys({*FINE} & {*modes} & {*labels}, UNSURE)
    return sent


def _compressed(image: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_UNCHANGED), np.uint8)
