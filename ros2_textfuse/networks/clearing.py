"""One degradation taken from the visible image, in front of a fusion network and only while a prompt names it.

Streaks of rain are thin, long and brighter than what is behind them; noise is finer than anything a lens draws. To tell
them from branches and texture takes a view of some twenty pixels and a correction for each of them, which a frame
without them should not pay for. So each has a network of its own with an engine of its own: 2 GFLOP at 640x480. The
thermal image helps: it shows neither.
"""

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ros2_textfuse.degradations.modes import MODES
from ros2_textfuse.imaging.luma import LUMA
from ros2_textfuse.networks.folding import CELL, FOLD, cell_means
from ros2_textfuse.networks.stored import LEAST

AMPLIFIED = 8.0  # detail, which is faint beside how bright an image is
STEEPNESS = 5.0  # a degradation is there or not: from half the severity on nearly all of it is taken
AROUND = 5  # cells, of the level that detail stands out from


@dataclass(frozen=True)
class ClearingConfig:
    """What a network takes, and its sizes; they are stored beside its weights.

    Args:
        mode: of MODES.
        colour: whether it changes colours, too; else the luma's change is that of all three.
        light: share by which the scene is lighter without it.
        width: channels of a cell of 4x4 pixels.
        layers: between the first and the last.
    """

    mode: str
    colour: bool = False
    light: float = 0.0
    width: int = 32
    layers: int = 3

    @property
    def inputs(self) -> int:
        """As of `GuidedConfig`."""
        return len(MODES) + 1


class Clearing(nn.Module):
    """Visible and thermal to the visible image without its degradation; the calls are those of `GuidedNetwork`.

    Of a cell it sees and changes the luma of each pixel and, where it has colours, two colour differences of each 2x2
    pixels; what is finer in colour goes wholly. Noise has as many dimensions as pixels, more than fit through the
    layers: so what is taken is, beside what they say, a linear part of the detail, which they only let through or not.
    """

    MULTIPLE = FOLD
    into: Tensor
    back: Tensor
    rest: Tensor
    mean: Tensor
    spread: Tensor

    def __init__(self, config: ClearingConfig) -> None:
        super().__init__()
        self.config, self.modulation_size = config, 1
        into, back, mean = _parts(config.colour)
        count, planes, width = len(into), len(mean), config.width
        matrices = {"into": into, "back": back, "rest": torch.eye(3 * CELL) - back @ into}
        matrices |= {"mean": mean, "spread": (mean.T > 0).float()}
        for name, matrix in matrices.items():
            self.register_buffer(name, matrix[..., None, None], persistent=False)
        self.stem = nn.Conv2d(count + CELL + planes, width, 3, padding=1)
        self.layers = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1) for _ in range(config.layers))
        self.head = nn.Conv2d(width, count, 3, padding=1)
        self.fine = nn.Conv2d(count, count, 3, padding=1, bias=False)
        self.gate = nn.Conv2d(width, count, 1)
        for part in (self.head, self.gate):
            nn.init.zeros_(part.weight)
            nn.init.zeros_(cast(Tensor, part.bias))

    def modulation(self, request: Tensor) -> Tensor:
        """[B, modes + 1], severities and the balance -> [B, 1], the severity of what it takes."""
        mode = MODES.index(self.config.mode)
        return request[:, mode : mode + 1]

    def fuse(self, visible: Tensor, thermal: Tensor, modulation: Tensor) -> Tensor:
        """Folded visible [B, 48, h, w] and thermal [B, 16, h, w], 0..1 -> visible [B, 48, h, w]."""
        parts = F.conv2d(visible, self.into)
        level = _around(F.conv2d(parts, self.mean))
        detail = AMPLIFIED * (parts - F.conv2d(level, self.spread))
        warm = AMPLIFIED * (thermal - _around(cell_means(thermal)))
        x = F.relu(self.stem(torch.cat([detail, warm, level], 1)))
        for layer in self.layers:
            x = x + F.relu(layer(x))
        taken = F.conv2d(self.head(x) + self.gate(x) * self.fine(detail), self.back)
        if self.config.colour:
            taken = taken + F.conv2d(visible, self.rest)
        share = torch.tanh(STEEPNESS * F.relu(modulation - LEAST))[..., None, None]
        return (1 + self.config.light * share) * visible - share * taken


def _around(cells: Tensor) -> Tensor:
    """The means of what is around each cell, [B, C, h, w]."""
    return F.avg_pool2d(cells, AROUND, 1, AROUND // 2, count_include_pad=False)


def _parts(colour: bool) -> tuple[Tensor, Tensor, Tensor]:
    """What is seen of a cell: matrices from its 48 values to the parts, back, and from the parts to the planes' means.

    The parts are 16 luma, and of colours 4 differences of red and 4 of blue; back, a difference is that of its pixels.
    """
    luma, identity = torch.tensor(LUMA), torch.eye(CELL)
    into, back = torch.kron(luma[None], identity), torch.ones(3, 1).kron(identity)
    mean = torch.full((1, CELL), 1 / CELL)
    if not colour:
        return into, back, mean
    # Red and blue less luma, and what they are in each channel: luma stays as it is.
    less = torch.tensor([[1.0, 0, 0], [0, 0, 1]]) - luma
    more = torch.tensor([[1.0, 0], [-luma[0] / luma[1], -luma[2] / luma[1]], [0, 1]])
    halves = torch.eye(2).repeat_interleave(2, 1)  # the half of a cell that a row or a column lies in
    squares = torch.kron(halves, halves)
    into, back = torch.cat([into, less.kron(squares / 4)]), torch.cat([back, more.kron(squares.T.contiguous())], 1)
    return into, back, torch.block_diag(mean, *[torch.full((1, 4), 1 / 4)] * 2)
