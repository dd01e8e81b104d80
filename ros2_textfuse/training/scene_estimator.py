"""Trains the estimator of the scene: `python -m ros2_textfuse.training.scene_estimator DATA`.

Degrading the pairs takes most of the time, about a tenth of a second each; the head then takes a minute.
"""

import argparse
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional as F

from ros2_textfuse.scene.conditions import CONDITIONS
from ros2_textfuse.scene.estimator import WEIGHTS
from ros2_textfuse.training.data import Pair, find_pairs
from ros2_textfuse.training.scene_samples import NAMED, UNSURE, Samples, samples

COUNT = 20400
HIDDEN = 96
MEMBERS = 6
EPOCHS = 45
BATCH = 128
FALSE_ALARMS = {
    "over_exposure": 0.016,
    "haze": 0.015,
    "rain": 0.004,
    "blur": 0.006,
    "ir_low_contrast": 0.005,
    "ir_stripe": 0.004,
    "glare": 0.012,
    "smoke": 0.002,
}
"""Of a condition, among the samples for tuning that do not show it: more where it is hard to tell."""
FEW_ALARMS = 0.001  # of the others
FEWEST = 0.01  # of what shows a condition, that is no measure of how plainly it shows
CERTAIN = ("visible_noise", "ir_noise")
"""Told without doubt: named from midway between what does not show them and what shows them least."""
LEAST_SPREAD = 0.01
COUNTED = len(CONDITIONS)


def split(pairs: Sequence[Pair]) -> tuple[list[Pair], list[Pair]]:
    """Four fifths of the scenes to train on and the rest to tune on; frames of one clip stay together."""

    def tunes(pair: Pair) -> bool:
        return zlib.crc32(pair.name.rsplit("_", 1)[0].encode() if "m3svd" in pair.name else pair.name.encode()) % 5 == 0

    return [pair for pair in pairs if not tunes(pair)], [pair for pair in pairs if tunes(pair)]


def fit(data: Samples, seed: int, epochs: int = EPOCHS) -> dict[str, Tensor]:
    """The trained head, a mean of MEMBERS written as one, by the names of `estimator.safetensors`.

    Args:
        data: to train on.
        seed: of the first weights and the order of the samples.
        epochs: passes through the samples.
    """
    values, wanted = torch.from_numpy(data.features), torch.from_numpy(data.severities)
    mean, spread = values.mean(0), values.std(0).clamp(min=LEAST_SPREAD)
    values = ((values - mean) / spread).clamp(-4, 4)
    members = [_fit_member(values, wanted, seed * MEMBERS + member, epochs) for member in range(MEMBERS)]
    hidden, hidden_bias, output, output_bias = zip(
        *([parameter.detach() for parameter in member.parameters()] for member in members), strict=True
    )
    return {
        "mean": mean,
        "spread": spread,
        "hidden.weight": torch.cat(hidden),
        "hidden.bias": torch.cat(hidden_bias),
        "output.weight": torch.cat(output, 1) / MEMBERS,
        "output.bias": torch.stack(output_bias).mean(0),
    }


def _fit_member(values: Tensor, wanted: Tensor, seed: int, epochs: int) -> nn.Sequential:
    torch.manual_seed(seed)
    # Noise and dropout: features depend on each other, and no camera's are quite those of the training set.
    head = nn.Sequential(nn.Linear(values.shape[1], HIDDEN), nn.ReLU(), nn.Dropout(0.2), nn.Linear(HIDDEN, 2 * COUNTED))
    optimiser = torch.optim.AdamW(head.parameters(), lr=2e-3, weight_decay=0.02)
    steps = epochs * -(-len(values) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 3e-3, steps)
    known = (wanted != UNSURE).float()
    present = (wanted >= NAMED).float()
    for _ in range(epochs):
        for rows in torch.randperm(len(values)).split(BATCH):
            noisy = values[rows] + 0.1 * torch.randn_like(values[rows])
            logits, strength = head(noisy).split(COUNTED, 1)
            loss = F.binary_cross_entropy_with_logits(logits, present[rows], known[rows])
            error = (strength.sigmoid() - wanted[rows]) ** 2 * present[rows]
            loss = loss + 2 * error.sum() / present[rows].sum().clamp(min=1)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    return head


