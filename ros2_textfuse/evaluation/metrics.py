"""Fusion metrics, as the field's two common evaluators compute them.

The definitions are those that the MATLAB toolbox of Tang et al. and the Python evaluator of CDDFuse (Zhao et al., CVPR
2023) share; where the field has several, the docstring of a metric says which is meant. All take grey pictures of one
size with values 0..255 and compute in float64; f is the fused picture, a and b are its sources.
"""

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

Grey = NDArray[np.float64]

SMALLEST = 42  # pixels; the fourth scale of VIF has no window in less
VIF_NOISE = 2.0  # variance of the noise of human vision in VIF


def evaluate(thermal: ArrayLike, visible: ArrayLike, fused: ArrayLike) -> dict[str, float]:
    """All metrics of one fused picture.

    Args:
        thermal: grey [H, W], 0..255.
        visible: grey [H, W], 0..255.
        fused: grey [H, W], 0..255.

    Returns:
        EN, SD, SF, AG of the fused picture; SCD, VIF, Qabf, MI, SSIM of it against its sources. More is better.

    Raises:
        ValueError: a picture is not grey, smaller than 42 pixels on a side, of another size than the fused one, or has
            values outside 0..255.
    """
    a, b, f = (
        _checked(picture, name) for picture, name in ((thermal, "thermal"), (visible, "visible"), (fused, "fused"))
    )
    if not a.shape == b.shape == f.shape:
        raise ValueError(f"sizes differ: thermal {a.shape}, visible {b.shape}, fused {f.shape}")
    return {
        "EN": entropy(f),
        "SD": float(f.std()),
        "SF": spatial_frequency(f),
        "AG": average_gradient(f),
        "SCD": sum_of_correlations_of_differences(a, b, f),
        "VIF": sum(visual_information_fidelity([a, b], f)),
        "Qabf": edge_preservation(a, b, f),
        "MI": mutual_information(a, f) + mutual_information(b, f),
        "SSIM": structural_similarity(a, f) + structural_similarity(b, f),
    }


def to_grey(picture: NDArray) -> Grey:
    """RGB [H, W, 3] or grey [H, W] to grey float64 [H, W] by the weights 0.299, 0.587, 0.114 (BT.601)."""
    return picture @ np.array([0.299, 0.587, 0.114]) if picture.ndim == 3 else picture.astype(np.float64)


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
    return _correlation(f - b, a) + _correlation(f - a, b)


def mutual_information(a: Grey, f: Grey) -> float:
    """Mutual information of two pictures of 256 levels in nats, as scikit-learn and CDDFuse's evaluator have it.

    Toolboxes in MATLAB give bits: divide by ln 2.
    """
    joint = np.bincount((_levels(a).astype(np.int64) * 256 + _levels(f)).ravel(), minlength=65536)
    table = joint.reshape(256, 256)
    bits = _entropy(table.sum(0)) + _entropy(table.sum(1)) - _entropy(joint)
    return bits * float(np.log(2))


def structural_similarity(a: Grey, f: Grey) -> float:
    """SSIM with a Gaussian window of 11 pixels, sigma 1.5, 'valid' (Wang et al., 2004)."""
    mean_a, mean_f, var_a, var_f, covariance = _moments(a, f, 11, 1.5)
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    luminance = (2 * mean_a * mean_f + c1) / (mean_a**2 + mean_f**2 + c1)
    return float(np.mean(luminance * (2 * covariance + c2) / (var_a + var_f + c2)))


def visual_information_fidelity(sources: list[Grey], f: Grey) -> list[float]:
    """Pixel-domain VIF of f against each source: 4 scales, windows of 17, 9, 5, 3 (Sheikh and Bovik, 2006).

    The fusion metric VIF is their sum. A source without any variance has no information to keep and counts 1.
    """
    pictures = [*sources, f]
    seen, there = np.zeros(len(sources)), np.zeros(len(sources))
    for window in (17, 9, 5, 3):
        sigma = window / 5
        if window < 17:
            pictures = [np.ascontiguousarray(_smooth(picture, window, sigma)[::2, ::2]) for picture in pictures]
        for number, source in enumerate(pictures[:-1]):
            _, _, var_source, var_fused, covariance = _moments(source, pictures[-1], window, sigma)
            seen[number] += _information_seen(var_source, var_fused, covariance)
            there[number] += np.log10(1 + var_source / VIF_NOISE).sum()
    return [float(s / t) if t > 0 else 1.0 for s, t in zip(seen, there, strict=True)]


