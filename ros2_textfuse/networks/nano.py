"""nano: a fusion network for two CPU cores, 8 GFLOP a frame at 640x480.

Text enters as in Text-IF (Yi et al., CVPR 2024), eq. 8-9: an MLP turns what the prompt asks for into gamma and beta
for every block, and the block scales its features by `(1 + gamma) * x + beta` (SIGM). Three changes make it fit a
robot:

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

from ros2_textfuse.networks.folding import CELL, cell_means, fold, interpolate, interpolation, luma, pixels, unfold
from ros2_textfuse.networks.isp import ISP


@dataclass(frozen=True)
class NanoConfig:
    """Sizes of a nano network; they are stored beside its weights.

    Args:
        modes: number of degradation modes, one severity for each.
        widths: channels at 1/4, 1/8 and 1/16 of the image's resolution.
        hidden: width of the MLP that makes gamma and beta.
        depth: blocks at 1/16, where a look at a large part of the scene costs little.
    """

    modes: int
    widths: tuple[int, int, int] = (48, 64, 64)
    hidden: int = 128
    depth: int = 2

    @property
    def inputs(self) -> int:
        """Length of what a prompt comes to: the severities, then the balance of the cameras."""
        return self.modes + 1


class SIGMBlock(nn.Module):
    """A residual block whose features are scaled and shifted by the prompt (Text-IF eq. 9)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
        """x [B, C, h, w], gamma and beta [B, C] -> [B, C, h, w]."""
        features = (1 + gamma[..., None, None]) * self.conv1(x) + beta[..., None, None]
        return x + self.conv2(F.relu(features))


class Nano(nn.Module):
    """Visible, thermal and modulation to the fused image; the modulation comes from `modulation(request)`."""

    MULTIPLE = 16  # height and width must be multiples of this
    kernel: Tensor

    def __init__(self, config: NanoConfig) -> None:
        super().__init__()
        self.config = config
        fine, middle, coarse = config.widths
        self.isp = ISP(config.modes)
        self.stem = nn.Conv2d(4 * CELL, fine, 3, padding=1)
        self.down1 = nn.Conv2d(fine, middle, 2, stride=2)
        self.down2 = nn.Conv2d(middle, coarse, 2, stride=2)
        self.scene = nn.Linear(coarse, coarse)
        self.up2 = nn.Conv2d(coarse, middle * 4, 1)
        self.up1 = nn.Conv2d(middle, fine * 4, 1)
        self.head = nn.Conv2d(fine, 3 * CELL + 6, 3, padding=1)
        self.register_buffer("kernel", interpolation(4), persistent=False)
        self.block_widths = (fine, middle, *[coarse] * config.depth, middle, fine)
        self.blocks = nn.ModuleList(SIGMBlock(width) for width in self.block_widths)
        self.modulation_size = 2 * sum(self.block_widths) + ISP.PARTS
        self.words = nn.Sequential(
            nn.Linear(config.inputs, config.hidden, bias=False),
            nn.GELU(),
            nn.Linear(config.hidden, 2 * sum(self.block_widths), bias=False),
        )
        nn.init.zeros_(self.head.weight)
        bias = torch.zeros(3 * CELL + 6)
        bias[-1] = 1  # starts as the maximum of both images
        self.head.bias = nn.Parameter(bias)
        for parameter in self.words[2].parameters():
            nn.init.normal_(parameter, std=1e-3)

    def modulation(self, request: Tensor) -> Tensor:
        """Gamma and beta of every block (Text-IF eq. 8) and the ISP's gate, once for a prompt, not for a frame.

        Without bias terms, no prompt (all severities and the balance 0) gives exactly gamma = beta = gate = 0.

        Args:
            request: [B, modes + 1]: severities, 0..1, and the balance, -1 (visible) .. 1 (thermal).

        Returns:
            [B, modulation_size]: gamma and beta of the first block, of the second, and so on; then the ISP's gate.
        """
        return torch.cat([self.words(request), self.isp.gate(request[:, :-1])], 1)

    def forward(self, visible: Tensor, thermal: Tensor, modulation: Tensor) -> Tensor:
        """Fuse one batch of images.

        Args:
            visible: [B, 3, H, W] RGB, 0..1.
            thermal: [B, 1, H, W], 0..1.
            modulation: [B, modulation_size] of `modulation`.

        Returns:
            [B, 3, H, W] RGB; not clamped, so that training keeps its gradient beyond black and white.
        """
        return unfold(self.fuse(fold(visible), fold(thermal), modulation))

    def fuse(self, visible: Tensor, thermal: Tensor, modulation: Tensor) -> Tensor:
        """As `forward`, on folded images: visible [B, 48, h, w], thermal [B, 16, h, w] -> [B, 48, h, w]."""
        *of_blocks, gate = modulation.split([w for w in self.block_widths for _ in range(2)] + [ISP.PARTS], dim=1)
        parameters, blocks = iter(of_blocks), iter(self.blocks)

        def block(x: Tensor) -> Tensor:
            return next(blocks)(x, next(parameters), next(parameters))

        visible, thermal = self.isp(visible, thermal, gate)
        fine = block(F.relu(self.stem(torch.cat([visible, thermal], 1) - 0.5)))
        middle = block(F.relu(self.down1(fine)))
        coarse = block(F.relu(self.down2(middle)))
        # Haze, colour casts and exposure belong to the scene as a whole.
        coarse = coarse + self.scene(coarse.mean((2, 3)))[..., None, None]
        for _ in range(self.config.depth - 1):
            coarse = block(coarse)
        middle = block(F.relu(middle + F.pixel_shuffle(self.up2(coarse), 2)))
        fine = block(F.relu(fine + F.pixel_shuffle(self.up1(middle), 2)))
        correction, gain, weight, of_cells = self.head(fine).split([CELL, CELL, CELL, 6], dim=1)
        colour, of_visible, of_thermal, of_excess = of_cells.split([3, 1, 1, 1], dim=1)
        smooth = colour + of_visible * cell_means(visible) + of_thermal * cell_means(thermal)
        smooth, of_excess = interpolate(torch.cat([smooth, of_excess], 1), self.kernel).split([3 * CELL, CELL], dim=1)
        grey = weight * thermal + of_excess * F.relu(thermal - luma(visible)) + correction
        return (pixels(visible) * (1 + gain[:, None]) + grey[:, None]).flatten(1, 2) + smooth