def tune(head: dict[str, Tensor], data: Samples) -> None:
    """Shift each condition's output so that it is named in FALSE_ALARMS of what does not show it, or in fewer."""
    logits = outputs(head, data.features)[:, :COUNTED]
    for index, name in enumerate(CONDITIONS):
        absent = logits[data.severities[:, index] == 0, index]
        threshold = float(np.quantile(absent, 1 - FALSE_ALARMS.get(name, FEW_ALARMS)))
        if name in CERTAIN:
            shown = logits[data.severities[:, index] >= NAMED, index]
            threshold = max(threshold, (threshold + float(np.quantile(shown, FEWEST))) / 2)
        head["output.bias"][index] -= threshold


def outputs(head: dict[str, Tensor], features: NDArray[np.float32]) -> NDArray[np.float32]:
    """What the head answers, before the sigmoid: [N, 2 * conditions]."""
    values = ((torch.from_numpy(features) - head["mean"]) / head["spread"]).clamp(-4, 4)
    hidden = F.relu(F.linear(values, head["hidden.weight"], head["hidden.bias"]))
    return F.linear(hidden, head["output.weight"], head["output.bias"]).numpy()


def figures(head: dict[str, Tensor], data: Samples) -> dict[str, float]:
    """`named/X`: share named of what shows X at 0.5 or more; `alarms/X`: of what does not; `clean`: left alone."""
    found = outputs(head, data.features)
    named = found[:, :COUNTED] > 0
    result = {}
    for index, name in enumerate(CONDITIONS):
        wanted = data.severities[:, index]
        result[f"named/{name}"] = float(named[wanted >= 0.5, index].mean())
        result[f"alarms/{name}"] = float(named[wanted == 0, index].mean())
        strength = 1 / (1 + np.exp(-found[:, COUNTED + index]))
        result[f"error/{name}"] = float(np.abs(strength - wanted)[wanted >= NAMED].mean())
    clean = (data.severities == 0).all(1)
    return result | {"clean": float((~named[clean]).all(1).mean())}


def save(head: dict[str, Tensor], names: Sequence[str], path: Path, seed: int) -> None:
    """Write the head where `estimator.Estimator` finds it."""
    metadata = {
        "conditions": ",".join(CONDITIONS),
        "features": ",".join(names),
        "seed": str(seed),
        "licence": "Apache-2.0; trained on degradations of RoadScene, MSRS, M3SVD and LLVIP pairs",
    }
    single = {"mean", "spread"}  # half precision would move what is compared with them
    save_file({name: (x if name in single else x.half()).contiguous() for name, x in head.items()}, path, metadata)
    path.chmod(0o644)  # safetensors writes for the owner alone


def main() -> None:
    """Train and write the estimator, and print its figures on the scenes for tuning."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="folder of registered pairs, vi/ and ir/")
    parser.add_argument("--leave-out", nargs="*", default=[], metavar="NAME", help="pairs kept for judging")
    parser.add_argument("--count", type=int, default=COUNT, help="degraded pairs (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1, help="processes that degrade pairs (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=WEIGHTS, help="file to write (default: the package's own)")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    to_fit, to_tune = split([pair for pair in find_pairs(asked.data) if pair.name not in asked.leave_out])
    data = samples(to_fit, asked.count, asked.seed, asked.jobs)
    head = fit(data, asked.seed)
    held = samples(to_tune, asked.count // 4, asked.seed + 1, asked.jobs)
    tune(head, held)
    save(head, data.names, asked.out, asked.seed)
    for name, value in figures(head, held).items():
        print(f"{name:24s} {value:.3f}")


if __name__ == "__main__":
    main()
