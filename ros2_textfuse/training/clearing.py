"""Trains a network that clears the visible image (networks/clearing.py): a quarter of an hour on one core.

    python -m ros2_textfuse.training.clearing rain DATA [--only m3svd] [--out FILE]

Clean pairs with the degradation over them; a part without it, which is to stay, and a part with others beside it, since
it rains at night and in fog.
"""

import argparse
import copy
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor
from torch.nn import functional as F
from tqdm import tqdm

from ros2_textfuse.degradations import synthesis
from ros2_textfuse.degradations.synthesis import THERMAL, Image
from ros2_textfuse.networks.clearing import Clearing, ClearingConfig
from ros2_textfuse.networks.folding import fold, unfold
from ros2_textfuse.networks.stored import CLEARED
from ros2_textfuse.networks.weights import save_weights
from ros2_textfuse.training.data import find_pairs, read_pair
from ros2_textfuse.training.rain import fall

NETWORKS = Path(__file__).parents[1] / "networks"
CONFIGS = {
    # Rain takes light, and how much no image says: half of what it takes in the mean is given back.
    "rain": ClearingConfig("rain", light=0.05, layers=4),
    "visible_noise": ClearingConfig("visible_noise", colour=True),
}
STEPS, BATCH, CROP, RATE = 9000, 8, 96, 2e-3
ABSENT = 0.14  # share of crops without the degradation
BESIDE = 0.3  # of crops with another one of the visible image,
OTHERS = ("low_light", "haze", "over_exposure", "color_cast", "blur")
COMPRESSED, WRONG_THERMAL = 0.25, 0.2  # and of those sent as JPEG, and with a degraded thermal image
WIDE = 16  # pixels of the averages that part brightness from what is fine
FAINTEST = 5e-5  # of a mean square error that counts, in parts of full scale

Degrade = Callable[[Image, Generator], tuple[Image, Image]]
"""A clean image to a degraded one and to what is left of that when it is cleared."""


def rainy(clean: Image, rng: Generator) -> tuple[Image, Image]:
    """See `Degrade`. What rain takes of the contrast is not asked back: only streaks, and the brightness."""
    wet, dimmed = fall(clean, rng)
    size = clean.shape[1] // WIDE, clean.shape[0] // WIDE
    taken = cv2.resize(clean - dimmed, size, interpolation=cv2.INTER_AREA)
    cleared = dimmed + cv2.resize(taken, clean.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    return wet, np.float32(np.clip(cleared, 0, 1))


def noisy(clean: Image, rng: Generator) -> tuple[Image, Image]:
    """See `Degrade`. Our own noise, and of other kinds: grey or coloured, fine or coarse, growing with the light."""
    severity = rng.uniform(0.05, 1)
    if rng.random() < 0.6:
        return synthesis.visible_noise(clean, severity, rng), clean
    noise: Image = rng.standard_normal(clean.shape, dtype=np.float32)
    if rng.random() < 0.5:
        noise = noise[..., :1] * rng.uniform(0.3, 1) + noise * rng.uniform(0, 0.8)
    if rng.random() < 0.4:
        noise = cv2.GaussianBlur(noise, (0, 0), rng.uniform(0.3, 0.9))
        noise = noise / (noise.std() + 1e-6)
    if rng.random() < 0.3:
        noise = noise * np.sqrt(clean + 0.05) * 1.6
    sigma = 0.2 * severity * rng.uniform(0.3, 1)
    return np.float32(np.clip(clean + sigma * noise, 0, 1)), clean


DEGRADE: dict[str, Degrade] = {"rain": rainy, "visible_noise": noisy}


def crop(degrade: Degrade, pairs: list[tuple[Image, Image]], rng: Generator) -> tuple[Image, Image, Image]:
    """A crop with what is to become of it.

    Args:
        degrade: one of DEGRADE.
        pairs: uint8 RGB [H, W, 3] and uint8 [H, W], registered.
        rng: seeded generator.

    Returns:
        float32 [3, CROP, CROP] degraded, [1, CROP, CROP] thermal, and the first cleared; 0..1.
    """
    clean, thermal = _clean(*pairs[int(rng.integers(len(pairs)))], rng)
    degraded, cleared = (clean, clean) if rng.random() < ABSENT else degrade(clean, rng)
    if rng.random() < BESIDE:
        mode, severity, seed = str(rng.choice(OTHERS)), rng.uniform(0.05, 0.6), int(rng.integers(2**63))
        beside = synthesis.VISIBLE[mode]
        degraded, cleared = (beside(x, severity, np.random.default_rng(seed)) for x in (degraded, cleared))
    if rng.random() < COMPRESSED:
        _, sent = cv2.imencode(".jpg", np.uint8(degraded * 255), [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(50, 97))])
        degraded = np.float32(cv2.imdecode(sent, cv2.IMREAD_COLOR)) / 255
    if rng.random() < WRONG_THERMAL:
        thermal = THERMAL[str(rng.choice(list(THERMAL)))](thermal, rng.uniform(0.1, 0.8), rng)
    degraded, thermal, cleared = (np.round(x * 255) / np.float32(255) for x in (degraded, thermal, cleared))
    return degraded.transpose(2, 0, 1), thermal[None], cleared.transpose(2, 0, 1)


