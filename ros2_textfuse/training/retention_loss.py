"""What either camera shows plainly stays plain: the target that chooses a camera by region, and losses on boxes.

A maximum of both cameras cancels a figure that is dark in one and bright in the other, and washes out a warm person on
a warm road. Here one camera wins in each region, the one with more contrast at the size of objects, and the fused image
takes its contrast, sign and all. Only what is larger than objects, the brightness of wide areas, is the sum of both.

All images are floating point, nominally 0..1, [B, 1, H, W].
"""

import math
from functools import cache

import torch
from torch import Tensor

from ros2_textfuse.saliency.surroundings import RING
from ros2_textfuse.training import processes

SIZES = (4.0, 8.0, 16.0)  # pixels, the Gaussian windows in which the cameras' contrast is compared
LEVELS = 5  # bands that are taken from the winner, the widest of 2**5 pixels
DECISIVE = 4.0  # power of the compared contrasts: the larger, the harder the choice
NOISE = 3e-3  # contrast energy below which neither camera has anything to choose
BINS = (16, 32)  # of the grey histograms compared inside and around a box
PLAIN = 0.2  # separability from which on a box counts, the more the larger
KNOWN = 3.0  # weight of a known object beside a box drawn at random
TILT = 2.5  # log of the factor on the energy of thermal at a balance of 1
LIFT = 0.8  # by how much more of thermal's wide areas there is at a balance of 1
DISREGARD = 0.9  # at a balance of 1 or -1: of the other camera's wide areas, and of how plainly it shows a box


def choose(visible: Tensor, thermal: Tensor, preference: float | Tensor = 1.0, colour: Tensor | None = None) -> Tensor:
    """Share of thermal in each region, 0..1, by the contrast energy of both cameras at the size of objects.

    Args:
        visible: luma.
        thermal: thermal.
        preference: factor on the thermal energy, one or [B, 1, 1, 1].
        colour: [B, 2, H, W], chroma of the visible image, whose contrast counts as well.
    """
    ours, theirs = _energy(visible), preference * _energy(thermal)
    if colour is not None:
        ours = ours + _energy(colour[:, :1]) + _energy(colour[:, 1:])
    return theirs**DECISIVE / (theirs**DECISIVE + ours**DECISIVE + NOISE ** (2 * DECISIVE))


def _energy(image: Tensor) -> Tensor:
    return sum((_gauss((image - _gauss(image, size)) ** 2, size) for size in SIZES), torch.zeros_like(image))


def seen_target(
    visible: Tensor,
    thermal: Tensor,
    colour: Tensor | None = None,
    limit: Tensor | float = 1.0,
    balance: Tensor | float = 0.0,
    *,
    preference: float,
    gain: float,
    room: float,
) -> Tensor:
    """The luma to reach: bands up to 32 pixels of the camera chosen in each region, on the sum of what is wider.

    The cameras are compared by what would be left of their contrast on that sum: a warm person before a bright sky has
    no room to be brighter, and stays dark if the visible camera shows a dark one.

    Args:
        visible: luma.
        thermal: thermal.
        colour: of `choose`.
        limit: luma that is not to be exceeded, one or [B, 1, H, W].
        balance: -1 (visible) .. 1 (thermal), one or [B, 1, 1, 1]: the choice in each region leans to that camera, and
            wide areas have less of the other one.
        preference: of `choose`.
        gain: of the bands.
        room: parts of full scale that the wide areas leave free above and below for what stands on them.
    """
    balance, limit = (torch.as_tensor(x, dtype=visible.dtype, device=visible.device) for x in (balance, limit))
    (bands, around), (thermal_bands, thermal_around) = _bands(visible), _bands(thermal)
    middle, thermal_middle = around.mean((2, 3), keepdim=True), thermal_around.mean((2, 3), keepdim=True)
    of_visible = 1 - DISREGARD * balance.clamp(min=0)
    of_thermal = 1 + LIFT * balance.clamp(min=0) + DISREGARD * balance.clamp(max=0)
    wide = compress(middle + of_visible * (around - middle) + of_thermal * (thermal_around - thermal_middle), room)

    def on_it(detail: Tensor) -> Tensor:
        return torch.minimum((wide + gain * detail).clamp(0, 1), limit)

    ours, theirs = (on_it(sum(of, torch.zeros_like(visible))) - wide for of in (bands, thermal_bands))
    share = choose(ours, theirs, preference * torch.exp(TILT * balance), colour)
    # A pyramid's rule: the wider the band, the smoother the seam.
    smooth = [_gauss(share, max(2.0, 2.0**level / 2)) for level in range(LEVELS)]
    return on_it(sum(map(torch.lerp, bands, thermal_bands, smooth), torch.zeros_like(visible)))


