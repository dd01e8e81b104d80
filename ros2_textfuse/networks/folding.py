"""Folded images: the 4x4 pixels of a cell as channels (pixel unshuffle), so that memory is walked through in order.

Everything that a network does to single pixels, to cells or to both is a few passes over few large blocks there; on the
unfolded image, the same takes a processor a third longer. An image of C channels is [B, 16 C, H / 4, W / 4]; the 16
pixels of the first channel come first, by rows.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from ros2_textfuse.imaging.luma import LUMA

FOLD = 4
CELL = FOLD**2  # pixels


def fold(image: Tensor) -> Tensor:
    """[B, C, H, W] -> [B, 16 C, H / 4, W / 4]."""
    return F.pixel_unshuffle(image, FOLD)


def unfold(folded: Tensor) -> Tensor:
    """[B, 16 C, H / 4, W / 4] -> [B, C, H, W]."""
    return F.pixel_shuffle(folded, FOLD)


def pixels(folded: Tensor) -> Tensor:
    """[B, 16 C, h, w] -> [B, C, 16, h, w]."""
    return folded.unflatten(1, (-1, CELL))


def luma(image: Tensor) -> Tensor:
    """RGB, folded or not, [B, 3 n, H, W] -> luma (BT.601) [B, n, H, W]."""
    red, green, blue = image.chunk(3, dim=1)
    return LUMA[0] * red + LUMA[1] * green + LUMA[2] * blue


def cell_means(folded: Tensor) -> Tensor:
    """[B, 16 C, h, w] -> [B, C, h, w]."""
    return pixels(folded).mean(2)


def interpolation(channels: int) -> Tensor:
    """Weights [16 C, C, 3, 3] of the convolution that is bilinear interpolation from cells to folded pixels."""
    kernel = torch.zeros(channels, CELL, channels, 3, 3)
    # Where a cell's pixels lie between its own centre and its neighbours', in cells.
    shares = []
    for position in range(FOLD):
        offset = (position + 0.5) / FOLD - 0.5
        shares.append(torch.tensor([max(-offset, 0), 1 - abs(offset), max(offset, 0)]))
    for pixel in range(CELL):
        row, column = divmod(pixel, FOLD)
        for channel in range(channels):
            kernel[channel, pixel, channel] = torch.outer(shares[row], shares[column])
    return kernel.flatten(0, 1)


def interpolate(cells: Tensor, kernel: Tensor) -> Tensor:
    """Bilinear interpolation: cells [B, C, h, w] and the kernel of `interpolation` -> folded [B, 16 C, h, w]."""
    return F.conv2d(F.pad(cells, (1, 1, 1, 1), mode="replicate"), kernel)
