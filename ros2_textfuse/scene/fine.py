"""What lives between neighbouring pixels: noise, stripes, blur, rain.

It is read from strips of full resolution, in blocks: the calm blocks show the sensor, the busy ones the lens.
"""

import cv2
import numpy as np

from ros2_textfuse.scene.numbers import Features, Image, counts_of, large_enough, log, quantiles

STRIPS = 5
STRIP = 28  # rows of a strip
EDGE = 2  # rows at both of its ends that a 5x5 filter spoils
BLOCK = (8, 16)  # rows and columns of a block of a strip
EDGE_REACH, EDGE_LEAST = 9, 24  # pixels about an edge, and grey levels that it is high at least
FEW = 40  # edges of which nothing is said
REACH = 6  # rows over which rain is followed
LEANS = (-6, -4, -2, 0, 2, 4, 6)  # columns by which a streak leans over so many rows
MARGIN, ACROSS = 6, 29  # columns left out at both sides, and of a block in which streaks are followed
LINE = np.ones((1, 7), np.uint8)  # across which what is thin stands out
LAPLACIAN = np.array([1, -2, 1], np.float32)  # across and down: flat, sloped and striped areas come to 0
SIGMA = np.sqrt(np.pi / 2) / 6  # from the mean of its absolute values to the noise's standard deviation


def drops(visible: Image, thermal: Image) -> Features:
    """Whether something falls, in the visible image."""
    return _falling(cv2.morphologyEx(_grey_strips(visible), cv2.MORPH_TOPHAT, LINE))


def streaks(visible: Image, thermal: Image) -> Features:
    """Thin lines of the visible image."""
    return _streaks(_grey_strips(visible))


def lens(visible: Image, thermal: Image) -> Features:
    """How sharp the visible image is."""
    strips = _grey_strips(visible)
    return {**_sharpness("v", strips), **_edges(strips)}


def noise(visible: Image, thermal: Image) -> Features:
    """Noise of both cameras."""
    strips = _strips(visible)
    return {
        **_noise("v", cv2.cvtColor(strips, cv2.COLOR_RGB2GRAY)),
        **_noise("c", cv2.absdiff(strips[..., 0], strips[..., 2])),
        **_noise("t", _strips(thermal)),
    }


def detector(visible: Image, thermal: Image) -> Features:
    """Stripes of the thermal image, and how sharp it is."""
    heat = large_enough(thermal)
    return {**_sharpness("t", _strips(thermal)), **_lines("column", heat), **_lines("row", heat.T)}


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
        found |= {f"{side}{scale}_noise_{share}": log(v) for share, v in quantiles(valid, (10, 30, 60, 90))}
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
            below = np.cumsum(counts_of(change))
            middle, high, highest = np.searchsorted(below, np.array([0.8, 0.98, 0.997]) * below[-1]).tolist()
            steps[lag] = middle, high, highest
        found[f"{side}_{axis}_step"] = log(steps[8][1])
        for lag in (1, 2, 4):
            for name, nth in (("middle", 0), ("high", 1), ("highest", 2)):
                found[f"{side}_{axis}_{name}_{lag}"] = min((steps[lag][nth] + 0.5) / (steps[8][nth] + 0.5), 2.0)
    return found


def _edges(strips: Image) -> Features:
    """How wide edges are, in pixels: where nothing is narrow the lens or the hand has blurred it, whatever is shown."""
    down = _widths(np.ascontiguousarray(strips[:, ::2]), upright=True)  # every second line tells as much
    found: Features = {}
    for axis, widths in (("across", _widths(strips[::2], upright=False)), ("down", down)):
        shares = (1, 5, 20, 50)
        values = dict(quantiles(widths, shares)) if widths.size >= FEW else dict.fromkeys(shares, 3.0)
        found[f"edges_{axis}"] = float(np.log2(1 + widths.size)) / 16
        found |= {f"width_{axis}_{share}": min(value, 8.0) / 8 for share, value in values.items()}
    return found


