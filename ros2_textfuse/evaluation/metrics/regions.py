"""Retention without known objects, fast enough for every frame: regions on a grid of cells, all at once.

`retention.salient_boxes` looks for a dozen separate regions pixel by pixel and takes a second; this asks the same of
all regions whose corners lie on a grid, from histograms of cells summed up once.
"""

import numpy as np
from numpy.typing import NDArray

from ros2_textfuse.evaluation.metrics.retention import PLAIN
from ros2_textfuse.saliency.surroundings import BINS

CELL = 8  # pixels
SHAPES = ((3, 2), (6, 3), (3, 4), (6, 8))  # rows and columns of cells: near the sizes of `retention.SALIENT_SIZES`


def kept_in_regions(
    visible: NDArray[np.uint8], thermal: NDArray[np.uint8], fused: NDArray[np.uint8]
) -> tuple[float, int]:
    """How much of what either camera shows plainly the fused image still shows.

    A region stands out by its separability: 1 minus the overlap of the grey histograms (32 bins) inside it and in a
    ring of one cell around it. Plain are those with 0.35 or more in either camera.

    Args:
        visible: grey [H, W].
        thermal: grey [H, W], registered.
        fused: grey [H, W].

    Returns:
        The mean over plain regions of fused by better separability, at most 1 for each; NaN where none is plain. And
        how many are.
    """
    sums = [_summed_histograms(image) for image in (visible, thermal, fused)]
    shares: list[NDArray[np.float32]] = []
    for rows, columns in SHAPES:
        if sums[0].shape[0] <= rows + 2 or sums[0].shape[1] <= columns + 2:
            continue
        of_visible, of_thermal, of_fused = (_separability(table, rows, columns) for table in sums)
        better = np.maximum(of_visible, of_thermal)
        plain = better >= PLAIN
        shares.append(np.minimum(of_fused[plain] / better[plain], 1))
    found = np.concatenate(shares) if shares else np.zeros(0, np.float32)
    return (float(found.mean()) if len(found) else float("nan")), len(found)


def _summed_histograms(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Of every rectangle of cells from the top left on: float32 [rows + 1, columns + 1, BINS]; counts stay exact."""
    rows, columns = (size // CELL for size in image.shape)
    bins = image[: rows * CELL, : columns * CELL] // (256 // BINS)
    cell = np.arange(rows)[:, None] * columns + np.arange(columns)
    places = np.repeat(np.repeat(cell * BINS, CELL, 0), CELL, 1) + bins
    counts = np.bincount(places.ravel(), minlength=rows * columns * BINS).reshape(rows, columns, BINS)
    table = np.zeros((rows + 1, columns + 1, BINS), np.float32)
    table[1:, 1:] = counts.cumsum(0).cumsum(1)
    return table


def _separability(table: NDArray[np.float32], rows: int, columns: int) -> NDArray[np.float32]:
    """Of the regions of so many cells whose ring lies in the image, by half a region: float32 [N], 0..1."""
    step = slice(None, None, max(1, rows // 2)), slice(None, None, max(1, columns // 2))
    whole = _counts(table, rows + 2, columns + 2)[step].reshape(-1, BINS)
    inside = _counts(table[1:-1, 1:-1], rows, columns)[step].reshape(-1, BINS)
    around = (whole - inside) / np.float32(((rows + 2) * (columns + 2) - rows * columns) * CELL**2)
    return 1 - np.minimum(inside / np.float32(rows * columns * CELL**2), around).sum(1)


def _counts(table: NDArray[np.float32], rows: int, columns: int) -> NDArray[np.float32]:
    """Histograms of all rectangles of so many cells."""
    return table[rows:, columns:] - table[:-rows, columns:] - table[rows:, :-columns] + table[:-rows, :-columns]
