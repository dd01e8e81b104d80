"""nano: a fusion network for two CPU cores, 8 GFLOP a frame at 640x480.

Text enters as in Text-IF (Yi et al., CVPR 2024), see guided.py. Three changes make it fit a robot:

- What a few numbers repair in the whole image, white balance, blur and detector lines, is repaired before all else,
  as far as the prompt asks for it (isp.py).
- The images are folded by 4 in each direction (folding.py) and seen at three scales, in place of the paper's
  full-resolution Transformer: 3.9 GMAC a frame where the paper's network needs 1.5 TMAC.
- The head does not paint the image. It predicts, for each pixel, a gain for the visible image, a weight for the
  thermal one and a correction; detail reaches the output past the bottleneck, and brightness is repaired by
  multiplication, as light itself works. Two things have more detail than the bottleneck could carry and get a way of
  their own, with a weight for each 4x4 cell: where thermal is brighter than visible, and by how much (the maximum of
  both, exact to the pixel); and the cells' averages, to stand in where a gain near -1 has taken noise away. Colour,
  which eyes and cameras alike resolve less finely, is corrected by cells too.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ros2_textfuse.networks.folding import CELL, cell_means, interpolate, interpolation, luma, pixels
from ros2_textfuse.networks.guided import GuidedConfig, GuidedNetwork, SIGMBlock


@dataclass(frozen=True)
class NanoConfig(GuidedConfig):
    """Sizes of a nano network."""

    widths: tuple[int, int, int] = (48, 64, 64)


class Nano(GuidedNetwork):
    """See `GuidedNetwork`."""

    kernel: Tensor

    def __init__(self, config: NanoConfig) -> None:
        fine, middle, coarse = config.widths
        super().__init__(config, (fine, middle, coarse, coarse, middle, fine))
        self.stem = nn.Conv2d(4 * CELL, fine, 3, padding=1)
        self.down1 = nn.Conv2d(fine, middle, 2, stride=2)
        self.down2 = nn.Conv2d(middle, coarse, 2, stride=2)
        self.scene = nn.Linear(coarse, coarse)
        self.up2 = nn.Conv2d(coarse, middle * 4, 1)
        self.up1 = nn.Conv2d(middle, fine * 4, 1)
        self.head = nn.Conv2d(fine, 3 * CELL + 6, 3, padding=1)
        self.register_buffer("kernel", interpolation(4), persistent=False)
        self.blocks = nn.ModuleList(SIGMBlock(width, width) for width in self.block_widths)
        nn.init.zeros_(self.head.weight)
        bias = torch.zeros(3 * CELL + 6)
        bias[-1] = 1  # starts as the maximum of both images
        self.head.bias = nn.Parameter(bias)

    def fuse(self, visible: Tensor, thermal: Tensor, modulation: Tensor) -> Tensor:
        """See `GuidedNetwork.fuse`."""
        of_blocks, gate = self.parted(modulation)
        remaining = iter(zip(self.blocks, of_blocks, strict=True))

        def block(x: Tensor) -> Tensor:
            layers, (gamma, beta) = next(remaining)
            return layers(x, gamma, beta)

        visible, thermal = self.isp(visible, thermal, gate)
        fine = block(F.relu(self.stem(torch.cat([visible, thermal], 1) - 0.5)))
        middle = block(F.relu(self.down1(fine)))
        coarse = block(F.relu(self.down2(middle)))
        # Haze, colour casts and exposure belong to the scene as a whole.
        coarse = coarse + self.scene(coarse.mean((2, 3)))[..., None, None]
        coarse = block(coarse)
        middle = block(F.relu(middle + F.pixel_shuffle(self.up2(coarse), 2)))
        fine = block(F.relu(fine + F.pixel_shuffle(self.up1(middle), 2)))
        correction, gain, weight, of_cells = self.head(fine).split([CELL, CELL, CELL, 6], dim=1)
        colour, of_visible, of_thermal, of_excess = of_cells.split([3, 1, 1, 1], dim=1)
        smooth = colour + of_visible * cell_means(visible) + of_thermal * cell_means(thermal)
        smooth, of_excess = interpolate(torch.cat([smooth, of_excess], 1), self.kernel).split([3 * CELL, CELL], dim=1)
        grey = weight * thermal + of_excess * F.relu(thermal - luma(visible)) + correction
        return (pixels(visible) * (1 + gain[:, None]) + grey[:, None]).flatten(1, 2) + smooth
