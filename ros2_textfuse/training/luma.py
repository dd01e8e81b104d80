"""Luma of images in training."""

from torch import Tensor


def luma(image: Tensor) -> Tensor:
    """[B, 3, H, W] RGB -> [B, 1, H, W] luma (BT.601)."""
    r, g, b = image.split(1, dim=1)
    return 0.299 * r + 0.587 * g + 0.114 * b
