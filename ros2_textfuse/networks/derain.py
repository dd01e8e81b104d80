"""Rain streaks taken from the visible image, in front of a fusion network and only while a prompt names rain.

Streaks are thin, long and brighter than what is behind them, and a thermal image does not show them. To tell them from
branches and poles takes a view of some twenty pixels in full detail, which a network that thinks in cells of 4x4 does
not have, and which a frame without rain should not pay for. So this is a network of its own, with an engine of its own:
5 GFLOP at 640x480, on images folded by 2.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ros2_textfuse.degradations.modes import MODES
from ros2_textfuse.networks.folding import FOLD, luma

HALF = 4  # pixels of a cell of 2x2
AMPLIFIED = 8.0  # detail, which is faint beside how bright an image is
STEEPNESS = 4.0  # streaks are there or not: from half the severity on nearly all of them are taken
LIGHT = 0.05  # by which a scene without its rain is lighter: half of what rain takes, which no image says
AROUND = 9  # cells, of the level that detail stands out from


@dataclass(frozen=True)
class DerainConfig:
    """Sizes of the network; they are stored beside its weights.

    Args:
        modes: number of degradation modes, one severity for each.
        width: channels at half the image's resolution.
        dilations: of the layers between the first and the last.
    """

    modes: int
    width: int = 32
    dilations: tuple[int, ...] = (1, 2, 4)

    @property
    def inputs(self) -> int:
        """As of `GuidedConfig`."""
        return self.modes + 1


class Derain(nn.Module):
    """Visible and thermal to the visible image without streaks; the calls are those of `GuidedNetwork`."""

    MULTIPLE = FOLD

    def __init__(self, config: DerainConfig) -> None:
        super().__init__()
        self.config, self.modulation_size = config, 1
        width = config.width
        self.stem = nn.Conv2d(2 * HALF + 1, width, 3, padding=1)
        self.layers = nn.ModuleList(
            nn.Conv2d(width, width, 3, padding=dilation, dilation=dilation) for dilation in config.dilations
        )
        self.head = nn.Conv2d(width, HALF, 3, padding=1)
        nn.init.zeros_(self.head.weight)

    def modulation(self, request: Tensor) -> Tensor:
        """[B, modes + 1], severities and the balance -> [B, 1], the severity of rain."""
        rain = MODES.index("rain")
        return request[:, rain : rain + 1]

    def fuse(self, visible: Tensor, thermal: Tensor, modulation: Tensor) -> Tensor:
        """Folded visible [B, 48, h, w] and thermal [B, 16, h, w], 0..1 -> visible [B, 48, h, w]."""
        detail, level = _detail(_halved(luma(visible)))
        x = F.relu(self.stem(torch.cat([detail, _detail(_halved(thermal))[0], level], 1)))
        for layer in self.layers:
            x = x + F.relu(layer(x))
        share = torch.tanh(STEEPNESS * modulation)[..., None, None]
        return (1 + LIGHT * share) * visible - _folded(share * self.head(x)).repeat(1, 3, 1, 1)


def _detail(halved: Tensor) -> tuple[Tensor, Tensor]:
    """What stands out from around it of an image [B, 4, h, w], amplified, and the level around it [B, 1, h, w]."""
    level = F.avg_pool2d(halved.mean(1, keepdim=True), AROUND, 1, AROUND // 2, count_include_pad=False)
    return AMPLIFIED * (halved - level), level


def _halved(folded: Tensor) -> Tensor:
    """Folded by 4, [B, 16, h, w], to folded by 2, [B, 4, 2 h, 2 w]."""
    cells = folded.unflatten(1, (2, 2, 2, 2)).permute(0, 2, 4, 5, 1, 6, 3)  # [B, row, column, h, upper, w, left]
    return cells.flatten(5, 6).flatten(3, 4).flatten(1, 2)


def _folded(halved: Tensor) -> Tensor:
    """The inverse of `_halved`."""
    cells = halved.unflatten(3, (-1, 2)).unflatten(2, (-1, 2)).unflatten(1, (2, 2))  # [B, row, column, h, up, w, left]
    return cells.permute(0, 4, 1, 6, 2, 3, 5).flatten(1, 4)
