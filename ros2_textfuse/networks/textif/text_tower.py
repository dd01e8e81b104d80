"""The text tower of CLIP ViT-B/32 (Radford et al., ICML 2021): tokens in, 512 numbers out."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

HEAD_WIDTH = 64


@dataclass(frozen=True)
class TextTowerConfig:
    """Sizes of the tower; the defaults are those of ViT-B/32.

    Args:
        vocabulary: number of tokens.
        context: tokens in a sentence, padding included.
        width: of the Transformer, a multiple of 64.
        layers: of the Transformer.
        features: numbers that a sentence becomes.
    """

    vocabulary: int = 49408
    context: int = 77
    width: int = 512
    layers: int = 12
    features: int = 512


def quick_gelu(x: Tensor) -> Tensor:
    """The activation that CLIP was trained with, close to GELU."""
    return x * torch.sigmoid(1.702 * x)


class TextTower(nn.Module):
    """A frozen Transformer in which each token sees those before it (eq. 7)."""

    def __init__(self, config: TextTowerConfig) -> None:
        super().__init__()
        width = config.width
        self.tokens = nn.Embedding(config.vocabulary, width)
        self.positions = nn.Parameter(torch.randn(config.context, width) * 0.01)
        layer = nn.TransformerEncoderLayer(
            width, width // HEAD_WIDTH, 4 * width, 0.0, quick_gelu, batch_first=True, norm_first=True
        )
        self.layers = nn.TransformerEncoder(layer, config.layers, nn.LayerNorm(width), enable_nested_tensor=False)
        self.projection = nn.Parameter(torch.randn(width, config.features) * width**-0.5)
        self.requires_grad_(False)

    @torch.no_grad()
    def forward(self, tokens: Tensor) -> Tensor:
        """Tokens int64 [B, T], the end of the text having the highest number -> features [B, 512]."""
        length = tokens.shape[1]
        unseen = nn.Transformer.generate_square_subsequent_mask(length, device=tokens.device)
        x = self.layers(self.tokens(tokens) + self.positions[:length], mask=unseen, is_causal=True)
        ends = tokens.argmax(-1)
        return x[torch.arange(len(x), device=x.device), ends] @ self.projection
