"""Training crops from a folder of registered pairs: `vi/NAME.*` (RGB) and `ir/NAME.*` (thermal), one size each.

Where `labels/NAME.txt` (YOLO text: class, centre x, y, width, height as shares of the image) says where objects are,
half of the crops are taken about one of them.

The folder is checked whole before the first step. A row of a batch depends on the seed, the step and its number in the
batch alone, so that a run that was broken off and resumed, or shared by several processes, sees exactly the same crops.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.random import Generator
from tqdm import tqdm

from ros2_textfuse.degradations import synthesis
from ros2_textfuse.degradations.modes import MODES
from ros2_textfuse.degradations.synthesis import THERMAL, VISIBLE, Image
from ros2_textfuse.errors import TextfuseError
from ros2_textfuse.imaging.cameras import CAMERAS
from ros2_textfuse.imaging.luma import LUMA
from ros2_textfuse.recordings.pairs import IMAGE_SUFFIXES, SIDES, read_image
from ros2_textfuse.recordings.types import RecordingError
from ros2_textfuse.training.figures import draw_figures
from ros2_textfuse.training.labels import OBJECTS, Known, labels_within, read_labels

CACHED_PAIRS = 1500  # decoded pairs held in memory, about 2 GB at 640x480
WITH_FIGURES = 0.15  # share of crops into which figures are drawn
UNBALANCED = 0.2  # share of crops in which the prompt prefers a camera

# How often each mode is the wrong prompt: most where a network is tempted to see in a clean image what is not there.
WRONG = {
    "low_light": 0.28,
    "over_exposure": 0.08,
    "haze": 0.04,
    "rain": 0.10,
    "blur": 0.06,
    "visible_noise": 0.13,
    "color_cast": 0.10,
    "ir_low_contrast": 0.07,
    "ir_noise": 0.03,
    "ir_stripe": 0.11,
}

# How often each kind of crop is drawn; what the prompt says and what the target is:
KINDS = {
    "clean": 0.14,  # no prompt; the pair as it is
    "unprompted": 0.08,  # degraded, no prompt; the degraded pair as it is
    "single": 0.44,  # one degradation, named; the clean pair
    "compound": 0.11,  # a visible and a thermal one, both named; the clean pair
    "partial": 0.07,  # a visible and a thermal one, one named; that one repaired, the other left
    "wrong": 0.10,  # a degradation named that is not there; the pair as it is
    "night": 0.06,  # a dark image, low_light named; the image brightened
}


class DataError(TextfuseError):
    """The data folder cannot be trained on; the message lists everything that is wrong with it."""


@dataclass(frozen=True)
class Pair:
    """Two files that show one scene, with figures of the visible image (all 0..1) that say what it can teach."""

    name: str
    visible: Path
    thermal: Path
    mean: float  # luma
    black: float  # 1st percentile of luma
    white: float  # 99th percentile of luma
    cast: float  # largest over smallest channel mean
    thermal_contrast: float  # standard deviation of the thermal image
    boxes: tuple[Known, ...] = ()  # of objects that labels/ names

    @property
    def night(self) -> bool:
        """Whether the visible image is too dark to be anyone's clean target."""
        return self.mean < 0.22

    def teaches(self, mode: str) -> bool:
        """Whether the pair is good enough to be the clean target of a mode."""
        if mode == "ir_low_contrast":
            return self.thermal_contrast > 0.1
        if mode in THERMAL:
            return True
        if mode == "color_cast":
            return not self.night and self.cast < 1.7
        # It rains at night, and cameras shake: what these hide is there in the dark as well.
        return mode in ("rain", "blur") or not self.night


class Batch(NamedTuple):
    """float32 arrays, images 0..1: B crops of H x W."""

    visible: Image  # [B, 3, H, W]
    thermal: Image  # [B, 1, H, W]
    request: Image  # [B, modes + 1]; what the prompt asks for: severities, then the balance of the cameras
    visible_target: Image  # [B, 3, H, W]
    thermal_target: Image  # [B, 1, H, W]
    boxes: (
        Image  # [B, OBJECTS, 5]; known objects: class, left, top, right, bottom in pixels; class -1 where there is none
    )


