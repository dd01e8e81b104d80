"""Fusion metrics, as the field's two common evaluators compute them.

The definitions are those that the MATLAB toolbox of Tang et al. and the Python evaluator of CDDFuse (Zhao et al., CVPR
2023) share; where the field has several, the docstring of a metric says which is meant. All take grey images of one
size with values 0..255 and compute in float64; f is the fused image, a and b are its sources.
"""

from collections.abc import Iterator, Sequence

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from ros2_textfuse.errors import TextfuseError
from ros2_textfuse.evaluation.metrics.piqe import piqe
from ros2_textfuse.imaging.luma import LUMA

Grey = NDArray[np.float64]

SMALLEST = 42  # pixels; the fourth scale of VIF has no window in less
VIF_NOISE = 2.0  # variance of the noise of human vision in VIF
STRIP = 64  # rows that are worked on at a time: a strip and what is made of it stay in the processor's cache
SINGLE = ("EN", "SD", "SF", "AG", "PIQE")  # need no sources: cameras have them too
LESS_IS_BETTER = ("PIQE",)


class MetricError(TextfuseError, ValueError):
    """Images cannot be measured: they are too small, of different sizes, or have values outside 0..255."""


def evaluate(thermal: ArrayLike, visible: ArrayLike, fused: ArrayLike) -> dict[str, float]:
    """All metrics of one fused image.

    Args:
        thermal: grey [H, W], 0..255.
        visible: grey [H, W], 0..255.
        fused: grey [H, W], 0..255.

    Returns:
        EN, SD, SF, AG and PIQE of the fused image; SCD, VIF, Qabf, MI, SSIM and CC of it against its sources. More
        is better, but for PIQE.

    Raises:
        MetricError: an image is not grey, smaller than 42 pixels on a side, of another size than the fused one, or has
            values outside 0..255.
    """
    a, b, f = (_checked(image, name) for image, name in ((thermal, "thermal"), (visible, "visible"), (fused, "fused")))
    if not a.shape == b.shape == f.shape:
        raise MetricError(f"sizes differ: thermal {a.shape}, visible {b.shape}, fused {f.shape}")
    return {
        **_single(f),
        "SCD": sum_of_correlations_of_differences(a, b, f),
        "VIF": sum(visual_information_fidelity([a, b], f)),
        "Qabf": edge_preservation(a, b, f),
        "MI": mutual_information(a, f) + mutual_information(b, f),
        "SSIM": sum(structural_similarity([a, b], f)),
        "CC": (correlation(a, f) + correlation(b, f)) / 2,
    }


def evaluate_single(image: ArrayLike) -> dict[str, float]:
    """The metrics that need no sources, EN, SD, SF, AG and PIQE, of any image: fused, or a camera's own.

    Args:
        image: grey [H, W], 0..255.

    Raises:
        MetricError: the image is not grey, smaller than 42 pixels on a side, or has values outside 0..255.
    """
    return _single(_checked(image, "the image"))


def to_grey(image: NDArray) -> Grey:
    """RGB [H, W, 3] or grey [H, W] to grey float64 [H, W] by the weights of BT.601."""
    return image @ np.array(LUMA) if image.ndim == 3 else image.astype(np.float64)


def entropy(f: Grey) -> float:
    """EN in bits, of the histogram of 256 levels (Roberts et al., 2008)."""
    return _entropy(np.bincount(_levels(f).ravel(), minlength=256))


def spatial_frequency(f: Grey) -> float:
    """SF, the root of the summed mean squares of row and column differences (Eskicioglu and Fisher, 1995)."""
    return float(np.sqrt(np.mean(np.diff(f, axis=0) ** 2) + np.mean(np.diff(f, axis=1) ** 2)))


def average_gradient(f: Grey) -> float:
    """AG by central differences, one-sided at the border (Cui et al., 2015)."""
    dy, dx = np.gradient(f)
    return float(np.mean(np.sqrt((dx**2 + dy**2) / 2)))