def _clean(visible: Image, thermal: Image, rng: Generator) -> tuple[Image, Image]:
    """A crop of a pair, at times of a reduced one, flipped, its tones jittered."""
    height, width = thermal.shape
    extent = CROP if rng.random() < 0.6 else int(rng.integers(CROP, min(height, width, 2 * CROP) + 1))
    top, left = int(rng.integers(height - extent + 1)), int(rng.integers(width - extent + 1))
    window = np.s_[top : top + extent, left : left + extent]
    visible, thermal = (cv2.resize(x[window], (CROP, CROP), interpolation=cv2.INTER_AREA) for x in (visible, thermal))
    if rng.random() < 0.5:
        visible, thermal = visible[:, ::-1], thermal[:, ::-1]
    visible, thermal = np.float32(visible) / 255, np.float32(thermal) / 255
    visible = np.float32(np.clip(rng.uniform(0.6, 1.15) * visible ** rng.uniform(0.8, 1.4), 0, 1))
    thermal = rng.uniform(0.7, 1.1) * thermal ** rng.uniform(0.8, 1.4) + rng.uniform(-0.05, 0.05)
    return visible, np.float32(np.clip(thermal, 0, 1))


def loss(found: Tensor, degraded: Tensor, cleared: Tensor) -> tuple[Tensor, Tensor]:
    """What is minimised, and by how many dB the degradation is fainter in the mean of the crops that show some.

    What is fine and how bright it is are judged apart: how much light rain takes can hardly be seen, and beside that
    error streaks would count for nothing. The logarithm lets what is faint count as much as what is strong.

    Args:
        found: [B, 3, H, W].
        degraded: [B, 3, H, W], what the network saw.
        cleared: [B, 3, H, W], what it should have given.
    """
    error = found - cleared
    bright, before = _wide(error), degraded - cleared
    left, there = ((x**2).mean((1, 2, 3)) for x in (error - bright, before - _wide(before)))
    steps = sum(torch.diff(error, dim=dim).abs().mean() for dim in (2, 3))
    shows = there > 2 * FAINTEST
    gain = 10 * torch.log10(there[shows] / left[shows]).mean().detach()
    return torch.log(left + FAINTEST).mean() + 10 * bright.abs().mean() + 10 * steps, gain


def _wide(image: Tensor) -> Tensor:
    """What is left of an image at 1/16 of its resolution."""
    return F.interpolate(F.avg_pool2d(image, WIDE), scale_factor=WIDE, mode="bilinear")


def train(mode: str, pairs: list[tuple[Image, Image]], steps: int, seed: int) -> Clearing:
    """The average of the weights of a run from nothing; the same pairs and seed give the same crops."""
    torch.manual_seed(seed)
    # Light that the network gives back while it learns is light that it learns to take away again.
    network = Clearing(replace(CONFIGS[mode], light=0.0))
    average = copy.deepcopy(network).requires_grad_(False)
    optimizer = torch.optim.AdamW(network.parameters(), RATE, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, steps, pct_start=0.05 if steps > 100 else 0.3)
    named = torch.ones(BATCH, 1)

    def batch(step: int) -> list[Tensor]:
        rows = [crop(DEGRADE[mode], pairs, np.random.default_rng([seed, step, row])) for row in range(BATCH)]
        return [torch.from_numpy(np.stack(column)) for column in zip(*rows, strict=True)]

    with ThreadPoolExecutor(1) as ahead, tqdm(range(steps), unit="step", disable=None) as bar:
        upcoming = ahead.submit(batch, 0)
        for step in bar:
            (degraded, thermal, cleared), upcoming = upcoming.result(), ahead.submit(batch, step + 1)
            error, gain = loss(unfold(network.fuse(fold(degraded), fold(thermal), named)), degraded, cleared)
            optimizer.zero_grad(set_to_none=True)
            error.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            for mean, parameter in zip(average.parameters(), network.parameters(), strict=True):
                mean.lerp_(parameter.detach(), 1 - min(0.999, step / (step + 50)))
            if step % 250 == 249:
                bar.write(f"step {step + 1}: {mode} {gain.item():.1f} dB fainter")
    average.config = CONFIGS[mode]
    return average


def main() -> None:
    """Train, and write the weights."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mode", choices=list(DEGRADE), help="what the network is to take")
    parser.add_argument("data", type=Path, help="folder of registered pairs, vi/ and ir/")
    parser.add_argument("--only", default="", metavar="PREFIX", help="pairs whose names begin so (default: all)")
    parser.add_argument("--steps", type=int, default=STEPS, help="(default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="file to write (default: the package's own)")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    pairs = [read_pair(pair) for pair in find_pairs(asked.data, CROP) if pair.name.startswith(asked.only)]
    network = train(asked.mode, pairs, asked.steps, asked.seed)
    facts = {name: getattr(asked, name) for name in ("only", "steps", "seed")}
    out = asked.out or NETWORKS / f"{CLEARED[asked.mode]}.safetensors"
    save_weights(out, network, {"settings": json.dumps(facts), "pairs": str(len(pairs))})


if __name__ == "__main__":
    main()