def find_pairs(folder: Path, crop: int = 0) -> list[Pair]:
    """Check a folder, every image decoded, and list its pairs by name.

    Raises:
        DataError: listing every fault: folders that are missing, names without a partner, images that cannot be
            read, pairs of two sizes, pairs smaller than `crop`.
    """
    sides = {side: folder / side for side in SIDES}
    faults = [f"{path}: no such folder" for path in sides.values() if not path.is_dir()]
    if faults:
        raise DataError(_report(folder, faults))
    files: dict[str, dict[str, Path]] = {}
    for side, path in sides.items():
        files[side] = {}
        for file in sorted(path.iterdir()):
            if file.suffix.lower() not in IMAGE_SUFFIXES:
                continue
            if file.stem in files[side]:
                faults.append(f"{file}: second image of the name {file.stem}")
            files[side][file.stem] = file
    for side, other in (SIDES, SIDES[::-1]):
        faults += [f"{files[side][n]}: no {other}/{n}.*" for n in sorted(files[side].keys() - files[other].keys())]
    names = sorted(files["vi"].keys() & files["ir"].keys())
    if not names and not faults:
        faults.append(f"{folder}: no images in vi/ and ir/ ({', '.join(sorted(IMAGE_SUFFIXES))})")
    pairs = []
    for name in tqdm(names, desc="checking", unit="pair", disable=None, leave=False):
        read = []
        for side, camera in zip(SIDES, CAMERAS, strict=True):
            try:
                read.append(_read(files[side][name], camera))
            except DataError as error:
                faults.append(str(error))
        if len(read) < len(SIDES):
            continue
        visible, thermal = read
        if visible.shape[:2] != thermal.shape[:2]:
            faults.append(f"{name}: vi is {_size(visible)}, ir is {_size(thermal)}")
        elif min(visible.shape[:2]) < crop:
            faults.append(f"{name}: {_size(visible)} is smaller than the crop of {crop}")
        else:
            boxes, of_labels = read_labels(folder / "labels" / f"{name}.txt", *thermal.shape)
            faults += of_labels
            pairs.append(_measure(name, files["vi"][name], files["ir"][name], visible, thermal, boxes))
    if faults:
        raise DataError(_report(folder, faults))
    return pairs


def read_pair(pair: Pair) -> tuple[Image, Image]:
    """uint8 RGB [H, W, 3] and uint8 [H, W].

    Raises:
        DataError: one of them was changed or removed since `find_pairs`.
    """
    try:
        return _read(pair.visible, "visible"), _read(pair.thermal, "thermal")
    except DataError as error:
        raise DataError(f"{pair.name}: was readable when the run began and is no longer: {error}") from error