def _widths(strips: Image, upright: bool) -> Image:
    """Of the steepest pixels of edges, how many such steps the whole edge is: [N]."""
    kernel = np.ones((EDGE_REACH, 1) if upright else (1, EDGE_REACH), np.uint8)
    top, bottom = cv2.dilate(strips, kernel), cv2.erode(strips, kernel)
    one = np.s_[1:, :] if upright else np.s_[:, 1:]
    other = np.s_[:-1, :] if upright else np.s_[:, :-1]
    step, rise = cv2.absdiff(strips[one], strips[other]), cv2.subtract(top, bottom)[one]
    # What clips is cut off short, and looks sharp.
    plain = (rise > EDGE_LEAST) & (top[one] < 250) & (step == cv2.dilate(step, kernel))
    if upright:  # away from where two strips meet
        rows = np.arange(len(strips)) % STRIP
        plain &= (np.abs(rows[1:] - STRIP // 2) < STRIP // 2 - EDGE_REACH // 2)[:, None]
    return np.asarray(rise[plain] / np.maximum(step[plain], 1))


def _streaks(strips: Image) -> Features:
    """Thin bright lines against thin dark ones, and whether they go on in one direction, as rain does."""
    bright = cv2.morphologyEx(strips, cv2.MORPH_TOPHAT, LINE)
    dark = cv2.morphologyEx(strips, cv2.MORPH_BLACKHAT, LINE)
    found: Features = {}
    for name, image in (("bright_line", bright), ("dark_line", dark)):
        below = np.cumsum(counts_of(image[::2]))
        found |= {
            f"{name}_{share}": log(float(level))
            for share, level in zip(
                (50, 90, 99), np.searchsorted(below, np.array([0.5, 0.9, 0.99]) * below[-1]), strict=True
            )
        }
    found["bright_to_dark"] = log(float(bright.mean())) - log(float(dark.mean()))
    # The scene's own edges are wide as well as steep; rain is seen where there are none.
    coarse = cv2.blur(strips, (9, 9))
    edge = cv2.dilate(cv2.absdiff(coarse[:, 8:], coarse[:, :-8]), np.ones((1, 9), np.uint8)) > 12
    image = np.minimum(bright, 40)
    image[:, 4:-4] *= ~edge
    image = image.astype(np.float32)
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
        "streak_power": log(float(np.sqrt(power))),
        "streak_calm": 1 - float(edge.mean()),
    }


def _falling(bright: Image) -> Features:
    """Whether thin lines of all parts of the image lean the same way, the calm ones' too, where nothing else is seen.

    Each block counts alike: the texture of a tree does not outweigh the rain before the sky.
    """
    image = cv2.blur(np.minimum(bright, 40), (3, 1)).astype(np.float32)
    width = (image.shape[1] - 2 * MARGIN) // ACROSS * ACROSS
    strips = image.reshape(STRIPS, STRIP, -1)

    def products(lower: Image) -> Image:
        """Of each block, the sum of its products with what lies below it."""
        columns = np.einsum("src,src->sc", upper, lower)
        return columns.reshape(STRIPS, -1, ACROSS).sum(2).ravel()

    upper = strips[:, :-REACH, MARGIN : MARGIN + width]
    mean = upper.mean(1).reshape(STRIPS, -1, ACROSS).mean(2)
    upper = upper - np.repeat(mean, ACROSS, 1)[:, None]
    size = upper.shape[1] * ACROSS
    power = products(upper) / size
    below = [products(strips[:, REACH:, MARGIN + lean : MARGIN + lean + width]) for lean in LEANS]
    along = np.stack(below) / (size * (power + 0.1))  # [leans, blocks]
    thirds = np.array_split(np.argsort(power), 3)
    means = np.stack([along[:, third].mean(1) for third in thirds])
    found: Features = {}
    for name, third, mean in zip(("calm", "middle", "busy"), thirds, means, strict=True):
        best, rest = int(mean.argmax()), float(np.median(mean))
        found |= {
            f"falling_{name}_most": float(mean[best]) - rest,
            f"falling_{name}_rest": rest,
            f"falling_{name}_agree": float((along[:, third].argmax(0) == best).mean()),
            f"falling_{name}_power": log(float(np.median(np.sqrt(power[third])))),
        }
    means -= means.mean(1, keepdims=True)
    scale = np.sqrt((means * means).sum(1)) + 0.02
    return found | {
        "falling_calm_middle": float(means[0] @ means[1] / (scale[0] * scale[1])),
        "falling_middle_busy": float(means[1] @ means[2] / (scale[1] * scale[2])),
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
    found: Features = {}
    for scale, width in (("", 9), ("_wide", 33)):
        high = np.clip(profiles - cv2.blur(profiles, (width, 1), borderType=cv2.BORDER_REFLECT), -40, 40)
        found |= _shared(kind + scale, high)
    return found


def _shared(kind: str, high: Image) -> Features:
    """What profiles of an image's parts, [parts, N], have in common."""
    parts = len(high)
    shared = high @ high.T / high.shape[1]
    among = np.sort(shared[np.triu_indices(parts, 1)])
    power = float(np.trace(shared)) / parts + 0.01
    return {
        f"{kind}_offsets": log(float(np.sqrt(max(among[len(among) // 2], 0)))),
        f"{kind}_least": log(float(np.sqrt(max(among[0], 0)))),
        f"{kind}_shared": float(among[len(among) // 2]) / power,
        f"{kind}_power": log(float(np.sqrt(power))),
    }


def _grey_strips(image: Image) -> Image:
    return cv2.cvtColor(_strips(image), cv2.COLOR_RGB2GRAY)


def _strips(image: Image) -> Image:
    """Strips of full resolution, one below the other: uint8 [STRIPS * STRIP, W] or [..., 3]."""
    image = large_enough(image)
    tops = np.linspace(0, len(image) - STRIP, STRIPS).astype(int)
    return np.concatenate([image[top : top + STRIP] for top in tops])


def _blocks(rows: Image) -> Image:
    """Means of blocks."""
    height, width = (length // block * block for length, block in zip(rows.shape, BLOCK, strict=True))
    size = width // BLOCK[1], height // BLOCK[0]
    return cv2.resize(rows[:height, :width].astype(np.float32), size, interpolation=cv2.INTER_AREA)


def _halved(strips: Image) -> Image:
    width = strips.shape[1] // 2 * 2
    return cv2.resize(strips[:, :width], (width // 2, len(strips) // 2), interpolation=cv2.INTER_AREA)
