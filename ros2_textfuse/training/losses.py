"""The losses of Text-IF (Yi et al., CVPR 2024), eq. 10-14, on restoration targets.

`visible` and `thermal` are what the prompt asks for, not what the camera gave: the clean image for every degradation
that the prompt names, the degraded one for those that it does not. So the network repairs when told to and only then.

Departures from the paper, each for a fault that its losses have on driving scenes:

- eq. 10: the plain maximum washes out a bright day, where most of the thermal image lies above the visible one. A
  share of the target, larger where both images are bright, is the visible image plus the thermal one about its
  mean, which also lets cold things darken. And where the visible image has more structure than the thermal one, the
  maximum is taken of their surroundings and the visible detail kept on it: a dark figure before a bright sky that is
  warm as well would turn white on white. Where both images are bright, contrast is raised.
- eq. 11: visual information fidelity (VIF) in place of SSIM. Both want the sources' structure; SSIM punishes contrast
  beyond that of a source, VIF counts it as information.
- eq. 12: gradients keep their sign. Without it, an edge of the wrong direction, a halo, costs nothing.
- complementarity (the SCD metric of Aslantas & Bendes, 2015, as a loss): what the fused image has beyond one source
  should look like the other.
- tone: the luma of both targets is lifted in the shadows, always and everywhere alike, so that what either camera has
  in the dark keeps some of the 8 bits of the fused image.

All images are floating point, nominally 0..1; visible and fused [B, 3, H, W] RGB, thermal [B, 1, H, W].
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from ros2_textfuse.networks.folding import fold, luma
from ros2_textfuse.training.retention_loss import retention_loss, seen_target

WINDOWS = (17, 9)  # of VIF, at full and at half resolution
VISION_NOISE = 2.0 / 255**2  # variance of the noise of human vision in VIF
SMALLEST = 2 * WINDOWS[1] + WINDOWS[1] - 1  # pixels; half resolution then has one window
PALED = 0.6  # of all colour, at a balance of 1
FLOOR = 0.1  # of what a source holds, for each pixel, in the units of VIF


@dataclass(frozen=True)
class Weights:
    """Weights of the parts of eq. 14 and what shapes the intensity target."""

    intensity: float = 20.0
    gradient: float = 8.0
    grid: float = 60.0
    colour: float = 15.0
    complementarity: float = 0.06
    fidelity: float = 1.5
    separability: float = 10.0
    faded: float = 15.0
    preference: float = 1.6  # for thermal, where one camera is chosen
    gain: float = 1.08  # of the chosen camera's contrast
    room: float = 0.1  # that wide areas leave above and below for what stands on them
    vividness: float = 0.8  # how far the saturation of a colour keeps it from being brightened; 0 not at all
    tone: float = 0.9  # exponent on the luma of both targets; below 1 lifts the shadows a little


def chroma(image: Tensor) -> Tensor:
    """[B, 3, H, W] RGB -> [B, 2, H, W] Cb and Cr about 0 (F_CbCr of eq. 13)."""
    y = luma(image)
    return torch.cat([(image[:, 2:] - y) * 0.564, (image[:, :1] - y) * 0.713], dim=1)


def brightest(visible: Tensor, vividness: float) -> Tensor:
    """The luma up to which a colour may be brightened: [B, 3, H, W] -> [B, 1, H, W].

    White for what is grey. For a pure colour its own luma, or what is red and warm would turn pink.
    """
    most, least = visible.amax(1, keepdim=True), visible.amin(1, keepdim=True)
    # In the dark a few levels of noise look like a pure colour.
    saturation = vividness * (most - least) / most.clamp(min=1e-3) * ((most - least) / 0.15).clamp(max=1)
    y = luma(visible)
    return y + (1 - y) * (1 - saturation)


def paled(colour: Tensor, balance: Tensor | None) -> Tensor:
    """Chroma [B, 2, H, W] as far as a balance [B] towards thermal, which has none, leaves it."""
    return colour if balance is None else colour * (1 - PALED * balance.clamp(min=0)[:, None, None, None])


def grid_loss(error: Tensor) -> Tensor:
    """What neighbouring 4x4 cells have in common of an error [B, 1, H, W]: the trace of the network's fold."""
    cells = F.avg_pool2d(fold(error), 6, stride=3)
    return (cells - cells.mean(1, keepdim=True)).abs().mean()


def fidelity(fused: Tensor, sources: tuple[Tensor, ...]) -> Tensor:
    """Pixel-domain VIF (Sheikh and Bovik, 2006) of its two finest scales, summed over sources. [B, 1, H, W] each.

    What a source holds has a floor, so that flat crops, which have nothing to lose, do not rule the average.
    """
    held = torch.cat(sources, 1)
    seen = there = fused.new_zeros(())
    for window in WINDOWS:
        if window != WINDOWS[0]:
            fused, held = (_smooth(x, window)[..., ::2, ::2] for x in (fused, held))
        mean, mean_square, products = _smooth(torch.cat([fused, fused**2, fused * held], 1), window).split(
            [1, 1, len(sources)], 1
        )
        means, mean_squares = _smooth(torch.cat([held, held**2], 1), window).chunk(2, 1)
        of_fused, of_held = mean_square - mean**2, (mean_squares - means**2).clamp(min=0)
        covariances = products - mean * means
        gain = covariances.clamp(min=0) / (of_held + 1e-7)
        noise = (of_fused - gain * covariances).clamp(min=0) + VISION_NOISE
        seen = seen + torch.log1p(gain**2 * of_held / noise).sum((2, 3))
        there = there + (torch.log1p(of_held / VISION_NOISE) + FLOOR).sum((2, 3))
    return (seen / there).sum(1).mean()


