"""pico: a fusion network for slow computers, 2.0 GFLOP a frame at 640x480, a quarter of nano's.

It sees and repairs as nano does (nano.py, isp.py), with what costs most there left out:

- At 1/4 resolution there are no blocks: one layer reads each 4x4 cell by itself, and the thinking is done at 1/8 and
  1/16, which see 8x8 cells of their own.
- Every part of the head is a convolution of its own: on a CPU, to take a joint one's output apart costs as much again.

Alone it would need far longer to learn than nano; it learns from nano's images (training/train.py).
"""

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ros2_textfuse.networks.folding import CELL, cell_means, interpolate, interpolation, luma, pixels
from ros2_textfuse.networks.guided import GuidedConfig, GuidedNetwork, SIGMBlock, sigm

HIDDEN = 32  # channels within a block at 1/8


@dataclass(frozen=True)
class PicoConfig(GuidedConfig):
    """Sizes of a pico network."""

    widths: tuple[int, int, int] = (24, 48, 64)


class Pico(GuidedNetwork):
    """See `GuidedNetwork`."""

    kernel: Tensor

    def __init__(self, config: PicoConfig) -> None:
        fine, middle, coarse = config.widths
        super().__init__(config, (HIDDEN, coarse, coarse, HIDDEN, fine))
        self.stem = nn.Conv2d(4 * CELL, fine, 1)
        self.down1 = nn.Conv2d(4 * CELL, middle, 2, stride=2)
        self.down2 = nn.Conv2d(middle, coarse, 2, stride=2)
        self.scene = nn.Linear(coarse, coarse)
        self.up2 = Enlarge(coarse, middle)
        self.up1 = Enlarge(middle, fine)
        channels = (middle, coarse, coarse, middle)
        self.blocks = nn.ModuleList(map(SIGMBlock, channels, self.block_widths))
        # For each pixel:
        self.gain, self.weight, self.correction = (nn.Conv2d(fine, CELL, 3, padding=1) for _ in range(3))
        # For each cell, its colour and the weight of what thermal is brighter by; both may follow the cell's means.
        self.cell, self.of_visible, self.of_thermal = (nn.Conv2d(fine, 4, 1) for _ in range(3))
        self.register_buffer("kernel", interpolation(4), persistent=False)
        for part in (self.gain, self.weight, self.correction, self.cell, self.of_visible, self.of_thermal):
            nn.init.zeros_(part.weight)
            nn.init.zeros_(cast(Tensor, part.bias))
        nn.init.constant_(cast(Tensor, self.cell.bias)[3:], 1)  # starts as the maximum of both images

    def fuse(self, visible: Tensor, thermal: Tensor, modulation: Tensor) -> Tensor:
        """See `GuidedNetwork.fuse`."""
        (first, second, third, fourth, last), gate = self.parted(modulation)
        gains = self.isp.balance(visible, gate[:, :1])
        visible_means, visible = gains[:, ::CELL] * cell_means(visible), gains * visible
        # One channel, which joins the three at the very end: added to them here, it would have to be written thrice.
        refined, thermal = self.isp.refine(luma(visible), thermal, gate)
        images = torch.cat([visible, thermal], 1)
        middle = self.blocks[0](F.relu(self.down1(images)), *first)
        coarse = self.blocks[1](F.relu(self.down2(middle)), *second)
        # Haze, colour casts and exposure belong to the scene as a whole.
        coarse = coarse + self.scene(coarse.mean((2, 3)))[..., None, None]
        coarse = self.blocks[2](coarse, *third)
        middle = self.blocks[3](F.relu(middle + self.up2(coarse)), *fourth)
        fine = F.relu(sigm(self.stem(images) + self.up1(middle), *last))
        means = torch.cat([visible_means, cell_means(thermal)], 1)
        cells = self.cell(fine) + self.of_visible(fine) * means + self.of_thermal(fine) * means[:, 3:]
        smooth, of_excess = interpolate(cells, self.kernel).split([3 * CELL, CELL], dim=1)
        gain = 1 + self.gain(fine)
        excess = F.relu(thermal - luma(visible) - refined)
        grey = gain * refined + self.weight(fine) * thermal + of_excess * excess + self.correction(fine)
        return (pixels(visible) * gain[:, None] + grey[:, None]).flatten(1, 2) + smooth


class Enlarge(nn.Module):
    """Twice the height and width: a convolution makes the four pixels of each, all channels of one beside each other.

    So they are moved in whole runs, where pixel_shuffle moves each number by itself.
    """

    def __init__(self, channels: int, made: int) -> None:
        super().__init__()
        self.made, self.four = made, nn.Conv2d(channels, 4 * made, 1)

    def forward(self, x: Tensor) -> Tensor:
        """[B, channels, h, w] -> [B, made, 2 h, 2 w]."""
        batch, _, height, width = x.shape
        runs = self.four(x).permute(0, 2, 3, 1).reshape(batch, height, width, 2, 2, self.made)
        pixels = runs.permute(0, 1, 3, 2, 4, 5).reshape(batch, 2 * height, 2 * width, self.made)
        return pixels.permute(0, 3, 1, 2)
