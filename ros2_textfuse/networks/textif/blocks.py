"""The parts of Text-IF (Yi et al., CVPR 2024): Restormer's blocks, attention between the images, SIGM.

All features are [B, C, h, w].
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

GROUPS = 16  # of the norm before spatial attention


class LayerNorm(nn.LayerNorm):
    """Over the channels of each pixel."""

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, h, w] -> [B, C, h, w]."""
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class ChannelAttention(nn.Module):
    """Attention of channels to channels (Restormer's transposed attention): its cost is linear in pixels."""

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.temperature = nn.Parameter(torch.ones(heads, 1, 1))
        self.qkv = nn.Conv2d(channels, 3 * channels, 1, bias=False)
        self.spread = nn.Conv2d(3 * channels, 3 * channels, 3, padding=1, groups=3 * channels, bias=False)
        self.out = nn.Conv2d(channels, channels, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, h, w] -> [B, C, h, w]."""
        # [B, 3 C, h, w] -> q, k, v: [B, heads, C / heads, h w]
        q, k, v = self.spread(self.qkv(x)).flatten(2).unflatten(1, (3, self.heads, -1)).unbind(1)
        # Cosine of every channel of q with every channel of k. The lengths divide the products, not the large operands.
        cosine = q @ k.transpose(2, 3) / (lengths(q) * lengths(k).transpose(2, 3))
        shares = (cosine * self.temperature).softmax(-1)  # [B, heads, C / heads, C / heads]
        return self.out((shares @ v).reshape(x.shape))


def lengths(rows: Tensor) -> Tensor:
    """Euclidean norms [..., N, 1] of rows [..., N, M], never 0."""
    return torch.linalg.vector_norm(rows, dim=-1, keepdim=True).clamp(min=1e-12)


class TransformerBlock(nn.Module):
    """Channel attention, then a wider 3x3 convolution, each with a residual connection."""

    def __init__(self, channels: int, heads: int, expansion: int) -> None:
        super().__init__()
        hidden = expansion * channels
        self.norm1 = LayerNorm(channels)
        self.attention = ChannelAttention(channels, heads)
        self.norm2 = LayerNorm(channels)
        self.widen = nn.Conv2d(channels, hidden, 1, bias=False)
        self.mix = nn.Conv2d(hidden, hidden, 3, padding=1, bias=False)  # not by channel, unlike Restormer's
        self.narrow = nn.Conv2d(hidden, channels, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, h, w] -> [B, C, h, w]."""
        x = x + self.attention(self.norm1(x))
        return x + self.narrow(F.gelu(self.mix(self.widen(self.norm2(x)))))


class GroupNorm(nn.GroupNorm):
    """Of torch, without its check of sizes, for which tracing warns."""

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, h, w] -> [B, C, h, w]."""
        return torch.group_norm(x, self.num_groups, self.weight, self.bias, self.eps)


class SpatialProjection(nn.Module):
    """Queries, keys and values of every pixel, and what becomes of the pixels that were attended to (eq. 4)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = GroupNorm(GROUPS, channels)
        self.qkv = nn.Conv2d(channels, 3 * channels, 1, bias=False)
        self.out = nn.Conv2d(channels, channels, 1)

    def forward(self, normed: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """[B, C, h, w], through `norm` -> query, key, value, each [B, 1, h w, C]."""
        query, key, value = self.qkv(normed).flatten(2).transpose(1, 2)[:, None].chunk(3, dim=-1)
        return query, key, value

    def merged(self, attended: Tensor, skipped: Tensor) -> Tensor:
        """Attended pixels [B, 1, h w, C] projected, and added to what skipped the attention [B, C, h, w]."""
        return self.out(attended[:, 0].transpose(1, 2).reshape(skipped.shape)) + skipped


class CrossAttention(nn.Module):
    """Each image's pixels are asked by the other image's: the queries are exchanged (eq. 5)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.visible = SpatialProjection(channels)
        self.thermal = SpatialProjection(channels)

    def forward(self, visible: Tensor, thermal: Tensor) -> tuple[Tensor, Tensor]:
        """Two times [B, C, h, w] -> two times [B, C, h, w]."""
        # Unlike elsewhere, what skips the attention is normalised too, as in the authors' code.
        visible, thermal = self.visible.norm(visible), self.thermal.norm(thermal)
        query_visible, key_visible, value_visible = self.visible(visible)
        query_thermal, key_thermal, value_thermal = self.thermal(thermal)
        of_visible = F.scaled_dot_product_attention(query_thermal, key_visible, value_visible)
        of_thermal = F.scaled_dot_product_attention(query_visible, key_thermal, value_thermal)
        return self.visible.merged(of_visible, visible), self.thermal.merged(of_thermal, thermal)


class SelfAttention(nn.Module):
    """Each pixel of the fused features asks all of them (SE-ATT, before the decoder)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.fused = SpatialProjection(channels)

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, h, w] -> [B, C, h, w]."""
        return self.fused.merged(F.scaled_dot_product_attention(*self.fused(self.fused.norm(x))), x)