def sum_of_correlations_of_differences(a: Grey, b: Grey, f: Grey) -> float:
    """SCD, -2..2: how much what is beyond one source is the other one (Aslantas and Bendes, 2015)."""
    return correlation(f - b, a) + correlation(f - a, b)


def correlation(x: Grey, y: Grey) -> float:
    """Pearson's, -1..1; 0 where an image is flat. The fusion metric CC is its mean over both sources."""
    x, y = x - x.mean(), y - y.mean()
    # Not by BLAS, whose sums depend on the number of threads in their last digits.
    size = np.sqrt((x * x).sum() * (y * y).sum())
    return float((x * y).sum() / size) if size > 0 else 0.0


def mutual_information(a: Grey, f: Grey) -> float:
    """Mutual information of two images of 256 levels in nats, as scikit-learn and CDDFuse's evaluator have it.

    Toolboxes in MATLAB give bits: divide by ln 2.
    """
    joint = np.bincount((_levels(a).astype(np.int64) * 256 + _levels(f)).ravel(), minlength=65536)
    table = joint.reshape(256, 256)
    bits = _entropy(table.sum(0)) + _entropy(table.sum(1)) - _entropy(joint)
    return bits * float(np.log(2))


def structural_similarity(sources: Sequence[Grey], f: Grey) -> list[float]:
    """SSIM of f with each source, by a Gaussian window of 11 pixels, sigma 1.5, 'valid' (Wang et al., 2004).

    The fusion metric SSIM is their sum.
    """
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    sums, count = np.zeros(len(sources)), 0
    for mean_f, var_f, of_sources in _statistics(sources, f, 11, 1.5):
        count += mean_f.size
        for number, (mean, var, covariance) in enumerate(of_sources):
            above = (2 * mean * mean_f + c1) * (2 * covariance + c2)
            sums[number] += (above / ((mean**2 + mean_f**2 + c1) * (var + var_f + c2))).sum()
    return (sums / count).tolist()


def visual_information_fidelity(sources: Sequence[Grey], f: Grey) -> list[float]:
    """Pixel-domain VIF of f against each source: 4 scales, windows of 17, 9, 5, 3 (Sheikh and Bovik, 2006).

    The fusion metric VIF is their sum. A source without any variance has no information to keep and counts 1.
    """
    images = [*sources, f]
    seen, there = np.zeros(len(sources)), np.zeros(len(sources))
    for window in (17, 9, 5, 3):
        sigma = window / 5
        if window < 17:
            images = [np.ascontiguousarray(_smooth(image, window, sigma)[::2, ::2]) for image in images]
        for _, var_f, of_sources in _statistics(images[:-1], images[-1], window, sigma):
            for number, (_, var, covariance) in enumerate(of_sources):
                seen[number] += _information_seen(var, var_f, covariance)
                there[number] += np.log1p(var / VIF_NOISE).sum()
    return [float(s / t) if t > 0 else 1.0 for s, t in zip(seen, there, strict=True)]


def edge_preservation(a: Grey, b: Grey, f: Grey) -> float:
    """Qabf, 0..1: how well strength and direction of the sources' edges are kept (Xydeas and Petrovic, 2000)."""
    kept = total = 0.0
    for top in range(0, len(f), STRIP):
        (strength_f, angle_f), *sources = (_edges(image, top, STRIP) for image in (f, a, b))
        for strength, angle in sources:
            larger = np.maximum(strength, strength_f)
            larger[larger == 0] = 1  # no edge in either: the ratio is 0, and so is its weight
            ratio = np.minimum(strength, strength_f) / larger
            agreement = 1 - np.abs(angle - angle_f) / (np.pi / 2)
            quality = 0.9994 * 0.9879 / ((1 + np.exp(-15 * (ratio - 0.5))) * (1 + np.exp(-22 * (agreement - 0.8))))
            kept += float((quality * strength).sum())
            total += float(strength.sum())
    return kept / total if total > 0 else 0.0


