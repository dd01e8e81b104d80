"""What fine-tuning has changed: both networks on frames that neither the run nor its choices have seen."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from ros2_textfuse.degradations.modes import MODES
from ros2_textfuse.degradations.pairs import RegisteredPair
from ros2_textfuse.evaluation import metrics
from ros2_textfuse.evaluation.metrics.bootstrap import Interval, mean_interval
from ros2_textfuse.evaluation.metrics.retention import retention, salient_boxes
from ros2_textfuse.evaluation.quality import SEVERITY, psnr
from ros2_textfuse.fuser import Fuser
from ros2_textfuse.imaging import image_files
from ros2_textfuse.imaging.drawing import panel
from ros2_textfuse.networks.weights import load_network
from ros2_textfuse.recordings.pairs import read_image
from ros2_textfuse.runtime.output import write_whole
from ros2_textfuse.training.data import Crops, Pair
from ros2_textfuse.training.fusing import Fusing
from ros2_textfuse.training.losses import Weights, fusion_loss

FRAMES = 24  # at most, evenly spread over those that were held back: half a minute on two cores
CROPS = 8  # of each frame, for the loss
FIGURES = {
    "loss": "what training lowers, on crops of the frame",
    "retention": "of what the better camera shows plainly, the share that is kept",
    "VIF": "information of both cameras that is seen",
    "Qabf": "edges of both cameras that are kept",
    "SCD": "what each camera adds",
    "repair": "dB that naming a degradation gains",
}
Row = dict[str, float]


@dataclass(frozen=True)
class Change:
    """A figure before and after, and the mean difference of the frames with its interval."""

    before: float
    after: float
    difference: Interval

    def __str__(self) -> str:
        difference = self.difference
        return (
            f"{self.before:8.3f} {self.after:8.3f}   {difference.mean:+.3f} ({difference.low:+.3f} to "
            f"{difference.high:+.3f})"
        )


def compare(before: Path, after: Path, held_back: Sequence[Pair], crop: int, out: Path) -> dict[str, Change]:
    """Judge two networks on held-back frames; writes before_after.json and before_after.jpg.

    Args:
        before: weights that the run began with.
        after: weights that it made.
        held_back: pairs, at least one, in the order of time.
        crop: pixels, of the crops that the loss is measured on.
        out: the run's folder.

    Returns:
        The change of each of FIGURES that the frames tell.

    Raises:
        OSError: the folder cannot be written.
    """
    chosen = [held_back[at] for at in sorted({*np.linspace(0, len(held_back) - 1, FRAMES).round().astype(int)})]
    rows: list[list[Row]] = []
    for path, name in ((before, "before"), (after, "after")):
        judge = _Judge(path, crop)
        rows.append([judge(pair, seed) for seed, pair in enumerate(tqdm(chosen, name, unit="frame", disable=None))])
    changes = {}
    for name in FIGURES:
        both = np.array([[row.get(name, np.nan) for row in side] for side in rows])
        both[:, np.isnan(both).any(0)] = np.nan
        if interval := mean_interval(both[1] - both[0], ordered=True):
            of_before, of_after = np.nanmean(both, axis=1).tolist()
            changes[name] = Change(of_before, of_after, interval)
    result: dict[str, Any] = {"before": str(before), "after": str(after), "frames": [pair.name for pair in chosen]}
    result |= {name: asdict(change) for name, change in changes.items()}
    write_whole(out / "before_after.json", json.dumps(result, indent=2) + "\n")
    gains = np.array([one["loss"] - other["loss"] for one, other in zip(*rows, strict=True)])
    shown = sorted({int(at) for at in np.argsort(-gains)[[0, len(gains) // 2, -1]]}, key=lambda at: -gains[at])
    sheet = _sheet(before, after, [chosen[at] for at in shown])
    write_whole(out / "before_after.jpg", image_files.encode(sheet, ".jpg"))
    return changes


def table(changes: dict[str, Change], frames: int) -> str:
    """The changes in lines for a terminal."""
    lines = [f"on {frames} held-back frames    before    after   difference (95 %)"]
    lines += [f"{name:23}  {change}   {FIGURES[name]}" for name, change in changes.items()]
    return "\n".join(lines)


class _Judge:
    """The figures of a network, frame by frame; the same crops and degradations for every network."""

    def __init__(self, weights: Path, crop: int) -> None:
        self._fuser = Fuser(weights, "eager")
        self._fusing = Fusing(load_network(weights))
        self._crop = crop

    def __call__(self, pair: Pair, seed: int) -> Row:
        clean = _registered(pair, seed, self._fuser)
        visible, fused = metrics.to_grey(clean.visible), self._fused(clean.visible, clean.thermal)
        grey = metrics.to_grey(fused)
        measured = metrics.evaluate(clean.thermal, visible, grey)
        row = {name: measured[name] for name in FIGURES if name in measured}
        row["loss"] = self._loss(pair, seed)
        kept = [
            min(1.0, found.fused / found.better)
            for box in salient_boxes(visible, clean.thermal)
            if (found := retention(visible, clean.thermal, grey, box))
        ]
        if kept:
            row["retention"] = float(np.mean(kept))
        mode = MODES[seed % len(MODES)]
        degraded = clean.degraded({mode: SEVERITY})
        row["repair"] = psnr(self._fused(*degraded, mode), fused) - psnr(self._fused(*degraded), fused)
        return row

    def _fused(self, visible: NDArray[np.uint8], thermal: NDArray[np.uint8], mode: str = "") -> NDArray[np.uint8]:
        self._fuser.set_prompt("", (mode,) if mode else (), SEVERITY if mode else None)
        return self._fuser.fuse_prepared(visible, thermal)

    @torch.no_grad()
    def _loss(self, pair: Pair, seed: int) -> float:
        batch: list[Tensor] = [torch.from_numpy(x) for x in Crops([pair], CROPS, self._crop, seed)(0)]
        visible, thermal, request, clean, clean_thermal, objects = batch
        boxes = torch.Generator().manual_seed(seed)
        fused = self._fusing(visible, thermal, request)
        return fusion_loss(fused, clean, clean_thermal, Weights(), boxes, request[:, -1], objects)["total"].item()


def _registered(pair: Pair, seed: int, fuser: Fuser) -> RegisteredPair:
    """A pair, read as the fusion node would take it."""
    prepared = fuser.prepare_pair(read_image(pair.visible, "visible"), read_image(pair.thermal, "thermal"))
    return RegisteredPair(pair.name, *prepared, seed)


def _sheet(before: Path, after: Path, pairs: Sequence[Pair]) -> NDArray[np.uint8]:
    """One row a pair: both cameras, and the fused image before and after."""
    fusers = [Fuser(path, "eager") for path in (before, after)]
    rows = []
    for pair in pairs:
        found = _registered(pair, 0, fusers[0])
        fused = [fuser.fuse_prepared(found.visible, found.thermal) for fuser in fusers]
        captions = (f"visible: {pair.name}", "thermal", "fused, before", "fused, after")
        images = (found.visible, found.thermal, *fused)
        rows.append(np.hstack([panel(image, text) for image, text in zip(images, captions, strict=True)]))
    return np.vstack(rows)
