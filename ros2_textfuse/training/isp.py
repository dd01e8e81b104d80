"""The first minutes of a run, in which the parts of the ISP learn alone, each on the degradation that it repairs.

Among all that the fusion network is shown, a blurred crop comes too seldom for them, and they need nothing of that
network. Afterwards they stay as they are.
"""

import numpy as np
import torch
from torch.nn import functional as F
from tqdm import tqdm

from ros2_textfuse.networks.folding import fold, unfold
from ros2_textfuse.networks.isp import ISP
from ros2_textfuse.training.data import Batch, Crops

MODES = {"blur": 0.6, "color_cast": 0.16, "ir_stripe": 0.12, "": 0.12}  # "": a mode named that is not there
RATE = 3e-3


def train_isp(isp: ISP, crops: Crops, steps: int) -> None:
    """Train an ISP in place.

    Args:
        isp: as it is made.
        crops: to draw from; its seed decides everything that is drawn.
        steps: batches.
    """
    optimizer = torch.optim.AdamW(isp.parameters(), lr=RATE, weight_decay=1e-4)
    warm_up = max(0.05, 1.5 / max(steps, 2))  # of a warm-up of one step, torch divides by zero
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps, pct_start=warm_up)
    device = next(isp.parameters()).device
    for step in tqdm(range(steps), desc="training the ISP", unit="step", disable=None, leave=False):
        visible, thermal, request, clean, clean_thermal, _ = (
            torch.from_numpy(x).to(device) for x in _batch(crops, step)
        )
        repaired, repaired_thermal = map(unfold, isp(fold(visible), fold(thermal), isp.gate(request[:, :-1])))
        loss = 20 * F.l1_loss(repaired, clean) + 20 * F.l1_loss(repaired_thermal, clean_thermal)
        error = repaired - clean
        loss = loss + 40 * sum(torch.diff(error, dim=dim).abs().mean() for dim in (2, 3))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(isp.parameters(), 1.0)
        optimizer.step()
        schedule.step()


def _batch(crops: Crops, step: int) -> Batch:
    rng = np.random.default_rng([crops.seed, step, 1])
    modes = rng.choice(list(MODES), crops.batch, p=list(MODES.values()))
    rows = [crops.sample("single" if mode else "wrong", rng, str(mode)) for mode in modes]
    return Batch(*(np.stack(column) for column in zip(*rows, strict=True)))