def _single(f: Grey) -> dict[str, float]:
    return {
        "EN": entropy(f),
        "SD": float(f.std()),
        "SF": spatial_frequency(f),
        "AG": average_gradient(f),
        "PIQE": piqe(_levels(f)),
    }


def _checked(image: ArrayLike, name: str) -> Grey:
    grey = np.asarray(image, np.float64)
    if grey.ndim != 2 or min(grey.shape) < SMALLEST:
        raise MetricError(
            f"{name} has the shape {grey.shape}: a grey image [H, W] of at least {SMALLEST} pixels is needed"
        )
    if not (np.isfinite(grey).all() and grey.min() >= 0 and grey.max() <= 255):
        raise MetricError(f"{name} has values outside 0..255")
    return grey


def _levels(image: Grey) -> NDArray[np.uint8]:
    return np.round(image).astype(np.uint8)


def _entropy(counts: NDArray) -> float:
    share = counts[counts > 0] / counts.sum()
    return float(-(share * np.log2(share)).sum())


def _smooth(image: Grey, window: int, sigma: float) -> Grey:
    """Gaussian average of every whole window: [H, W] -> [H - window + 1, W - window + 1]."""
    kernel = cv2.getGaussianKernel(window, sigma, cv2.CV_64F)
    border = window // 2
    smoothed = np.asarray(cv2.sepFilter2D(image, cv2.CV_64F, kernel, kernel), np.float64)
    return smoothed[border:-border, border:-border]


def _statistics(
    sources: Sequence[Grey], f: Grey, window: int, sigma: float
) -> Iterator[tuple[Grey, Grey, list[tuple[Grey, Grey, Grey]]]]:
    """In Gaussian windows, strip by strip: mean and variance of f; mean, variance and covariance of each source."""
    for top in range(0, len(f) - window + 1, STRIP):
        strip = slice(top, top + STRIP + window - 1)
        fused = f[strip]
        mean_f, ff = (_smooth(p, window, sigma) for p in (fused, fused * fused))
        of_sources = []
        for source in (image[strip] for image in sources):
            mean, square, product = (_smooth(p, window, sigma) for p in (source, source * source, source * fused))
            of_sources.append((mean, np.maximum(square - mean**2, 0), product - mean * mean_f))
        yield mean_f, np.maximum(ff - mean_f**2, 0), of_sources


def _information_seen(var_source: Grey, var_fused: Grey, covariance: Grey) -> float:
    """Sheikh and Bovik's numerator, in nats: what gets through the channel fused = gain * source + noise."""
    tiny = 1e-10
    textured = (var_source >= tiny) & (var_fused >= tiny)
    gain = np.where(textured, covariance / (var_source + tiny), 0)
    gain = np.maximum(gain, 0)  # an inverted pattern tells nothing
    noise = np.maximum(var_fused - gain * covariance, tiny)
    return float(np.log1p(gain**2 * var_source / (noise + VIF_NOISE)).sum())


def _edges(image: Grey, top: int, rows: int) -> tuple[Grey, Grey]:
    """Strength, and angle in -pi/2..pi/2, of Sobel edges in some rows of an image with a border of zeros."""
    first, last = max(top - 1, 0), min(top + rows + 1, len(image))
    # The neighbouring rows come along, so that only the image's own border is one of zeros.
    inside = slice(top - first, min(top + rows, len(image)) - first)
    dx, dy = (
        np.asarray(cv2.Sobel(image[first:last], cv2.CV_64F, *order, borderType=cv2.BORDER_CONSTANT), np.float64)[inside]
        for order in ((1, 0), (0, 1))
    )
    upright = dx == 0
    angle = np.where(upright, np.pi / 2, np.arctan(dy / np.where(upright, 1, dx)))
    return np.sqrt(dx * dx + dy * dy), angle
