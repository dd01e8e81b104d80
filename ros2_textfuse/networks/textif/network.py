"""textif: the network of Text-IF (Yi et al., CVPR 2024), for its authors' weights; 3.2 TFLOP a frame at 640x480.

Two Restormer encoders, cross-attention between the images at 1/8 of the resolution, and a decoder into which the text
enters before each of its levels as gamma and beta (SIGM, eq. 8-9). Levels count from 1, full resolution, to 4; each has
twice the channels of the one above it. What differs from the authors' code leaves the result as it is: no matrix of
all pixels by all pixels is kept, and gamma and beta are made once for a prompt and not for a frame.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ros2_textfuse.networks.folding import fold, unfold
from ros2_textfuse.networks.textif.blocks import CrossAttention, SelfAttention, TransformerBlock
from ros2_textfuse.networks.textif.text_tower import TextTower, TextTowerConfig

LEVELS = (1, 2, 3, 4)
VIT_B_32 = TextTowerConfig()


@dataclass(frozen=True)
class TextIFConfig:
    """Sizes of the network; the defaults are the paper's.

    Args:
        width: channels at full resolution, a multiple of 2.
        blocks: Transformer blocks at each level, in both encoders and the decoder.
        heads: of their attention.
        refinement: blocks after the decoder.
        expansion: of the channels within a block.
        text: of CLIP's text tower.
    """

    width: int = 48
    blocks: tuple[int, ...] = (2, 2, 2, 2)
    heads: tuple[int, ...] = (1, 2, 4, 8)
    refinement: int = 4
    expansion: int = 2
    text: TextTowerConfig = VIT_B_32

    @classmethod
    def from_dict(cls, sizes: Mapping[str, Any]) -> "TextIFConfig":
        """What `dataclasses.asdict` made of one, after JSON has made lists of tuples."""
        lists = {name: tuple(sizes[name]) for name in ("blocks", "heads")}
        return cls(**{**sizes, **lists, "text": TextTowerConfig(**sizes["text"])})

    @property
    def inputs(self) -> int:
        """Length of what a prompt comes to: the text features."""
        return self.text.features

    def channels(self, level: int) -> int:
        """Channels of the features at a level."""
        return self.width * 2 ** (level - 1)

    def stage(self, level: int, channels: int, blocks: int) -> nn.Sequential:
        """Transformer blocks with the heads of a level."""
        heads = self.heads[level - 1]
        return nn.Sequential(*(TransformerBlock(channels, heads, self.expansion) for _ in range(blocks)))


def conv3x3(inputs: int, outputs: int) -> nn.Conv2d:
    """As everywhere in the network: padded, without bias."""
    return nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)


class Encoder(nn.Module):
    """One image to its features at every level (eq. 3)."""

    def __init__(self, config: TextIFConfig) -> None:
        super().__init__()
        of = config.channels
        self.embed = conv3x3(3, config.width)
        self.levels = nn.ModuleDict({str(n): config.stage(n, of(n), config.blocks[n - 1]) for n in LEVELS})
        self.downs = nn.ModuleDict({str(n): conv3x3(of(n), of(n) // 2) for n in LEVELS[:-1]})  # from level n to n + 1

    def forward(self, image: Tensor) -> dict[int, Tensor]:
        """[B, 3, H, W] -> level -> [B, width * 2 ** (level - 1), H / 2 ** (level - 1), W / 2 ** (level - 1)]."""
        features = {1: self.levels["1"](self.embed(image))}
        for level in LEVELS[1:]:
            smaller = F.pixel_unshuffle(self.downs[str(level - 1)](features[level - 1]), 2)
            features[level] = self.levels[str(level)](smaller)
        return features


class TextIF(nn.Module):
    """Visible, thermal and text to the fused image."""

    MULTIPLE = 8  # height and width must be multiples of this

    def __init__(self, config: TextIFConfig) -> None:
        super().__init__()
        self.config = config
        of = config.channels
        self.text = TextTower(config.text)
        self.visible, self.thermal = Encoder(config), Encoder(config)
        self.cross = CrossAttention(of(4))
        self.attention = SelfAttention(of(4))
        self.merges = nn.ModuleDict({str(n): nn.Conv2d(2 * of(n), of(n), 1, bias=False) for n in LEVELS})
        self.sigm = nn.ModuleDict({str(n): self._text_to_modulation(of(n)) for n in LEVELS})
        self.ups = nn.ModuleDict({str(n): conv3x3(of(n), 2 * of(n)) for n in LEVELS[1:]})  # from level n to n - 1
        self.reductions = nn.ModuleDict({str(n): nn.Conv2d(2 * of(n), of(n), 1, bias=False) for n in (2, 3)})
        # Level 1 keeps the channels of both its inputs.
        decoded = {n: max(of(n), 2 * of(1)) for n in LEVELS}
        self.decoders = nn.ModuleDict({str(n): config.stage(n, decoded[n], config.blocks[n - 1]) for n in LEVELS})
        self.refinement = config.stage(1, decoded[1], config.refinement)
        self.output = conv3x3(decoded[1], 3)
        self.modulation_widths = tuple(of(n) for n in LEVELS)
        self.modulation_size = 2 * sum(self.modulation_widths)

    @classmethod
    def unfilled(cls, config: TextIFConfig) -> "TextIF":
        """The network without memory for its weights, for `filled`: 127 million random numbers would take seconds."""
        with torch.device("meta"):
            return cls(config)

    def filled(self, state: Mapping[str, Tensor]) -> "TextIF":
        """This network in evaluation mode with the tensors of a state as its own.

        Raises:
            RuntimeError: they do not fit.
        """
        self.load_state_dict(state, assign=True)
        return self.eval()

    def _text_to_modulation(self, channels: int) -> nn.Sequential:
        inputs = self.config.inputs
        return nn.Sequential(nn.Linear(inputs, 2 * inputs), nn.LeakyReLU(), nn.Linear(2 * inputs, 2 * channels))

    def modulation(self, features: Tensor) -> Tensor:
        """Gamma and beta of every level (eq. 8), once for a prompt, not for a frame.

        Args:
            features: [B, 512] of `text`.

        Returns:
            [B, modulation_size]: gamma and beta of level 1, of level 2, and so on.
        """
        return torch.cat([self.sigm[str(level)](features) for level in LEVELS], 1)

    def forward(self, visible: Tensor, thermal: Tensor, text: Tensor) -> Tensor:
        """Fuse one batch of images.

        Args:
            visible: [B, 3, H, W] RGB, 0..1; sides are multiples of 8.
            thermal: [B, 1, H, W], 0..1.
            text: tokens, int [B, 77], or text features, floating point [B, 512]; B may be 1 for one text of all images.

        Returns:
            [B, 3, H, W] RGB; not clamped.
        """
        features = text if text.is_floating_point() else self.text(text)
        return self.fuse_modulated(visible, thermal, self.modulation(features.to(visible.dtype)))

    def fuse(self, visible: Tensor, thermal: Tensor, modulation: Tensor) -> Tensor:
        """As `fuse_modulated`, on folded images: visible [B, 48, h, w], thermal [B, 16, h, w] -> [B, 48, h, w]."""
        return fold(self.fuse_modulated(unfold(visible), unfold(thermal), modulation))

    def fuse_modulated(self, visible: Tensor, thermal: Tensor, modulation: Tensor) -> Tensor:
        """As `forward`, with gamma and beta of `modulation` in place of the text."""
        widths = [width for width in self.modulation_widths for _ in range(2)]
        gammas_and_betas = modulation[..., None, None].split(widths, dim=1)

        def modulated(level: int, x: Tensor) -> Tensor:
            gamma, beta = gammas_and_betas[2 * level - 2 : 2 * level]
            return (1 + gamma) * x + beta  # eq. 9

        of_visible, of_thermal = self.visible(visible), self.thermal(thermal.expand(-1, 3, -1, -1))
        of_visible[4], of_thermal[4] = self.cross(of_visible[4], of_thermal[4])

        def merged(level: int) -> Tensor:
            return self.merges[str(level)](torch.cat([of_visible[level], of_thermal[level]], 1))

        x = self.decoders["4"](modulated(4, self.attention(merged(4))))
        for level in (3, 2, 1):
            x = modulated(level, F.pixel_shuffle(self.ups[str(level + 1)](x), 2))
            x = torch.cat([x, merged(level)], 1)
            if level > 1:
                x = self.reductions[str(level)](x)
            x = self.decoders[str(level)](x)  # eq. 6
        return self.output(self.refinement(x))
