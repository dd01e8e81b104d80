"""What the networks of the family share: how a prompt comes to gamma and beta, and the images that they take.

Text enters as in Text-IF (Yi et al., CVPR 2024), eq. 8-9: an MLP turns what the prompt asks for into gamma and beta
for every block, and the block scales its features by `(1 + gamma) * x + beta` (SIGM).
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ros2_textfuse.networks.folding import fold, unfold
from ros2_textfuse.networks.isp import ISP


@dataclass(frozen=True)
class GuidedConfig:
    """Sizes of a network; they are stored beside its weights.

    Args:
        modes: number of degradation modes, one severity for each.
        widths: channels at 1/4, 1/8 and 1/16 of the image's resolution.
        hidden: width of the MLP that makes gamma and beta.
    """

    modes: int
    widths: tuple[int, int, int]
    hidden: int = 128

    @property
    def inputs(self) -> int:
        """Length of what a prompt comes to: the severities, then the balance of the cameras."""
        return self.modes + 1


class GuidedNetwork(nn.Module):
    """Visible, thermal and modulation to the fused image; the modulation comes from `modulation(request)`.

    Args:
        config: sizes.
        block_widths: channels that the prompt scales and shifts in each block, in their order.
    """

    MULTIPLE = 16  # height and width must be multiples of this

    def __init__(self, config: GuidedConfig, block_widths: tuple[int, ...]) -> None:
        super().__init__()
        self.config, self.block_widths = config, block_widths
        self.isp = ISP(config.modes)
        self.modulation_size = 2 * sum(block_widths) + ISP.PARTS
        self.words = nn.Sequential(
            nn.Linear(config.inputs, config.hidden, bias=False),
            nn.GELU(),
            nn.Linear(config.hidden, 2 * sum(block_widths), bias=False),
        )
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

    def parted(self, modulation: Tensor) -> tuple[list[tuple[Tensor, Tensor]], Tensor]:
        """[B, modulation_size] -> gamma and beta [B, C] of each block, and the ISP's gate [B, ISP.PARTS]."""
        *parts, gate = modulation.split([w for w in self.block_widths for _ in range(2)] + [ISP.PARTS], dim=1)
        return list(zip(parts[::2], parts[1::2], strict=True)), gate

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
        raise NotImplementedError


class SIGMBlock(nn.Module):
    """A residual block whose features are scaled and shifted by the prompt (Text-IF eq. 9)."""

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, hidden, 3, padding=1)
        self.conv2 = nn.Conv2d(hidden, channels, 3, padding=1)

    def forward(self, x: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
        """x [B, channels, h, w], gamma and beta [B, hidden] -> [B, channels, h, w]."""
        return x + self.conv2(F.relu(sigm(self.conv1(x), gamma, beta)))


def sigm(x: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
    """Scale and shift features [B, C, h, w] by gamma and beta [B, C] (Text-IF eq. 9)."""
    return (1 + gamma[..., None, None]) * x + beta[..., None, None]
