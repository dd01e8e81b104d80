"""A few dozen numbers of a pair of images, which say what is wrong with it.

Light, colour and haze are read from every fourth pixel. Noise, blur, rain and stripes live between neighbouring pixels
and are read from strips of full resolution, in blocks: the calm blocks show the sensor, the busy ones the lens.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from cv2.typing import MatLike
from numpy.typing import NDArray

STEP = 4  # every so many-th row and column for what changes slowly
STRIPS = 5
STRIP = 28  # rows of a strip
EDGE = 2  # rows at both of its ends that a 5x5 filter spoils
BLOCK = (8, 16)  # rows and columns of a block of a strip
LEAST = 128  # pixels; smaller images are mirrored until they are as large
REACH = 6  # rows over which rain is followed
LEANS = (-6, -4, -2, 0, 2, 4, 6)  # columns by which a streak leans over so many rows
LAPLACIAN = np.array([1, -2, 1], np.float32)  # across and down: flat, sloped and striped areas come to 0
LEVELS = np.arange(256, dtype=np.float32)
SIGMA = np.sqrt(np.pi / 2) / 6  # from the mean of its absolute values to the noise's standard deviation

LAMP = ("lamp_size", "lamp_fill", "lamp_shape", "lamp_height", "lamp_beside_dark", "lamp_beside",
        "lamp_around_dark", "lamp_around")  # fmt: skip

Image = MatLike  # grey levels, uint8, but for what is said to be float32
Features = dict[str, float]


def features(visible: NDArray[np.uint8], thermal: NDArray[np.uint8]) -> Features:
    """Numbers of a registered pair, each finite and about 0..1; always the same names in the same order.

    Args:
        visible: uint8 RGB [H, W, 3].
        thermal: uint8 [H, W].
    """
    colour, heat = _large_enough(visible), _large_enough(thermal)
    small, small_thermal = (np.ascontiguousarray(image[::STEP, ::STEP]) for image in (colour, heat))
    channels = cv2.split(small)
    high, low = cv2.max(cv2.max(*channels[:2]), channels[2]), cv2.min(cv2.min(*channels[:2]), channels[2])
    luma = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    strips, thermal_strips = _strips(colour), _strips(heat)
    fine = cv2.cvtColor(strips, cv2.COLOR_RGB2GRAY)
    grid, thermal_grid = _texture(luma), _texture(small_thermal)
    return {
        **_light("v", luma),
        **_light("t", small_thermal),
        **_clipped(luma, high),
        **_colour(channels, high),
        **_veil(high, low, luma, grid),
        **_disagreement(luma, grid, thermal_grid),
        **_noise("v", fine),
        **_noise("c", cv2.absdiff(strips[..., 0], strips[..., 2])),
        **_noise("t", thermal_strips),
        **_sharpness("v", fine),
        **_sharpness("t", thermal_strips),
        **_streaks(fine),
        **_lines("column", heat),
        **_lines("row", heat.T),
    }


def _light(side: str, image: Image) -> Features:
    """Where the grey levels lie, and how many of them are lost at both ends."""
    counts = _counts(image)
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
    counts = np.cumsum(_counts(high)[::-1]) / high.size
    white, near = float(counts[3]), float(counts[30] - counts[3])  # 252..255, and 225..251
    number, _, stats, _ = cv2.connectedComponentsWithStats((luma > 244).astype(np.uint8), connectivity=4)
    found = {
        "clipped": white,
        "near_clipped": near,
        "clipped_to_near": float(np.log2((white + 0.002) / (near + 0.002))) / 8,
        "clipped_parts": _log(float(number - 1)),
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
        below = np.cumsum(_counts(luma[rows, columns])[:245])
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
    found = {f"dark_{share}": value / 255 for share, value in _quantiles(dark[::2, ::2], (10, 50, 90))}
    found |= {f"saturation_{share}": value / 255 for share, value in _quantiles(saturation[::2, ::2], (10, 50, 90))}
    found |= {f"texture_{share}": _log(value) for share, value in _quantiles(grid, (10, 50, 90))}
    return found | {
        "dark_top": float(dark[:third].mean()) / 255,
        "dark_bottom": float(dark[-third:].mean()) / 255,
        "texture_top": _log(float(grid[:blocks].mean())),
        "texture_bottom": _log(float(grid[-blocks:].mean())),
        "texture_to_light": _log(100 * float(np.median(grid)) / (float(luma.mean()) + 4)),
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
        "calm_texture": _log(float(grid[lowest].mean())),
        "calm_thermal": _log(float(thermal_grid[lowest].mean())),
    }


def _noise(side: str, strips: Image) -> Features:
    """Standard deviation in the calm blocks, in single pixels and in pixels joined by two, clipped blocks left out."""
    found: Features = {}
    for scale, image in (("", strips), ("_coarse", _halved(strips))):
        rows = STRIP if scale == "" else STRIP // 2
        high = cv2.sepFilter2D(image, cv2.CV_16S, LAPLACIAN, LAPLACIAN)
        inside = (np.arange(len(image)) % rows >= EDGE) & (np.arange(len(image)) % rows < rows - EDGE)
        sigma = _blocks(np.abs(high[inside])) * SIGMA
        level = _blocks(image[inside])
        valid = sigma[(level > 6) & (level < 249)]
        valid = valid if valid.size >= 20 else sigma
        found |= {f"{side}{scale}_noise_{share}": _log(v) for share, v in _quantiles(valid, (10, 30, 60, 90))}
    return found


def _sharpness(side: str, strips: Image) -> Features:
    """How much of a step over eight pixels is made within one, two and four, across and down."""
    found: Features = {}
    row = np.arange(len(strips)) % STRIP
    for axis in ("across", "down"):
        steps = {}
        for lag in (1, 2, 4, 8):
            if axis == "across":  # every second line tells as much
                change = cv2.absdiff(strips[::2, lag:], strips[::2, :-lag])
            else:
                change = cv2.absdiff(strips[lag:], strips[:-lag])[row[:-lag] < STRIP - lag, ::2]
            below = np.cumsum(_counts(change))
            middle, high, highest = np.searchsorted(below, np.array([0.8, 0.98, 0.997]) * below[-1]).tolist()
            steps[lag] = middle, high, highest
        found[f"{side}_{axis}_step"] = _log(steps[8][1])
        for lag in (1, 2, 4):
            for name, nth in (("middle", 0), ("high", 1), ("highest", 2)):
                found[f"{side}_{axis}_{name}_{lag}"] = min((steps[lag][nth] + 0.5) / (steps[8][nth] + 0.5), 2.0)
    return found


def _streaks(strips: Image) -> Features:
    """Thin bright lines against thin dark ones, and whether they go on in one direction, as rain does."""
    line = np.ones((1, 7), np.uint8)
    bright = cv2.morphologyEx(strips, cv2.MORPH_TOPHAT, line)
    dark = cv2.morphologyEx(strips, cv2.MORPH_BLACKHAT, line)
    found: Features = {}
    for name, image in (("bright_line", bright), ("dark_line", dark)):
        below = np.cumsum(_counts(image[::2]))
        found |= {
            f"{name}_{share}": _log(float(level))
            for share, level in zip(
                (50, 90, 99), np.searchsorted(below, np.array([0.5, 0.9, 0.99]) * below[-1]), strict=True
            )
        }
    found["bright_to_dark"] = _log(float(bright.mean())) - _log(float(dark.mean()))
    # The scene's own edges are wide as well as steep; rain is seen where there are none.
    coarse = cv2.blur(strips, (9, 9))
    edge = cv2.dilate(cv2.absdiff(coarse[:, 8:], coarse[:, :-8]), np.ones((1, 9), np.uint8)) > 12
    image = np.minimum(bright, 40).astype(np.float32)
    image[:, 4:-4][edge] = 0
    image -= image.mean()
    power = float(np.mean(image * image)) + 1.0
    along = [_along(image, REACH, lean) / power for lean in LEANS]
    ordered = sorted(along)
    best = LEANS[along.index(ordered[-1])]
    return found | {
        "streak_most": ordered[-1],
        "streak_next": ordered[-2],
        "streak_middle": ordered[len(ordered) // 2],
        "streak_least": ordered[0],
        "streak_upright": along[LEANS.index(0)],
        "streak_lean": abs(best) / REACH,
        "streak_long": _along(image, 2 * REACH, 2 * best) / power,
        "streak_power": _log(float(np.sqrt(power))),
        "streak_calm": 1 - float(edge.mean()),
    }


def _along(image: Image, reach: int, lean: int) -> float:
    """Mean product of pixels with those `reach` rows below and `lean` columns aside, in the same strip."""
    strips = image.reshape(STRIPS, STRIP, -1)
    width = image.shape[1] - abs(lean)
    upper = strips[:, :-reach, max(0, -lean) :][..., :width]
    lower = strips[:, reach:, max(0, lean) :][..., :width]
    return float(np.einsum("kij,kij->", upper, lower)) / upper.size


def _lines(kind: str, thermal: Image) -> Features:
    """Offsets of columns (of rows, where transposed) that the image's parts have in common, which no scene has."""
    parts = 4
    rows = len(thermal) // parts
    quarters = [np.ascontiguousarray(thermal[part * rows : (part + 1) * rows : 2]) for part in range(parts)]
    profiles = np.stack([cv2.reduce(quarter, 0, cv2.REDUCE_AVG, dtype=cv2.CV_32F)[0] for quarter in quarters])
    high = np.clip(profiles - cv2.blur(profiles, (9, 1), borderType=cv2.BORDER_REFLECT), -40, 40)
    shared = high @ high.T / high.shape[1]
    among = np.sort(shared[np.triu_indices(parts, 1)])
    power = float(np.trace(shared)) / parts + 0.01
    return {
        f"{kind}_offsets": _log(float(np.sqrt(max(among[len(among) // 2], 0)))),
        f"{kind}_least": _log(float(np.sqrt(max(among[0], 0)))),
        f"{kind}_shared": float(among[len(among) // 2]) / power,
        f"{kind}_power": _log(float(np.sqrt(power))),
    }


def _strips(image: Image) -> Image:
    """Strips of full resolution, one below the other: uint8 [STRIPS * STRIP, W] or [..., 3]."""
    tops = np.linspace(0, len(image) - STRIP, STRIPS).astype(int)
    return np.concatenate([image[top : top + STRIP] for top in tops])


def _texture(image: Image) -> Image:
    """Standard deviation in blocks of 8x8: float32 [H / 8, W / 8], grey levels."""
    height, width = image.shape[0] // 8 * 8, image.shape[1] // 8 * 8
    values = image[:height, :width].astype(np.float32)
    size = width // 8, height // 8
    mean, square = (cv2.resize(x, size, interpolation=cv2.INTER_AREA) for x in (values, values * values))
    return np.sqrt(np.maximum(square - mean * mean, 0))


def _blocks(rows: Image) -> Image:
    """Means of blocks."""
    height, width = (length // block * block for length, block in zip(rows.shape, BLOCK, strict=True))
    size = width // BLOCK[1], height // BLOCK[0]
    return cv2.resize(rows[:height, :width].astype(np.float32), size, interpolation=cv2.INTER_AREA)


def _halved(strips: Image) -> Image:
    width = strips.shape[1] // 2 * 2
    return cv2.resize(strips[:, :width], (width // 2, len(strips) // 2), interpolation=cv2.INTER_AREA)


def _quantiles(values: Image, shares: Sequence[int]) -> list[tuple[int, float]]:
    """Percent -> value; a sort and a look, where np.percentile takes longer to start than to work."""
    ordered = np.sort(values, axis=None)
    return [(share, float(ordered[share * (ordered.size - 1) // 100])) for share in shares]


def _counts(image: Image) -> Image:
    """How many pixels have each grey level: [256]."""
    return cv2.calcHist([np.ascontiguousarray(image)], [0], None, [256], [0, 256])[:, 0]


def _log(levels: float) -> float:
    """Grey levels on a scale where the first few count most; 0 to 1."""
    return float(np.log2(1 + levels)) / 8


def _large_enough(image: Image) -> Image:
    missing = [max(0, LEAST - length) for length in image.shape[:2]]
    if not any(missing):
        return image
    return np.pad(image, [(0, rows) for rows in missing] + [(0, 0)] * (image.ndim - 2), "symmetric")