class Crops:
    """Batches of degraded crops and their targets, by step.

    Args:
        pairs: of `find_pairs`.
        batch: crops in a batch.
        crop: their height and width.
        seed: of everything that is drawn.
        rows: of the batch that are wanted; None for all.
    """

    def __init__(self, pairs: list[Pair], batch: int, crop: int, seed: int, rows: range | None = None) -> None:
        self.rows = range(batch) if rows is None else rows
        self.crop, self.seed = crop, seed
        self.pairs = pairs
        self.nights = [p for p in pairs if p.night]
        self._teaching = cache(self._list_teaching)
        self._load = lru_cache(maxsize=CACHED_PAIRS)(read_pair)

    def __call__(self, step: int) -> Batch:
        """The batch of a step."""
        return self.drawn(step, lambda rng: self.sample(str(rng.choice(list(KINDS), p=list(KINDS.values()))), rng))

    def drawn(self, step: int, draw: Callable[[Generator], tuple[Image, ...]], stage: int = 0) -> Batch:
        """The rows of a step.

        Args:
            step: of the training.
            draw: makes a row, from a generator that is seeded for it.
            stage: of the training, so that one does not see the crops of the other.
        """
        rows = [draw(np.random.default_rng([self.seed, step, row, stage])) for row in self.rows]
        return Batch(*(np.stack(column) for column in zip(*rows, strict=True)))

    def sample(self, kind: str, rng: Generator, mode: str = "") -> tuple[Image, ...]:
        """One row of a `Batch`, of a kind in KINDS; a kind that no pair can teach falls back to "clean".

        Args:
            kind: of crop.
            rng: seeded generator.
            mode: for "single", the degradation; drawn if empty.
        """
        # What is hardest to undo is drawn more often than the others.
        visible_mode = str(rng.choice([*VISIBLE, "blur", "visible_noise", "visible_noise", "rain"]))
        thermal_mode = str(rng.choice([*THERMAL, "ir_noise", "ir_noise"]))
        one = visible_mode if rng.random() < 0.6 else thermal_mode
        if kind == "wrong":
            one = str(rng.choice(list(WRONG), p=list(WRONG.values())))
        both = (visible_mode, thermal_mode)
        present, named = {
            "clean": ((), ()),
            "unprompted": (both if rng.random() < 0.3 else (one,), ()),
            "single": ((mode or one,), (mode or one,)),
            "compound": (both, both),
            "partial": (both, (both[int(rng.integers(2))],)),
            "wrong": ((), (one,)),
            "night": ((), ("low_light",)),
        }[kind]
        pool = self.nights if kind == "night" else self._teaching(present + named)
        if not pool:
            pool, present, named, kind = self.pairs, (), (), "clean"
        pair = pool[int(rng.integers(len(pool)))]
        visible, thermal, boxes = self._clean_crop(pair, set(present) & set(named), rng)

        severities = {mode: rng.uniform(0.15, 1.0) for mode in present}
        # What people say is near what is there, or far more: the network is to see for itself how much there is to
        # repair. Where far less is asked, the rest is to stay; that seldom, or it learns to leave noise alone.
        asked = {mode: severities.get(mode, rng.uniform(0.2, 1)) + 0.12 * rng.standard_normal() for mode in named}
        left = dict.fromkeys(present, 0.0) | {mode: severities[mode] for mode in present if mode not in named}
        drawn = rng.random()
        if drawn < 0.12:
            asked = {mode: rng.uniform(0.1, 1) for mode in named}
            left |= {mode: max(severities[mode] - asked[mode], 0) for mode in present if mode in named}
        elif drawn < 0.4:
            asked = {mode: rng.uniform(severities.get(mode, 0.2), 1) for mode in named}
        asked = {mode: min(max(severity, 0.1), 1.0) for mode, severity in asked.items()}
        seed = int(rng.integers(2**63))
        target, thermal_target = synthesis.apply(visible, thermal, left, np.random.default_rng(seed))
        seen, thermal_seen = synthesis.apply(visible, thermal, severities, np.random.default_rng(seed))
        if kind == "night":
            target = brighten(target, asked["low_light"])
        balance = float(np.clip(rng.uniform(-1.3, 1.3), -1, 1)) if rng.random() < UNBALANCED else 0.0
        request = np.array([*(asked.get(mode, 0.0) for mode in MODES), balance], np.float32)
        # A camera gives 8 bits: without them, a sharpening filter would learn to trust what no image has.
        seen, thermal_seen, target, thermal_target = (
            np.round(x * 255) / np.float32(255) for x in (seen, thermal_seen, target, thermal_target)
        )
        return _planes(seen), thermal_seen[None], request, _planes(target), thermal_target[None], boxes

    def _list_teaching(self, modes: tuple[str, ...]) -> list[Pair]:
        return [pair for pair in self.pairs if all(pair.teaches(mode) for mode in modes)]

    def _clean_crop(self, pair: Pair, repaired: set[str], rng: Generator) -> tuple[Image, Image, Image]:
        """A crop, at times of a reduced image so that it shows more of the scene, flipped, its tones jittered.

        Returns:
            visible, thermal, and the boxes in it as rows of a `Batch`.
        """
        visible, thermal = self._load(pair)
        height, width = thermal.shape
        extent = self.crop
        if rng.random() < 0.5:
            extent = int(rng.integers(self.crop, min(height, width, 3 * self.crop) + 1))
        top, left = int(rng.integers(height - extent + 1)), int(rng.integers(width - extent + 1))
        if pair.boxes and rng.random() < 0.5:
            _, *sides = pair.boxes[int(rng.integers(len(pair.boxes)))]
            x, y = (sides[0] + sides[2]) / 2, (sides[1] + sides[3]) / 2
            top = int(np.clip(y - rng.uniform(0.2, 0.8) * extent, 0, height - extent))
            left = int(np.clip(x - rng.uniform(0.2, 0.8) * extent, 0, width - extent))
        window = np.s_[top : top + extent, left : left + extent]
        visible, thermal = visible[window], thermal[window]
        if extent != self.crop:
            size = (self.crop, self.crop)
            visible, thermal = (cv2.resize(x, size, interpolation=cv2.INTER_AREA) for x in (visible, thermal))
        boxes = labels_within(pair.boxes, left, top, extent, self.crop)
        if rng.random() < 0.5:
            visible, thermal = visible[:, ::-1], thermal[:, ::-1]
            boxes[:, [1, 3]] = self.crop - boxes[:, [3, 1]]
        visible, thermal = np.float32(visible) / 255, np.float32(thermal) / 255
        if {"low_light", "over_exposure", "haze"} & repaired and not pair.night:
            # The target of these must be well exposed and clear, which many daylight images are not quite.
            visible = np.clip((visible - 0.9 * pair.black) / max(pair.white - 0.9 * pair.black, 0.2), 0, 1)
            mean = np.clip((pair.mean - 0.9 * pair.black) / max(pair.white - 0.9 * pair.black, 0.2), 0.05, 0.95)
            visible = visible ** (np.log(rng.uniform(0.32, 0.48)) / np.log(mean))
        else:
            visible = np.clip(rng.uniform(0.9, 1.1) * visible ** rng.uniform(0.85, 1.2), 0, 1)
        thermal = np.clip(rng.uniform(0.8, 1.1) * thermal ** rng.uniform(0.85, 1.4) + rng.uniform(-0.04, 0.04), 0, 1)
        visible, thermal = np.float32(visible), np.float32(thermal)
        if rng.random() < WITH_FIGURES:
            visible, thermal, drawn = draw_figures(visible, thermal, rng)
            boxes = np.vstack([drawn, boxes])[:OBJECTS]
        return visible, thermal, boxes


