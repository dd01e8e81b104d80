"""Denoising by coring: what is fine and faint is taken away, what is fine and strong is an edge and stays.

Source: Rossi, "Digital techniques for reducing television noise", SMPTE Journal 87 (1978). What is faint, one number
for a whole image, is read from statistics of its fine detail, and the prompt says how far to follow.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from ros2_textfuse.networks.folding import CELL, FOLD

REACH = 4  # pixels that the filter of fine detail sees in each direction
SIDE, SPAN = 2 * REACH + 1, 2 * (REACH // FOLD) + 1  # of the same in pixels, and in cells
EVERY = 4  # cells from one that is measured to the next
FAINTEST = 1e-4  # of what a statistic tells apart from nothing, in parts of full scale


class Denoise(nn.Module):
    """Coring of the visible image's luma and of the thermal image."""

    taps: Tensor
    centre: Tensor

    PARTS = 2

    def __init__(self, hidden: int = 16) -> None:
        super().__init__()
        self.register_buffer("taps", torch.from_numpy(_folded_taps()), persistent=False)
        at = torch.arange(SIDE) - REACH
        self.register_buffer("centre", torch.outer(at == 0, at == 0).flatten().float(), persistent=False)
        around = torch.exp(-(at[:, None] ** 2 + at**2) / (2 * 1.5**2))
        self.around = nn.Parameter(torch.log(around / around.sum()).repeat(self.PARTS, 1, 1))
        """Logarithms of the weights of what is subtracted to leave fine detail, of either camera."""
        self.faintness = nn.Sequential(nn.Linear(2 * self.PARTS, hidden), nn.ReLU(), nn.Linear(hidden, self.PARTS))

    def forward(self, luma: Tensor, thermal: Tensor, gate: Tensor) -> tuple[Tensor, Tensor]:
        """Noise to take from folded luma and thermal [B, 16, h, w], 0..1; gate [B, 2], 0 takes nothing."""
        margin = REACH // FOLD
        fine = [
            F.conv2d(F.pad(image, (margin,) * 4, mode="replicate"), weights)
            for image, weights in zip((luma, thermal), self._filter().chunk(2), strict=True)
        ]
        # Every fourth cell is enough to measure. Noise is everywhere and edges are sparse, which shows in the mean of
        # the roots; half floats hold that, and no square.
        size = torch.stack([detail[:, :, ::EVERY, ::EVERY].abs() for detail in fine], 1)
        strength = torch.log(size.mean((2, 3, 4)) + FAINTEST)
        sparse = 2 * torch.log((size + FAINTEST).sqrt().mean((2, 3, 4))) - strength
        limits = torch.exp(strength + self.faintness(torch.cat([strength + 4, sparse], 1)))
        first, second = (
            gate[:, camera, None, None, None] * _clamped(detail, limits[:, camera, None, None, None])
            for camera, detail in enumerate(fine)
        )
        return first, second

    def _filter(self) -> Tensor:
        """[32, 16, 3, 3]: the pixel itself less what is around it, as a convolution of folded images."""
        weights = -torch.softmax(self.around.flatten(1), 1)
        return F.pad(weights + self.centre, (0, 1))[:, self.taps].flatten(0, 1)


def _clamped(image: Tensor, limit: Tensor) -> Tensor:
    return torch.maximum(torch.minimum(image, limit), -limit)


def _folded_taps() -> NDArray[np.int64]:
    """[16, 16, 3, 3]: which weight of the filter each one of the folded convolution is; beyond its reach, one more."""
    written, read, row, column = np.indices((CELL, CELL, SPAN, SPAN))
    down = FOLD * (row - SPAN // 2) + read // FOLD - written // FOLD
    right = FOLD * (column - SPAN // 2) + read % FOLD - written % FOLD
    within = np.maximum(abs(down), abs(right)) <= REACH
    return np.where(within, SIDE * (down + REACH) + right + REACH, SIDE**2)
