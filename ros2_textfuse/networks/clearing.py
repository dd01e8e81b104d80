"""One degradation taken from the visible image, in front of a fusion network and only while a prompt names it.

Streaks of rain are thin, long and brighter than what is behind them; noise is finer than anything a lens draws. To tell
them from branches and texture takes a view of some twenty pixels in full detail, which a network that thinks in cells
of 4x4 does not have, and which a frame without them should not pay for. So each has a network of its own with an engine
of its own: 5 GFLOP at 640x480, on images folded by 2. The thermal image helps: it shows neither.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ros2_textfuse.degradations.modes import MODES
from ros2_textfuse.networks.folding import FOLD, luma
from ros2_textfuse.networks.stored import LEAST

HALF = 4  # pixels of a cell of 2x2
AMPLIFIED = 8.0  # detail, which is faint beside how bright an image is
STEEPNESS = 5.0  # a degradation is there or not: from half the severity on nearly all of it is taken
AROUND = 9  # cells, of the level that detail stands out from


@dataclass(frozen=True)
class ClearingConfig:
    """What a network takes, and its sizes; they are stored beside its weights.

    Args:
        mode: of MODES.
        colour: whether it has colours of its own; else the luma's change is that of all three.
        light: share by which the scene is lighter without it.
        width: channels at half the image's resolution.
        dilations: of the layers between the first and the last.
    """

    mode: str
    colour: bool = False
    light: float = 0.0
    width: int = 32
    dilations: tuple[int, ...] = (1, 2, 4)

    @property
    def inputs(self) -> int:
        """As of `GuidedConfig`."""
        return len(MODES) + 1


class Clearing(nn.Module):
    """Visible and thermal to the visible image without its degradation; the calls are those of `GuidedNetwork`."""

    MULTIPLE = FOLD

    def __init__(self, config: ClearingConfig) -> None:
        super().__init__()
        self.config, self.modulation_size = config, 1
        planes, width = 3 if config.colour else 1, config.width
        self.stem = nn.Conv2d((planes + 1) * HALF + planes, width, 3, padding=1)
        self.layers = nn.ModuleList(
            nn.Conv2d(width, width, 3, padding=dilation, dilation=dilation) for dilation in config.dilations
        )
        self.head = nn.Conv2d(width, planes * HALF, 3, padding=1)
        nn.init.zeros_(self.head.weight)

    def modulation(self, request: Tensor) -> Tensor:
        """[B, modes + 1], severities and the balance -> [B, 1], the severity of what it takes."""
        mode = MODES.index(self.config.mode)
        return request[:, mode : mode + 1]

    def fuse(self, visible: Tensor, thermal: Tensor, modulation: Tensor) -> Tensor:
        """Folded visible [B, 48, h, w] and thermal [B, 16, h, w], 0..1 -> visible [B, 48, h, w]."""
        detail, level = _detail(_halved(visible if self.config.colour else luma(visible)))
        x = F.relu(self.stem(torch.cat([detail, _detail(_halved(thermal))[0], level], 1)))
        for layer in self.layers:
            x = x + F.relu(layer(x))
        share = torch.tanh(STEEPNESS * F.relu(modulation - LEAST))[..., None, None]
        taken = _folded(share * self.head(x))
        return (1 + self.config.light * share) * visible - (taken if self.config.colour else taken.repeat(1, 3, 1, 1))


def _detail(halved: Tensor) -> tuple[Tensor, Tensor]:
    """What stands out from around it of an image [B, 4 C, h, w], amplified, and the level around it [B, C, h, w]."""
    level = halved.unflatten(1, (-1, HALF)).mean(2)
    level = F.avg_pool2d(level, AROUND, 1, AROUND // 2, count_include_pad=False)
    return AMPLIFIED * (halved - level.repeat_interleave(HALF, 1)), level


def _halved(folded: Tensor) -> Tensor:
    """Folded by 4, [B, 16 C, h, w], to folded by 2, [B, 4 C, 2 h, 2 w]."""
    # [B, C, upper, row, left, column, h, w]: upper and left half of the cell, row and column in that half
    halves = folded.unflatten(1, (-1, 2, 2, 2, 2)).permute(0, 1, 3, 5, 6, 2, 7, 4)
    return halves.flatten(6, 7).flatten(4, 5).flatten(1, 3)


def _folded(halved: Tensor) -> Tensor:
    """The inverse of `_halved`."""
    # [B, C, row, column, h, upper, w, left]
    halves = halved.unflatten(3, (-1, 2)).unflatten(2, (-1, 2)).unflatten(1, (-1, 2, 2))
    return halves.permute(0, 1, 5, 2, 7, 3, 4, 6).flatten(1, 5)
