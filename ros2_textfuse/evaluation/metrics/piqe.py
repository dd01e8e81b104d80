"""PIQE, how disturbed a single image looks (Venkatanath et al., "Blind image quality evaluation", NCC 2015)."""

import cv2
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

BLOCK = 16  # pixels
SEGMENT = 6  # pixels of a block's edge
ACTIVE = 0.1  # variance of a block that is looked at
IMPAIRED = 0.1  # standard deviation of a segment below which the edge is a compression block's


def piqe(image: NDArray) -> float:
    """PIQE of one image, 0 (undisturbed) .. 100, as MATLAB's function of that name gives it.

    The image is first stretched so that its brightest pixel is 255: a dark image is judged as if it were lit.

    Args:
        image: grey [H, W], whole levels 0..255, H and W > 6.

    Returns:
        0..100, less is better; 100 for an image without texture.
    """
    brightest = float(image.max())
    if brightest == 0:
        return 100.0
    height, width = image.shape
    padded = np.pad(image, ((0, -height % BLOCK), (0, -width % BLOCK)), "symmetric")
    normalised = _contrast_normalised(np.round(padded * (255 / brightest)))
    rows, columns = (side // BLOCK for side in normalised.shape)
    blocks = normalised.reshape(rows, BLOCK, columns, BLOCK).swapaxes(1, 2).reshape(-1, BLOCK, BLOCK)
    variance = blocks.var(axis=(1, 2), ddof=1)
    blocks, variance = blocks[variance > ACTIVE], variance[variance > ACTIVE]
    score = (1 - variance)[_blocky(blocks)].sum() + variance[_noisy(blocks, np.sqrt(variance))].sum()
    return float(100 * (score + 1) / (len(blocks) + 1))


def _contrast_normalised(image: NDArray) -> NDArray[np.float64]:
    """Minus the local mean, divided by the local deviation."""
    mean, square = (
        np.asarray(cv2.GaussianBlur(p, (7, 7), 7 / 6, borderType=cv2.BORDER_REPLICATE), np.float64)
        for p in (image, image * image)
    )
    return (image - mean) / (np.sqrt(np.abs(square - mean * mean)) + 1)


def _blocky(blocks: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Blocks with a smooth segment on their edge, the mark of compression: bool [N] of [N, BLOCK, BLOCK]."""
    edges = np.stack([blocks[:, 0], blocks[:, -1], blocks[:, :, 0], blocks[:, :, -1]], axis=1)
    deviation = sliding_window_view(edges, SEGMENT, axis=2).std(axis=3, ddof=1)
    return (deviation < IMPAIRED).any(axis=(1, 2))


def _noisy(blocks: NDArray[np.float64], deviation: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Blocks whose centre varies like the rest, as in noise: bool [N] of [N, BLOCK, BLOCK] and their deviation [N]."""
    middle = BLOCK // 2
    centre = blocks[:, :, middle - 1 : middle + 1].std(axis=(1, 2), ddof=1)
    # MATLAB's function removes one centre column, then, its neighbours having moved up, the one after the other.
    surround = np.delete(blocks, (middle - 1, middle + 1), axis=2).std(axis=(1, 2), ddof=1)
    ratio = np.divide(centre, surround, out=np.zeros_like(centre), where=surround > 0)
    return deviation > 2 * np.abs(deviation - ratio) / np.maximum(deviation, ratio)
