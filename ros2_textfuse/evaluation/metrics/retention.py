"""Object retention: how much of what either camera shows plainly a fused image still shows.

The field's metrics ask how much of the sources is in the fused image as a whole. These ask it of objects: the grey
levels inside a box against those in a ring around it. All images are grey [H, W], 0..255; a box is left, top, right,
bottom in pixels. `thermal`, `visible` and `fused` are registered and of one size.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ros2_textfuse.evaluation.metrics.bootstrap import LEVEL, Interval
from ros2_textfuse.saliency.regions import Rectangle
from ros2_textfuse.saliency.surroundings import BINS, NARROWEST, RING

Grey = NDArray[Any]

PLAIN = 0.35  # separability from which on a camera shows an object plainly
SHARES = (0.9, 0.75)  # of the better camera's separability that a fused image is asked to keep
WHITE = 235  # grey level from which on a visible image has no detail left
SALIENT = "salient region"  # name of a region that was found, not labelled
SALIENT_SIZES = ((12, 24), (24, 48), (32, 24), (64, 48))  # widths and heights of boxes tried where none are known
SIZES = {"under 24 px": (0, 24), "24 to 64 px": (24, 64), "64 px and over": (64, math.inf)}  # by the box's height
RESAMPLES = 1000


@dataclass(frozen=True)
class Retention:
    """What is left of one object.

    Args:
        visible: separability in the visible image, 0..1.
        thermal: separability in the thermal image, 0..1.
        fused: separability in the fused image, 0..1.
        contrasts: mean level inside minus mean level around, in the visible, the thermal and the fused image.
        height: of the box in pixels.
    """

    visible: float
    thermal: float
    fused: float
    contrasts: tuple[float, float, float]
    height: float

    @property
    def better(self) -> float:
        """Separability in the camera that shows the object better."""
        return max(self.visible, self.thermal)

    @property
    def contrast_kept(self) -> float:
        """Fused contrast as a share of the stronger camera's, 1 and more if all of it is there.

        Either camera's sign will do; a sign that neither camera has counts as negative.
        """
        *sources, fused = self.contrasts
        strongest = max(map(abs, sources))
        return max(fused * np.sign(source) for source in sources) / strongest if strongest else 1.0

    @property
    def below_both(self) -> bool:
        """Whether the fused contrast is weaker than in either camera."""
        weakest, strongest = sorted(map(abs, self.contrasts[:2]))
        return self.contrast_kept * strongest < weakest - 1e-6


def separability(image: Grey, box: Rectangle) -> float | None:
    """1 minus the overlap of the grey histograms (32 bins) inside a box and in a ring around it, 0..1.

    The ring is 0.3 of the box's width and height wide and ends at the image's border.

    Returns:
        None where the box or its ring has no pixel in the image.
    """
    areas = _inside_and_around(image, box)
    if areas is None:
        return None
    inside, around = (np.bincount(np.uint8(area) // (256 // BINS), minlength=BINS) / len(area) for area in areas)
    return float(1 - np.minimum(inside, around).sum())


def contrast(image: Grey, box: Rectangle) -> float | None:
    """Mean level inside a box minus mean level in the ring around it; None as for `separability`."""
    areas = _inside_and_around(image, box)
    return None if areas is None else float(areas[0].mean() - areas[1].mean())


def retention(visible: Grey, thermal: Grey, fused: Grey, box: Rectangle) -> Retention | None:
    """What is left of the object in a box; None where the box or its ring has no pixel in the images."""
    images = [np.round(image) for image in (visible, thermal, fused)]
    found = [one for image in images if (one := separability(image, box)) is not None]
    contrasts = [one for image in images if (one := contrast(image, box)) is not None]
    if len(found) < len(images):
        return None
    return Retention(found[0], found[1], found[2], (contrasts[0], contrasts[1], contrasts[2]), box[3] - box[1])


def salient_boxes(visible: Grey, thermal: Grey, limit: int = 12) -> list[Rectangle]:
    """Regions that either camera shows plainly, for pairs without labelled boxes.

    Boxes of four sizes slide over both cameras by half their size. Those that stand out from their ring by 0.35 or more
    in either camera are taken, the most separable first, none that overlaps one taken before.

    Args:
        visible: grey [H, W].
        thermal: grey [H, W].
        limit: how many boxes at most.
    """
    height, width = thermal.shape
    candidates = []
    images = tuple(np.round(image) for image in (visible, thermal))
    for w, h in SALIENT_SIZES:
        for top in range(0, height - h + 1, h // 2):
            for left in range(0, width - w + 1, w // 2):
                box = (float(left), float(top), float(left + w), float(top + h))
                better = max(separability(image, box) or 0.0 for image in images)
                if better >= PLAIN:
                    candidates.append((better, box))
    taken: list[Rectangle] = []
    for _, box in sorted(candidates, reverse=True):
        if len(taken) == limit:
            break
        if not any(_overlap(box, other) for other in taken):
            taken.append(box)
    return taken


def summary(objects: Sequence[Retention], seed: int = 0) -> dict[str, Any]:
    """Figures of some objects.

    Returns:
        objects, visible, thermal, better, fused: how many there are and their mean separabilities; lost: better minus
        fused with its bootstrap interval over objects; plain: how many either camera shows plainly; kept_90, kept_75:
        the share of these that keeps nine tenths and three quarters; below_both, below_half: the share of all whose
        fused contrast is below both cameras', and below half of the stronger one's.
    """
    if not objects:
        return {"objects": 0}
    columns = np.array([[one.visible, one.thermal, one.better, one.fused] for one in objects])
    losses = columns[:, 2] - columns[:, 3]
    drawn = np.random.default_rng(seed).integers(0, len(losses), (RESAMPLES, len(losses)))
    low, high = np.quantile(losses[drawn].mean(1), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    lost = Interval(float(losses.mean()), float(low), float(high))
    plain = [one for one in objects if one.better >= PLAIN]
    kept = {
        f"kept_{share * 100:.0f}": float(np.mean([one.fused >= share * one.better for one in plain]))
        for share in SHARES
        if plain
    }
    means = dict(zip(("visible", "thermal", "better", "fused"), columns.mean(0).tolist(), strict=True))
    return {
        "objects": len(objects),
        **means,
        "lost": asdict(lost),
        "plain": len(plain),
        **kept,
        "below_both": float(np.mean([one.below_both for one in objects])),
        "below_half": float(np.mean([one.contrast_kept < 0.5 for one in objects])),
    }


def white_contrast_kept(visible: Grey, thermal: Grey, fused: Grey, sigma: float = 4.0) -> tuple[float, float]:
    """How much of the thermal detail shows where the visible image is white (235 and more).

    Detail is an image less its Gaussian average over the white pixels alone, so that the outline of the white area does
    not count. What the fused image has of the thermal detail is the projection of one on the other: noise is none.

    Returns:
        Sums over the white pixels: fused times thermal detail, and thermal detail squared. Their quotient, also of sums
        over several images, is the share that is kept.
    """
    white = np.float32(np.asarray(visible) >= WHITE)
    weight = cv2.GaussianBlur(white, (0, 0), sigma)
    inside = (white > 0) & (weight > 0.25)
    fine = []
    for image in (fused, thermal):
        image = np.float32(image)
        mean = cv2.GaussianBlur(image * white, (0, 0), sigma) / np.maximum(weight, 1e-6)
        fine.append((image - mean)[inside].astype(np.float64))
    return float((fine[0] * fine[1]).sum()), float((fine[1] ** 2).sum())


def grid_energy(image: Grey, period: int = 4) -> float:
    """Root mean square, in levels, of the pattern that repeats with a period in both directions of a flat area.

    The image less its average over a window of one period is averaged over all cells: what stays is what all of them
    share, such as the traces of a network that works on folded cells.
    """
    grey = np.float64(image)
    rows, columns = (size // period - 2 for size in grey.shape)
    window = np.ones(period) / period
    # An even window has no middle: half a pixel of each neighbouring window on either side.
    kernel = (np.append(window, 0) + np.insert(window, 0, 0)) / 2
    fine = grey - cv2.sepFilter2D(grey, cv2.CV_64F, kernel, kernel, borderType=cv2.BORDER_REFLECT)
    # Without the outermost cells, whose average reaches beyond the border.
    inner = fine[period : (rows + 1) * period, period : (columns + 1) * period]
    cells = inner.reshape(rows, period, columns, period)
    return float(np.sqrt(np.mean(cells.mean((0, 2)) ** 2)))


def table(objects: Sequence[tuple[str, Retention]]) -> dict[str, dict[str, Any]]:
    """Summaries: "all" labelled objects, each class, the ranges of SIZES that have any, and the salient regions."""
    labelled = [(name, one) for name, one in objects if name != SALIENT]
    rows = {"all": [one for _, one in labelled]} if labelled else {}
    for name, one in labelled:
        rows.setdefault(name, []).append(one)
    for label, (least, most) in SIZES.items():
        if found := [one for _, one in labelled if least <= one.height < most]:
            rows[label] = found
    if found := [one for name, one in objects if name == SALIENT]:
        rows[SALIENT] = found
    return {name: summary(found) for name, found in rows.items()}


def _inside_and_around(image: Grey, box: Rectangle) -> tuple[NDArray, NDArray] | None:
    image = np.asarray(image)
    left, top, right, bottom = box
    wide, high = max(RING * (right - left), NARROWEST), max(RING * (bottom - top), NARROWEST)
    left_out, top_out = max(round(left - wide), 0), max(round(top - high), 0)
    around = image[top_out : round(bottom + high), left_out : round(right + wide)]
    columns = slice(max(round(left) - left_out, 0), max(round(right) - left_out, 0))
    rows = slice(max(round(top) - top_out, 0), max(round(bottom) - top_out, 0))
    mask = np.zeros(around.shape, bool)
    mask[rows, columns] = True
    return None if mask.all() or not mask.any() else (around[mask], around[~mask])


def _overlap(one: Rectangle, other: Rectangle) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