def gradient_loss(fused: Tensor, target: Tensor) -> Tensor:
    """Eq. 12 on [B, 1, H, W] luma: each difference follows the target's, sign and all."""
    return sum((torch.diff(fused - target, dim=dim).abs().mean() for dim in (2, 3)), fused.new_zeros(()))


def imitation_loss(fused: Tensor, taught: Tensor, weights: Weights) -> Tensor:
    """How far an image is from a teacher's of the same pair, [B, 3, H, W] each: eq. 11 to 13 with it as the target."""
    error = luma(fused - taught)
    return (
        weights.intensity * error.abs().mean()
        + weights.gradient * gradient_loss(error, torch.zeros_like(error))
        + weights.grid * grid_loss(error)
        + weights.colour * (chroma(fused) - chroma(taught)).abs().mean()
    )


def complementarity_loss(fused: Tensor, visible: Tensor, thermal: Tensor) -> Tensor:
    """2 - SCD over each crop, averaged: 0 where both differences look like the other source. [B, 1, H, W] each."""
    return 2 - (_correlation(fused - visible, thermal) + _correlation(fused - thermal, visible)).mean()


def fusion_loss(
    fused: Tensor,
    visible: Tensor,
    thermal: Tensor,
    weights: Weights,
    generator: torch.Generator | None = None,
    balance: Tensor | None = None,
    objects: Tensor | None = None,
) -> dict[str, Tensor]:
    """Eq. 14: every part by name, unweighted, and their weighted sum as "total".

    Args:
        fused: [B, 3, H, W], the network's output, not clamped.
        visible: [B, 3, H, W] restoration target.
        thermal: [B, 1, H, W] restoration target.
        weights: of the parts.
        generator: to draw the boxes from.
        balance: [B], which camera the prompt prefers, -1 (visible) .. 1 (thermal); None for 0.
        objects: [B, N, 5], known ones, as of `retention_loss`.

    Raises:
        ValueError: shapes that do not belong together, or images smaller than VIF needs.
    """
    batch, _, height, width = fused.shape
    if fused.shape != visible.shape or thermal.shape != (batch, 1, height, width):
        shapes = ", ".join(str(tuple(x.shape)) for x in (fused, visible, thermal))
        raise ValueError(f"fused, visible [B, 3, H, W] and thermal [B, 1, H, W] expected, got {shapes}")
    if min(height, width) < SMALLEST:
        raise ValueError(f"images of {height}x{width} are smaller than the {SMALLEST} pixels that VIF needs")
    y = luma(fused)
    y_visible, thermal = (x.clamp(0, 1) ** weights.tone for x in (luma(visible), thermal))
    with torch.no_grad():
        colour = chroma(visible)
        target = seen_target(
            y_visible,
            thermal,
            colour,
            brightest(visible, weights.vividness),
            0.0 if balance is None else balance[:, None, None, None],
            preference=weights.preference,
            gain=weights.gain,
            room=weights.room,
        )
    separability, faded = retention_loss(y, y_visible, thermal, generator=generator, balance=balance, objects=objects)
    parts = {
        "intensity": (y - target).abs().mean(),
        "gradient": gradient_loss(y, target),
        "grid": grid_loss(y - target),
        "colour": (chroma(fused) - paled(colour, balance)).abs().mean(),
        "complementarity": complementarity_loss(y, y_visible, thermal),
        "fidelity": 2 - fidelity(y, (y_visible, thermal)),
        "separability": separability,
        "faded": faded,
    }
    parts["total"] = sum(getattr(weights, name) * part for name, part in parts.items())
    return parts


def _smooth(images: Tensor, window: int) -> Tensor:
    """Gaussian average of every whole window; its sigma is a fifth of it."""
    height, width = images.shape[2:]
    return _gaussian(height, window, images).T @ images @ _gaussian(width, window, images)


def _gaussian(size: int, window: int, like: Tensor) -> Tensor:
    """A Gaussian as a band matrix [size, size - window + 1].

    A product with it is many times faster on a CPU than conv2d on one channel.
    """
    at = torch.arange(size, dtype=like.dtype, device=like.device)
    offset = at[:, None] - at[None, : size - window + 1] - window // 2
    band = torch.exp(-(offset**2) / (2 * (window / 5) ** 2)) * (offset.abs() <= window // 2)
    return band / band[:, :1].sum()


def _correlation(a: Tensor, b: Tensor) -> Tensor:
    a, b = a - a.mean((1, 2, 3), keepdim=True), b - b.mean((1, 2, 3), keepdim=True)
    # The floor keeps a flat crop, which has no correlation, from giving an unbounded gradient.
    return (a * b).mean((1, 2, 3)) / torch.sqrt((a * a).mean((1, 2, 3)) * (b * b).mean((1, 2, 3)) + 1e-6)
