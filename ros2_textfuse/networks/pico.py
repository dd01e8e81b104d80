"""pico: a fusion network for slow computers, 1.9 GFLOP a frame at 640x480, a quarter of nano's.

It sees and repairs as nano does (nano.py, isp.py), with what costs most there left out:

- At 1/4 resolution there are no blocks: one layer reads each 4x4 cell by itself, and the thinking is done at 1/8 and
  1/16, which see 8x8 cells of their own.
- The head predicts a gain for the visible image and a weight for the thermal one in each pixel. The correction, grey
  in nano, is left to the cells, which carry a colour anyhow.

Alone it would need far longer to learn than nano; it learns from nano's images (training/train.py).
"""

from dataclasses import dataclass

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
        self.up2 = nn.Conv2d(coarse, middle * 4, 1)
        self.up1 = nn.Conv2d(middle, fine * 4, 1)
        channels = (middle, coarse, coarse, middle)
        self.blocks = nn.ModuleList(map(SIGMBlock, channels, self.block_widths))
        self.of_pixels = nn.Conv2d(fine, 2 * CELL, 3, padding=1)
        self.of_cells = nn.Conv2d(fine, 6, 1)
        self.register_buffer("kernel", interpolation(4), persistent=False)
        nothing, maximum = torch.zeros(2 * CELL), torch.zeros(6)
        maximum[-1] = 1  # starts as the maximum of both images
        for head, bias in ((self.of_pixels, nothing), (self.of_cells, maximum)):
            nn.init.zeros_(head.weight)
            head.bias = nn.Parameter(bias)

    def fuse(self, visible: Tensor, thermal: Tensor, modulation: Tensor) -> Tensor:
        """See `GuidedNetwork.fuse`."""
        (first, second, third, fourth, last), gate = self.parted(modulation)
        to_balance, to_sharpen, to_destripe = gate.split(1, dim=1)
        gains = self.isp.balance(visible, to_balance)
        visible_means, visible = gains[:, ::CELL] * cell_means(visible), gains * visible
        thermal = thermal - self.isp.destripe(thermal, to_destripe)
        # One channel, which joins the three at the very end: added to them here, it would have to be written thrice.
        sharpness = self.isp.sharpen(luma(visible), to_sharpen)
        images = torch.cat([visible, thermal], 1)
        middle = self.blocks[0](F.relu(self.down1(images)), *first)
        coarse = self.blocks[1](F.relu(self.down2(middle)), *second)
        # Haze, colour casts and exposure belong to the scene as a whole.
        coarse = coarse + self.scene(coarse.mean((2, 3)))[..., None, None]
        coarse = self.blocks[2](coarse, *third)
        middle = self.blocks[3](F.relu(middle + F.pixel_shuffle(self.up2(coarse), 2)), *fourth)
        fine = F.relu(sigm(self.stem(images) + F.pixel_shuffle(self.up1(middle), 2), *last))
        gain, weight = self.of_pixels(fine).chunk(2, dim=1)
        colour, of_visible, of_thermal, of_excess = self.of_cells(fine).split([3, 1, 1, 1], dim=1)
        smooth = colour + of_visible * visible_means + of_thermal * cell_means(thermal)
        smooth, of_excess = interpolate(torch.cat([smooth, of_excess], 1), self.kernel).split([3 * CELL, CELL], dim=1)
        gain = 1 + gain
        grey = gain * sharpness + weight * thermal + of_excess * F.relu(thermal - luma(visible) - sharpness)
        return (pixels(visible) * gain[:, None] + grey[:, None]).flatten(1, 2) + smooth