def _bands(image: Tensor) -> tuple[list[Tensor], Tensor]:
    """What lies between Gaussians of doubling size, the finest first, and what is wider than the last."""
    bands = []
    for level in range(LEVELS):
        around = _gauss(image, 2.0**level)
        bands.append(image - around)
        image = around
    return bands, image


def compress(image: Tensor, room: float) -> Tensor:
    """Bend values above 1 - 2 room and below room smoothly towards 1 - room and room / 2."""
    if not room:
        return image
    high, low = 1 - 2 * room, room
    image = torch.where(image > high, high + room * torch.tanh((image - high) / (1.5 * room)), image)
    return torch.where(image < low, low - room / 2 * torch.tanh((low - image) / (0.75 * room)), image)


def retention_loss(
    fused: Tensor,
    visible: Tensor,
    thermal: Tensor,
    boxes: int = 24,
    generator: torch.Generator | None = None,
    balance: Tensor | None = None,
    objects: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """What random boxes and known objects lose against the camera that shows them better, at every other pixel.

    Args:
        fused: luma, [B, 1, H, W].
        visible: luma.
        thermal: thermal.
        boxes: how many in each image.
        generator: to draw them from; the default one if None.
        balance: [B], -1 (visible) .. 1 (thermal): how far the other camera is disregarded; None for 0.
        objects: [B, N, 5], known ones: class (below 0: no object), left, top, right, bottom in pixels; None for none.

    Returns:
        Loss of separability (1 minus the overlap of soft grey histograms inside and around), and of signed contrast
        (mean inside minus mean around, as far as the ground leaves room for it), both averaged over boxes with their
        separability as weight.
    """
    down, right = torch.randint(2, (2,), generator=generator).tolist()
    fused, visible, thermal = (x[..., down::2, right::2] for x in (fused, visible, thermal))
    height, width = fused.shape[2:]
    inside, around = _masks(_drawn(len(fused), boxes, height, width, fused.device, generator), height, width)
    known = torch.ones((), device=fused.device)
    if objects is not None:
        at = objects[..., 1:] - torch.tensor([right, down, right, down], device=objects.device)
        of_objects = _masks(at / 2, height, width)
        inside, around = (torch.cat(pair, 1) for pair in zip((inside, around), of_objects, strict=True))
        known = torch.cat([known.expand(len(fused), boxes), KNOWN * (objects[..., 0] >= 0)], 1)
    regard = fused.new_ones(2, len(fused), 1)
    if balance is not None:
        regard = 1 - DISREGARD * torch.stack([balance.clamp(min=0), (-balance).clamp(min=0)])[..., None]
    with torch.no_grad():
        sources = [_seen(x.clamp(0, 1), inside, around) for x in (visible, thermal)]
        # [camera, bins, box of each image]
        separabilities = regard[:, None] * torch.stack([separability for separability, _ in sources])
        better = separabilities.amax(0)
        weight = known * (better[-1] - PLAIN).clamp(min=0)
        weight = weight / processes.mean(weight.sum()).clamp(min=1e-3)
        contrasts = torch.stack([contrast for _, contrast in sources])
        # What is warm before a bright sky cannot be brighter than white.
        level = (around @ fused.clamp(0, 1).flatten(2).transpose(1, 2))[..., 0]
        possible = regard * contrasts.abs().minimum(torch.where(contrasts > 0, 1 - level, level))
        stronger, camera = possible.max(0)
        sign = torch.gather(contrasts, 0, camera[None])[0].sign()
    separability, contrast = _seen(fused, inside, around)
    lost = ((better - separability).clamp(min=0) * weight).sum((1, 2)).mean()
    faded = ((stronger - contrast * sign).clamp(min=0) * weight).sum()
    return lost, faded


def _seen(image: Tensor, inside: Tensor, around: Tensor) -> tuple[Tensor, Tensor]:
    """Separability [len(BINS), B, N] and contrast [B, N] of boxes whose masks [B, N, H W] are normalised."""
    pixels = image.flatten(2).transpose(1, 2)  # [B, H W, 1]
    separabilities = []
    for bins in BINS:
        middles = torch.arange(bins, dtype=image.dtype, device=image.device)
        shares = (1 - (pixels * bins - 0.5 - middles).abs()).clamp(min=0)
        within, beyond = inside @ shares, around @ shares
        separabilities.append(1 - torch.minimum(within, beyond).sum(-1))
    return torch.stack(separabilities), ((inside - around) @ pixels)[..., 0]


def _drawn(
    batch: int, count: int, height: int, width: int, device: torch.device, generator: torch.Generator | None
) -> Tensor:
    """Random boxes [B, N, 4] (left, top, right, bottom), a sixteenth to 0.4 of the image high."""
    drawn = torch.rand((4, batch * processes.count(), count), generator=generator)
    drawn = processes.own_part(drawn, dim=1).to(device)
    high = height / 16 * (16 / 2.5) ** drawn[0]
    wide = (high * 0.4 * 5 ** drawn[1]).clamp(max=width / 2.5)
    y, x = (high / 2 + drawn[2] * (height - high)), (wide / 2 + drawn[3] * (width - wide))
    return torch.stack([x - wide / 2, y - high / 2, x + wide / 2, y + high / 2], -1)


def _masks(boxes: Tensor, height: int, width: int) -> tuple[Tensor, Tensor]:
    """Masks [B, N, H W] of boxes [B, N, 4] and of their rings; each sums to 1, or to 0 where the box is empty."""
    x, y = boxes[..., ::2].mean(-1), boxes[..., 1::2].mean(-1)
    wide, high = boxes[..., 2] - boxes[..., 0], boxes[..., 3] - boxes[..., 1]
    masks = []
    for margin in (0.0, RING):
        tall = (high / 2 + (margin * high).clamp(min=1.5 * (margin > 0)))[..., None]
        broad = (wide / 2 + (margin * wide).clamp(min=1.5 * (margin > 0)))[..., None]
        rows = (torch.arange(height, device=boxes.device) + 0.5 - y[..., None]).abs() <= tall
        columns = (torch.arange(width, device=boxes.device) + 0.5 - x[..., None]).abs() <= broad
        masks.append((rows[..., :, None] & columns[..., None, :]).flatten(2).float())
    inside, ring = masks[0], masks[1] - masks[0]
    return inside / inside.sum(-1, keepdim=True).clamp(min=1), ring / ring.sum(-1, keepdim=True).clamp(min=1)


def _gauss(image: Tensor, sigma: float) -> Tensor:
    """Gaussian average [B, 1, H, W] with replicated borders: two products with banded matrices."""
    rows, columns = (_average(size, sigma, image.dtype, image.device) for size in image.shape[2:])
    return rows @ image @ columns.T


@cache
def _average(size: int, sigma: float, dtype: torch.dtype, device: torch.device) -> Tensor:
    """[size, size]: Gaussian average of a line, its border replicated."""
    reach = math.ceil(3 * sigma)
    offsets = torch.arange(-reach, reach + 1, dtype=torch.float64)
    kernel = torch.exp(-(offsets**2) / (2 * sigma**2))
    matrix = torch.zeros(size, size, dtype=torch.float64)
    for at in range(size):
        matrix[at].index_add_(0, (at + offsets).clamp(0, size - 1).long(), kernel / kernel.sum())
    return matrix.to(dtype).to(device)
