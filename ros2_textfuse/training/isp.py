"""The first minutes of a run, in which the parts of the ISP learn alone, each on the degradation that it repairs.

Among all that the fusion network is shown, a blurred crop comes too seldom for them, and they need nothing of that
network. Afterwards they stay as they are.
"""

import torch
from numpy.random import Generator
from torch import Tensor, nn
from torch.nn import functional as F
from tqdm import tqdm

from ros2_textfuse.degradations.synthesis import Image
from ros2_textfuse.networks.folding import fold, unfold
from ros2_textfuse.networks.isp import ISP
from ros2_textfuse.training import processes
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
    repairing = processes.shared(_Repairing(isp))
    optimizer = torch.optim.AdamW(isp.parameters(), lr=RATE, weight_decay=1e-4)
    warm_up = max(0.05, 1.5 / max(steps, 2))  # of a warm-up of one step, torch divides by zero
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps, pct_start=warm_up)
    device = next(isp.parameters()).device
    quiet = None if processes.is_first() else True
    for step in tqdm(range(steps), desc="training the ISP", unit="step", disable=quiet, leave=False):
        visible, thermal, request, clean, clean_thermal, _ = (
            torch.from_numpy(x).to(device) for x in _batch(crops, step)
        )
        repaired, repaired_thermal = repairing(visible, thermal, request)
        loss = 20 * F.l1_loss(repaired, clean) + 20 * F.l1_loss(repaired_thermal, clean_thermal)
        error = repaired - clean
        loss = loss + 40 * sum(torch.diff(error, dim=dim).abs().mean() for dim in (2, 3))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(isp.parameters(), 1.0)
        optimizer.step()
        schedule.step()


class _Repairing(nn.Module):
    """The ISP and what it reads of prompts in one call, of which processes share the gradient."""

    def __init__(self, isp: ISP) -> None:
        super().__init__()
        self.isp = isp

    def forward(self, visible: Tensor, thermal: Tensor, request: Tensor) -> tuple[Tensor, Tensor]:
        repaired, repaired_thermal = self.isp(fold(visible), fold(thermal), self.isp.gate(request[:, :-1]))
        return unfold(repaired), unfold(repaired_thermal)


def _batch(crops: Crops, step: int) -> Batch:
    def draw(rng: Generator) -> tuple[Image, ...]:
        mode = str(rng.choice(list(MODES), p=list(MODES.values())))
        return crops.sample("single" if mode else "wrong", rng, mode)

    return crops.drawn(step, draw, stage=1)
