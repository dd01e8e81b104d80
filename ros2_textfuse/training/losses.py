"""The losses of Text-IF (Yi et al., CVPR 2024), eq. 10-14, on restoration targets.

`visible` and `thermal` are what the words ask for, not what the camera gave: the clean picture for every degradation
that the prompt names, the degraded one for those that it does not. So the network repairs when told to and only then.

Departures from the paper, each for a fault that its losses have on driving scenes:

- eq. 10: the plain maximum washes out a bright day, where most of the thermal picture lies above the visible one. A
  share of the target is the visible picture plus the thermal one about its mean, which also lets cold things darken.
- eq. 12: gradients keep their sign. Without it, an edge of the wrong direction, a halo, costs nothing.
- complementarity (the SCD metric of Aslantas & Bendes, 2015, as a loss): what the fused picture has beyond one source
  should look like the other.
- tone: the luma of both targets is lifted in the shadows, always and everywhere alike, so that what either camera has
  in the dark keeps some of the 8 bits of the fused picture.

All pictures are floating point, nominally 0..1; visible and fused [B, 3, H, W] RGB, thermal [B, 1, H, W].
"""

from dataclasses import dataclass

import torch
from torch import Tensor

WINDOW, SIGMA = 11, 1.5  # of SSIM (Wang et al., 2004)


@dataclass(frozen=True)
class Weights:
    """Weights of the parts of eq. 14 and what shapes the intensity target."""

    intensity: float = 20.0
    ssim: float = 0.1
    gradient: float = 2.0
    colour: float = 15.0
    complementarity: float = 0.03
    thermal_ssim: float = 0.25  # delta_ir of eq. 11
    additive: float = 0.13  # share of the mean-free sum in the intensity target; the rest is the maximum
    contrast: float = 1.08  # of the intensity target, about its mean
    tone: float = 0.9  # exponent on the luma of both targets; below 1 lifts the shadows a little


def luma(picture: Tensor) -> Tensor:
    """[B, 3, H, W] RGB -> [B, 1, H, W] luma (BT.601)."""
    r, g, b = picture.split(1, dim=1)
    return 0.299 * r + 0.587 * g + 0.114 * b


def chroma(picture: Tensor) -> Tensor:
    """[B, 3, H, W] RGB -> [B, 2, H, W] Cb and Cr about 0 (F_CbCr of eq. 13)."""
    y = luma(picture)
    return torch.cat([(picture[:, 2:] - y) * 0.564, (picture[:, :1] - y) * 0.713], dim=1)


def intensity_target(visible: Tensor, thermal: Tensor, additive: float = 0.0, contrast: float = 1.0) -> Tensor:
    """The brightness to reach: max(visible, thermal) of eq. 10, mixed with the mean-free sum. [B, 1, H, W] each."""
    total = visible + thermal - thermal.mean((2, 3), keepdim=True)
    target = (1 - additive) * torch.maximum(visible, thermal) + additive * total
    mean = target.mean((2, 3), keepdim=True)
    return ((target - mean) * contrast + mean).clamp(0, 1)


def ssim(a: Tensor, b: Tensor) -> Tensor:
    """Mean structural similarity, one number, of [B, 1, H, W] pictures of range 1; 'valid' Gaussian windows."""
    maps = torch.cat([a, b, a * a, b * b, a * b])
    maps = _window(a.shape[2], a).T @ maps @ _window(a.shape[3], a)
    mean_a, mean_b, aa, bb, ab = maps.chunk(5)
    c1, c2 = 0.01**2, 0.03**2
    structure = (2 * (ab - mean_a * mean_b) + c2) / (aa - mean_a**2 + bb - mean_b**2 + c2)
    return ((2 * mean_a * mean_b + c1) / (mean_a**2 + mean_b**2 + c1) * structure).mean()


def gradient_loss(fused: Tensor, visible: Tensor, thermal: Tensor) -> Tensor:
    """Eq. 12 on [B, 1, H, W] luma: each difference follows the source in which it is the stronger, sign and all."""
    loss = fused.new_zeros(())
    for dim in (2, 3):
        of_fused, of_visible, of_thermal = (torch.diff(x, dim=dim) for x in (fused, visible, thermal))
        strongest = torch.where(of_visible.abs() >= of_thermal.abs(), of_visible, of_thermal)
        loss = loss + (of_fused - strongest).abs().mean()
    return loss


def complementarity_loss(fused: Tensor, visible: Tensor, thermal: Tensor) -> Tensor:
    """2 - SCD over each crop, averaged: 0 where both differences look like the other source. [B, 1, H, W] each."""
    return 2 - (_correlation(fused - visible, thermal) + _correlation(fused - thermal, visible)).mean()


def fusion_loss(fused: Tensor, visible: Tensor, thermal: Tensor, weights: Weights) -> dict[str, Tensor]:
    """Eq. 14: every part by name, unweighted, and their weighted sum as "total".

    Args:
        fused: [B, 3, H, W], the network's output, not clamped.
        visible: [B, 3, H, W] restoration target.
        thermal: [B, 1, H, W] restoration target.
        weights: of the parts.

    Raises:
        ValueError: shapes that do not belong together, or pictures smaller than the SSIM window.
    """
    batch, _, height, width = fused.shape
    if fused.shape != visible.shape or thermal.shape != (batch, 1, height, width):
        shapes = ", ".join(str(tuple(x.shape)) for x in (fused, visible, thermal))
        raise ValueError(f"fused, visible [B, 3, H, W] and thermal [B, 1, H, W] expected, got {shapes}")
    if min(height, width) < WINDOW:
        raise ValueError(f"pictures of {height}x{width} are smaller than the SSIM window of {WINDOW}")
    y = luma(fused)
    y_visible, thermal = (x.clamp(0, 1) ** weights.tone for x in (luma(visible), thermal))
    target = intensity_target(y_visible, thermal, weights.additive, weights.contrast)
    parts = {
        "intensity": (y - target).abs().mean(),
        "ssim": 1 - ssim(y, y_visible) + weights.thermal_ssim * (1 - ssim(y, thermal)),
        "gradient": gradient_loss(y, y_visible, thermal),
        "colour": (chroma(fused) - chroma(visible)).abs().mean(),
        "complementarity": complementarity_loss(y, y_visible, thermal),
    }
    parts["total"] = sum(getattr(weights, name) * part for name, part in parts.items())
    return parts


def _window(size: int, like: Tensor) -> Tensor:
    """The Gaussian of SSIM as a band matrix [size, size - WINDOW + 1].

    A product with it is many times faster on a CPU than conv2d on one channel.
    """
    at = torch.arange(size, dtype=like.dtype, device=like.device)
    offset = at[:, None] - at[None, : size - WINDOW + 1] - WINDOW // 2
    band = torch.exp(-(offset**2) / (2 * SIGMA**2)) * (offset.abs() <= WINDOW // 2)
    return band / band[:, :1].sum()


def _correlation(a: Tensor, b: Tensor) -> Tensor:
    a, b = a - a.mean((1, 2, 3), keepdim=True), b - b.mean((1, 2, 3), keepdim=True)
    # The floor keeps a flat crop, which has no correlation, from giving an unbounded gradient.
    return (a * b).mean((1, 2, 3)) / torch.sqrt((a * a).mean((1, 2, 3)) * (b * b).mean((1, 2, 3)) + 1e-6)
