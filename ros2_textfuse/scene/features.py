"""A few dozen numbers of a pair of images, which say what is wrong with it.

Light, colour and haze are read from every fourth pixel; noise, blur, rain and stripes by `fine`.
"""

from collections.abc import Callable, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from ros2_textfuse.scene.fine import detector, drops, lens, noise, streaks
from ros2_textfuse.scene.numbers import LEVELS, Features, Image, counts_of, large_enough, log, quantiles

STEP = 4  # every so many-th row and column for what changes slowly
LAMP = ("lamp_size", "lamp_fill", "lamp_shape", "lamp_height", "lamp_beside_dark", "lamp_beside",
        "lamp_around_dark", "lamp_around")  # fmt: skip


def features(visible: NDArray[np.uint8], thermal: NDArray[np.uint8]) -> Features:
    """Numbers of a registered pair, each finite and about 0..1; always the same names in the same order.

    Args:
        visible: uint8 RGB [H, W, 3].
        thermal: uint8 [H, W].
    """
    found: Features = {}
    for part in PARTS:
        found |= part(visible, thermal)
    return found


def _tones(visible: Image, thermal: Image) -> Features:
    """Light and colour."""
    small, small_thermal = _reduced(visible), _reduced(thermal)
    channels = cv2.split(small)
    high, luma = cv2.max(cv2.max(*channels[:2]), channels[2]), cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    return {
        **_light("v", luma),
        **_light("t", small_thermal),
        **_clipped(luma, high),
        **_colour(channels, high),
    }


def _air(visible: Image, thermal: Image) -> Features:
    """What hangs between camera and scene."""
    small, small_thermal = _reduced(visible), _reduced(thermal)
    channels, luma = cv2.split(small), cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    high, low = cv2.max(cv2.max(*channels[:2]), channels[2]), cv2.min(cv2.min(*channels[:2]), channels[2])
    grid, thermal_grid = _texture(luma), _texture(small_thermal)
    return {**_veil(high, low, luma, grid), **_disagreement(luma, grid, thermal_grid)}


PARTS: Sequence[Callable[[Image, Image], Features]] = (drops, streaks, lens, noise, detector, _air, _tones)
"""Each takes the pair that `features` takes and gives some of its numbers, in about a seventh of the time."""


def _light(side: str, image: Image) -> Features:
    """Where the grey levels lie, and how many of them are lost at both ends."""
    counts = counts_of(image)
    below = np.cumsum(counts) / image.size
    levels = np.searchsorted(below, (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)) / 255
    names = ("p1", "p5", "p25", "p50", "p75", "p95", "p99")
    mean = float(counts @ LEVELS) / image.size / 255
    return {
        **{f"{side}_{name}": float(level) for name, level in zip(names, levels, strict=True)},
        f"{side}_mean": mean,
        f"{side}_std": max(float(counts @ LEVELS**2) / image.size / 255**2 - mean**2, 0.0) ** 0.5,
        f"{side}_black": float(below[8]),
        f"{side}_white": float(1 - below[246]),
        f"{side}_log_mean": float(np.log2(mean + 1 / 64)) / 6,
        f"{side}_log_range": float(np.log2(levels[6] - levels[0] + 1 / 64)) / 6,
    }