def edge_preservation(a: Grey, b: Grey, f: Grey) -> float:
    """Qabf, 0..1: how well strength and direction of the sources' edges are kept (Xydeas and Petrovic, 2000)."""
    (strength_f, angle_f), *sources = (_edges(picture) for picture in (f, a, b))
    kept = total = 0.0
    for strength, angle in sources:
        larger = np.maximum(strength, strength_f)
        ratio = np.divide(np.minimum(strength, strength_f), larger, out=np.zeros_like(larger), where=larger > 0)
        agreement = 1 - np.abs(angle - angle_f) / (np.pi / 2)
        quality = 0.9994 / (1 + np.exp(-15 * (ratio - 0.5))) * 0.9879 / (1 + np.exp(-22 * (agreement - 0.8)))
        kept += float((quality * strength).sum())
        total += float(strength.sum())
    return kept / total if total > 0 else 0.0


def _checked(picture: ArrayLike, name: str) -> Grey:
    grey = np.asarray(picture, np.float64)
    if grey.ndim != 2 or min(grey.shape) < SMALLEST:
        raise ValueError(
            f"{name} has the shape {grey.shape}: a grey picture [H, W] of at least {SMALLEST} pixels is needed"
        )
    if not (np.isfinite(grey).all() and grey.min() >= 0 and grey.max() <= 255):
        raise ValueError(f"{name} has values outside 0..255")
    return grey


def _levels(picture: Grey) -> NDArray[np.uint8]:
    return np.round(picture).astype(np.uint8)


def _entropy(counts: NDArray) -> float:
    share = counts[counts > 0] / counts.sum()
    return float(-(share * np.log2(share)).sum())


def _correlation(x: Grey, y: Grey) -> float:
    x, y = x - x.mean(), y - y.mean()
    size = np.sqrt((x * x).sum() * (y * y).sum())
    return float((x * y).sum() / size) if size > 0 else 0.0


def _smooth(picture: Grey, window: int, sigma: float) -> Grey:
    """Gaussian average of every whole window: [H, W] -> [H - window + 1, W - window + 1]."""
    kernel = cv2.getGaussianKernel(window, sigma, cv2.CV_64F)
    border = window // 2
    smoothed = np.asarray(cv2.sepFilter2D(picture, cv2.CV_64F, kernel, kernel), np.float64)
    return smoothed[border:-border, border:-border]


def _moments(x: Grey, y: Grey, window: int, sigma: float) -> tuple[Grey, Grey, Grey, Grey, Grey]:
    """Means, variances and covariance in Gaussian windows."""
    mean_x, mean_y, xx, yy, xy = (_smooth(p, window, sigma) for p in (x, y, x * x, y * y, x * y))
    return (
        mean_x,
        mean_y,
        np.maximum(xx - mean_x**2, 0),
        np.maximum(yy - mean_y**2, 0),
        xy - mean_x * mean_y,
    )


def _information_seen(var_source: Grey, var_fused: Grey, covariance: Grey) -> float:
    """Sheikh and Bovik's numerator: what gets through the channel fused = gain * source + noise."""
    tiny = 1e-10
    textured = (var_source >= tiny) & (var_fused >= tiny)
    gain = np.where(textured, covariance / (var_source + tiny), 0)
    gain = np.maximum(gain, 0)  # an inverted pattern tells nothing
    noise = np.maximum(var_fused - gain * covariance, tiny)
    return float(np.log10(1 + gain**2 * var_source / (noise + VIF_NOISE)).sum())


def _edges(picture: Grey) -> tuple[Grey, Grey]:
    """Strength, and angle in -pi/2..pi/2, of Sobel edges with a border of zeros."""
    dx, dy = (
        np.asarray(cv2.Sobel(picture, cv2.CV_64F, *order, borderType=cv2.BORDER_CONSTANT), np.float64)
        for order in ((1, 0), (0, 1))
    )
    angle = np.full_like(dx, np.pi / 2)
    np.arctan(np.divide(dy, dx, out=angle, where=dx != 0), out=angle, where=dx != 0)
    return np.hypot(dx, dy), angle