def brighten(visible: Image, severity: float) -> Image:
    """What low_light asks of an image that was taken at night, for which no daylight twin exists.

    The luma follows a power curve, colours follow less, and the noise that comes up is smoothed.

    Args:
        visible: float32 RGB [H, W, 3], 0..1.
        severity: 0..1; 0 leaves the brightness.

    Returns:
        float32 RGB [H, W, 3], 0..1.
    """
    luma = cv2.GaussianBlur(visible @ np.array(LUMA, np.float32), (0, 0), 1.0)
    gain = np.minimum(np.maximum(luma, 1e-3) ** (1 / (1 + 1.8 * severity) - 1), 8.0)
    lifted = cv2.cvtColor(np.float32(np.clip(visible * gain[..., None], 0, 1)), cv2.COLOR_RGB2YCrCb)
    # Colour noise is coarser than luma noise, since JPEG has halved and quantised it, and what little colour the dark
    # has is mostly the sensor's own: lifted as much as the luma, every shadow would glow green.
    lifted[..., 0] = cv2.bilateralFilter(lifted[..., 0], 5, 0.1, 1.5)
    lifted[..., 1:] = 0.5 + (cv2.GaussianBlur(lifted[..., 1:], (0, 0), 2.0) - 0.5) / gain[..., None] ** 0.4
    return np.clip(cv2.cvtColor(lifted, cv2.COLOR_YCrCb2RGB), 0, 1)


def _measure(
    name: str,
    visible_path: Path,
    thermal_path: Path,
    visible: Image,
    thermal: Image,
    boxes: tuple[Known, ...],
) -> Pair:
    luma = cv2.cvtColor(visible, cv2.COLOR_RGB2GRAY)
    black, white = np.percentile(luma, [1, 99]) / 255
    channels = visible.reshape(-1, 3).mean(0) + 1
    return Pair(
        name,
        visible_path,
        thermal_path,
        mean=float(luma.mean() / 255),
        black=float(black),
        white=float(white),
        cast=float(channels.max() / channels.min()),
        thermal_contrast=float(thermal.std() / 255),
        boxes=boxes,
    )


def _read(path: Path, camera: str) -> Image:
    """uint8, RGB [H, W, 3] of the visible camera, grey [H, W] of the thermal one."""
    try:
        image = read_image(path, camera)
    except RecordingError as error:
        raise DataError(str(error)) from error
    if image.dtype != np.uint8:
        raise DataError(f"{path} has pixels of {image.dtype}: 8 bits are needed; textfuse does not guess their range")
    return image


def _planes(image: Image) -> Image:
    return np.ascontiguousarray(image.transpose(2, 0, 1))


def _size(image: Image) -> str:
    return f"{image.shape[1]}x{image.shape[0]}"


def _report(folder: Path, faults: list[str]) -> str:
    count = f"{len(faults)} fault" + ("s" if len(faults) > 1 else "")
    return f"{folder} cannot be trained on, {count}:\n" + "\n".join(f"  {fault}" for fault in faults)