def _clipped(luma: Image, high: Image) -> Features:
    """How hard bright areas end, and what the largest of them is like: a lamp is round and glows, a sky is not."""
    counts = np.cumsum(counts_of(high)[::-1]) / high.size
    white, near = float(counts[3]), float(counts[30] - counts[3])  # 252..255, and 225..251
    number, _, stats, _ = cv2.connectedComponentsWithStats((luma > 244).astype(np.uint8), connectivity=4)
    found = {
        "clipped": white,
        "near_clipped": near,
        "clipped_to_near": float(np.log2((white + 0.002) / (near + 0.002))) / 8,
        "clipped_parts": log(float(number - 1)),
    }
    parts = stats[1:].astype(np.float64)
    left, top, width, height, area = parts.T
    # A lamp is large, as wide as it is high, full, and seldom at the upper edge.
    likeness = area * area / (width * height) * np.minimum(width, height) / np.maximum(width, height)
    likeness *= np.where(top == 0, 0.1, 1.0)
    if not len(parts):
        return found | dict.fromkeys(LAMP, 0.0)
    best = int(np.argmax(likeness))
    middle = float(np.median(luma[::4, ::4]))
    levels = []
    for around in (0.5, 1.5):  # what lies beside it, in its sizes: a lamp's glow leaves nothing dark
        x, y = int(around * width[best]) + 1, int(around * height[best]) + 1
        rows = slice(max(0, int(top[best]) - y), int(top[best] + height[best]) + y)
        columns = slice(max(0, int(left[best]) - x), int(left[best] + width[best]) + x)
        below = np.cumsum(counts_of(luma[rows, columns])[:245])
        inside = max(float(below[-1]), 1.0)
        dark, half = np.searchsorted(below, (inside // 10, inside // 2), side="right").tolist()
        levels += [(dark - middle) / 255, (half - middle) / 255]
    shape = min(width[best], height[best]) / max(width[best], height[best])
    size, fill = np.sqrt(area[best] / luma.size), area[best] / (width[best] * height[best])
    middle_row = (top[best] + height[best] / 2) / len(luma)
    return found | dict(zip(LAMP, (float(size), float(fill), float(shape), float(middle_row), *levels), strict=True))


def _colour(channels: Sequence[Image], high: Image) -> Features:
    """How far the channels lie apart in the mean, in the bright, in the dark and along edges."""
    lit = cv2.inRange(high, 11, 249)
    lit[1::2] = 0  # half of them tells as much
    if cv2.countNonZero(lit) < 50:
        lit[:] = 255
    found: Features = {}
    levels = []
    for channel in channels:
        counts = cv2.calcHist([channel], [0], lit, [256], [0, 256])[:, 0]
        below = np.cumsum(counts)
        last = below[-1] - 1
        shares = np.searchsorted(below, [last * k // 100 for k in (95, 50, 10)], side="right")
        edges = cv2.mean(cv2.absdiff(channel[:, 1:], channel[:, :-1]))[0]
        levels.append((float(counts @ LEVELS) / below[-1] + 2, *(shares + 2.0), edges + 0.2))
    for name, (red, green, blue) in zip(
        ("mean", "bright", "middle", "dark", "edges"), np.log(levels).T.tolist(), strict=True
    ):
        found |= {
            f"red_{name}": red - green,
            f"blue_{name}": blue - green,
            f"cast_{name}": max(red, green, blue) - min(red, green, blue),
        }
    return found


def _veil(high: Image, low: Image, luma: Image, grid: Image) -> Features:
    """Haze lifts what is darkest nearby, takes colour away and flattens, more so far away, which is above."""
    dark = cv2.erode(low, np.ones((7, 7), np.uint8))
    saturation = cv2.divide(cv2.subtract(high, low), np.maximum(high, 16), scale=255)
    third, blocks = len(dark) // 3, len(grid) // 3
    found = {f"dark_{share}": value / 255 for share, value in quantiles(dark[::2, ::2], (10, 50, 90))}
    found |= {f"saturation_{share}": value / 255 for share, value in quantiles(saturation[::2, ::2], (10, 50, 90))}
    found |= {f"texture_{share}": log(value) for share, value in quantiles(grid, (10, 50, 90))}
    return found | {
        "dark_top": float(dark[:third].mean()) / 255,
        "dark_bottom": float(dark[-third:].mean()) / 255,
        "texture_top": log(float(grid[:blocks].mean())),
        "texture_bottom": log(float(grid[-blocks:].mean())),
        "texture_to_light": log(100 * float(np.median(grid)) / (float(luma.mean()) + 4)),
        "neutral": float((saturation < 26).mean()),
    }


def _disagreement(luma: Image, grid: Image, thermal_grid: Image) -> Features:
    """Where the thermal camera sees structure and the visible one does not, and how bright it is there."""
    level = cv2.resize(luma, grid.shape[::-1], interpolation=cv2.INTER_AREA).astype(np.float32)
    blind = (thermal_grid > max(2.0, float(np.median(thermal_grid)))) & (grid < 3)
    glowing = cv2.erode(luma, np.ones((3, 3), np.uint8)) > 247
    logs, thermal_logs = np.log1p(grid).ravel(), np.log1p(thermal_grid).ravel()
    spread = float(logs.std() * thermal_logs.std())
    together = float(((logs - logs.mean()) * (thermal_logs - thermal_logs.mean())).mean()) / spread if spread else 0.0
    around = cv2.dilate(glowing.astype(np.uint8), np.ones((15, 15), np.uint8)) > 0
    rim = around & ~glowing
    lowest = grid <= np.sort(grid, axis=None)[grid.size // 4]
    return {
        "together": together,
        "blind": float(blind.mean()),
        "blind_level": float(level[blind].mean()) / 255 if blind.any() else 0.0,
        "glowing": float(np.sqrt(glowing.mean())),
        "glow": float(luma[rim].mean()) / 255 if rim.any() else 0.0,
        "level_spread": float(level.std()) / 128,
        "calm_level": float(level[lowest].mean()) / 255,
        "calm_texture": log(float(grid[lowest].mean())),
        "calm_thermal": log(float(thermal_grid[lowest].mean())),
    }


def _reduced(image: Image) -> Image:
    """Every STEP-th pixel."""
    return np.ascontiguousarray(large_enough(image)[::STEP, ::STEP])


def _texture(image: Image) -> Image:
    """Standard deviation in blocks of 8x8: float32 [H / 8, W / 8], grey levels."""
    height, width = image.shape[0] // 8 * 8, image.shape[1] // 8 * 8
    values = image[:height, :width].astype(np.float32)
    size = width // 8, height // 8
    mean, square = (cv2.resize(x, size, interpolation=cv2.INTER_AREA) for x in (values, values * values))
    return np.sqrt(np.maximum(square - mean * mean, 0))
