"""By how much the clocks of two cameras differ, from the motion that each of them sees.

Grey levels differ between RGB and thermal; the moments at which something moves do not. Of every image two things are
kept for each cell of a coarse grid: how much its edges changed, and the optical flow (DIS, Kroeger et al., ECCV 2016).
These series are slid along each other, and the offset is where they agree best (normalised cross-correlation). Which
thermal cell shows what a visible one shows is not known, so coarse guesses of that are tried with every offset.
Images need no partner; rates, sizes and fields of view may differ.
"""

from collections import deque
from dataclasses import dataclass, field
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from ros2_textfuse.errors import TextfuseError

SIZE = (160, 120)  # pixels, width and height of what is looked at
GRID = (8, 6)  # cells
CELLS = GRID[0] * GRID[1]
# Seconds. An image is compared with the oldest one that is at most so much older, else with the one before it: over
# about one interval, cameras of 9 and of 30 Hz see the same change.
INTERVAL = 0.12
LARGEST_GAP = 0.5  # seconds; between images further apart nothing is known
RATE = 50  # Hz, of the common clock
SLOWEST = 0.4  # seconds; slower changes, such as somebody coming nearer, tell no moment
FASTEST = 0.05  # seconds; what changes faster is noise, which draws the peak to where images of both coincide
OUTLIER = 4.0  # times the median; a shutter or a cut counts for no more

SCALES = np.geomspace(0.5, 2.0, 7)  # width of the thermal field of view, in that of the visible one
SHIFTS = np.linspace(-0.25, 0.25, 5)  # of its middle, in the same unit

LIMIT = 1.0  # seconds, the largest offset that is believed where nothing else is said
REACH = 3.0  # times the limit; the peak is compared with what is found so far away
AWAY = 0.2  # seconds; what is nearer to the peak belongs to it
SMALLEST_DURATION = 6.0  # times the limit
BLOCK = 1.0  # seconds that the bootstrap draws as one
RESAMPLES = 500

# What it takes to be sure; chosen on recordings shifted by known times (docs/guides/timing.md).
SMALLEST_MARGIN = 1.3
LARGEST_SPREAD = 0.03  # seconds, about a frame at 30 Hz

Grey = NDArray[np.uint8]
Values = NDArray[np.float32]
Times = NDArray[np.float64]


class TimeOffsetError(TextfuseError, ValueError):
    """The images are not in order of time; the message says where."""


class Motion:
    """What moves before one camera; keeps some numbers of each image, and of images only the last few."""

    def __init__(self, camera: str) -> None:
        self.camera = camera
        self.images = 0
        self._recent: deque[tuple[float, Values, Grey]] = deque()
        self._times: list[float] = []
        self._rows: list[Values] = []

    def add(self, stamp: float, grey: Grey) -> None:
        """Look at the next image.

        Args:
            stamp: seconds, of the camera's own clock.
            grey: uint8 [H, W] of any size.

        Raises:
            TimeOffsetError: the stamp is not after the one before.
        """
        if self._recent and stamp <= self._recent[-1][0]:
            raise TimeOffsetError(
                f"the {self.camera} stamps do not go forward at image {self.images}, from "
                f"{self._recent[-1][0]:.3f} s to {stamp:.3f} s: cut the recording there"
            )
        self.images += 1
        edges, texture = _look(grey)
        while len(self._recent) > 1 and stamp - self._recent[0][0] > INTERVAL:
            self._recent.popleft()
        if self._recent and stamp - self._recent[0][0] <= LARGEST_GAP:
            before, edges_before, texture_before = self._recent[0]
            flow = _optical_flow().calc(texture_before, texture, np.zeros((*texture.shape, 2), np.float32))
            change = np.dstack([cv2.absdiff(edges, edges_before), flow])
            cells = cv2.resize(change, GRID, interpolation=cv2.INTER_AREA).reshape(CELLS, 3)
            self._times.append((before + stamp) / 2)
            self._rows.append((cells.T / (stamp - before)).astype(np.float32))
        self._recent.append((stamp, edges, texture))

    @property
    def span(self) -> tuple[float, float]:
        """Seconds, the first and the last moment of which something is known; equal without any."""
        return (self._times[0], self._times[-1]) if self._times else (0.0, 0.0)

    def sampled(self, clock: Times) -> tuple[Values, Values]:
        """On another clock [N]: values [N, 3, CELLS] in the band that tells, and a weight [N], 0 where none is known.

        The change of edges and the flow have the same variance, 1 in sum over the cells; 0 where nothing moves.
        """
        times, rows = np.asarray(self._times), np.asarray(self._rows).reshape(len(self._rows), -1)
        after = np.searchsorted(times, clock).clip(1, len(times) - 1)
        known = (clock >= times[0]) & (clock <= times[-1]) & (times[after] - times[after - 1] <= LARGEST_GAP)
        weight = known.astype(np.float32)
        values = np.stack([np.interp(clock, times, column) for column in rows.T], axis=1).astype(np.float32)
        parts = []
        for part in np.split(values, [CELLS], axis=1):
            band = _band(part, weight)
            power = float((band**2).sum()) / max(float(weight.sum()), 1.0)
            parts.append(band / np.sqrt(power) if power > 1e-6 else np.zeros_like(band))
        return np.concatenate(parts, axis=1).reshape(-1, 3, CELLS), weight


@dataclass(frozen=True)
class TimeOffset:
    """What was found, with what speaks for it; all but the doubt is NaN or empty where there was nothing to compare.

    Args:
        doubt: why it cannot be relied on; empty when it can.
        offset: seconds; thermal stamp + offset = visible clock.
        spread: seconds; 95 % of the estimates from parts of the recording, drawn at random, lie so near.
        peak: agreement of the two cameras' motion at the offset, -1..1.
        margin: the peak as a multiple of the highest agreement elsewhere, also beyond the limit.
        lags: seconds [L]; the offsets that were tried.
        agreement: [L], -1..1, at each of them.
        clock: seconds [N], of the two series.
        visible: [N], the motion that both cameras see best, as a multiple of its standard deviation.
        thermal: [N], the same, by the thermal camera's own stamps.
    """

    doubt: str
    offset: float = float("nan")
    spread: float = float("nan")
    peak: float = float("nan")
    margin: float = float("nan")
    lags: Times = field(default_factory=lambda: np.empty(0))
    agreement: Values = field(default_factory=lambda: np.empty(0, np.float32))
    clock: Times = field(default_factory=lambda: np.empty(0))
    visible: Values = field(default_factory=lambda: np.empty(0, np.float32))
    thermal: Values = field(default_factory=lambda: np.empty(0, np.float32))

    @property
    def sure(self) -> bool:
        """Whether it can be relied on."""
        return not self.doubt

    def summary(self) -> str:
        """One line for people."""
        if not len(self.lags):
            return "no estimate"
        return (
            f"offset {self.offset:+.3f} s, estimates from parts of the recording within {1e3 * self.spread:.0f} ms of "
            f"it (at most {1e3 * LARGEST_SPREAD:.0f}), agreement {self.peak:.2f}, {self.margin:.2f} times that of the "
            f"next best offset (at least {SMALLEST_MARGIN:g})"
        )


def estimate(visible: Motion, thermal: Motion, limit: float = LIMIT) -> TimeOffset:
    """What to add to thermal stamps to get the visible camera's clock.

    Args:
        visible: what the visible camera saw.
        thermal: what the thermal camera saw.
        limit: seconds, the largest offset either way.

    Returns:
        The best found; whether it is `sure` is for the caller to look at.

    Raises:
        ValueError: the limit is not above 0.
    """
    if not limit > 0:
        raise ValueError(f"the limit is {limit:g} s: it must be above 0")
    for motion in (visible, thermal):
        if motion.images > 1 and motion.span == (0.0, 0.0):
            return TimeOffset(f"the {motion.camera} images are more than {LARGEST_GAP:g} s apart")
    (first_start, first_end), (second_start, second_end) = visible.span, thermal.span
    start, end = max(first_start, second_start), min(first_end, second_end)
    if end - start < SMALLEST_DURATION * limit:
        return TimeOffset(
            f"by their stamps the cameras share {max(end - start, 0):.1f} s (visible {first_start:.1f} to "
            f"{first_end:.1f} s, thermal {second_start:.1f} to {second_end:.1f} s), and a limit of {limit:g} s takes "
            f"{SMALLEST_DURATION * limit:g} s"
        )
    reach = REACH * limit
    clock = np.arange(start - reach, end + reach, 1 / RATE)
    first, first_weight = visible.sampled(clock)
    second, second_weight = thermal.sampled(clock)
    for camera, values in (("visible", first), ("thermal", second)):
        if not values.any():
            return TimeOffset(f"nothing moves before the {camera} camera")

    # Where the cells lie, and how well the best of all guesses does at each lag.
    steps = round(reach * RATE)
    maps, searched = _cell_maps(), _search(first, second, steps)
    second = second @ maps[int(searched.max(axis=1).argmax())].T
    highest = searched.max(axis=0)

    lags = np.arange(-steps, steps + 1) / RATE
    sums = _block_sums(first, first_weight, second, second_weight, steps)
    agreement = _agreement(sums.sum(axis=1))
    offset, peak = _peak(lags, agreement)
    rival = int(np.where(np.abs(lags - offset) > AWAY, highest, -1).argmax())
    margin = peak / max(float(highest[rival]), 1e-3)
    spread = _spread(sums, lags, offset)
    doubt = ""
    if not margin >= SMALLEST_MARGIN:
        doubt = f"the motion agrees as well, or nearly, at an offset of {lags[rival]:+.2f} s"
    elif not spread <= LARGEST_SPREAD:
        doubt = "parts of the recording tell different offsets"
    elif not abs(offset) <= limit:
        doubt = f"that is beyond the limit of {limit:g} s: allow for more, if it can be"

    here, there = _overlap(round(offset * RATE), len(clock))
    flat = first.reshape(len(clock), -1), second.reshape(len(clock), -1)
    left, _, right = np.linalg.svd(flat[0][here].T @ flat[1][there])
    seen = flat[0] @ left[:, 0], flat[1] @ right[0]
    upwards = 1 if (seen[0] ** 3).sum() > 0 else -1  # most of what happens is a rise from rest
    shown = [upwards * series / max(float(series.std()), 1e-9) for series in seen]
    return TimeOffset(doubt, offset, spread, peak, margin, lags, agreement, clock, *shown)


def _search(first: Values, second: Values, steps: int) -> Values:
    """Agreement under each guess of where the thermal cells lie, at each lag: [maps, 2 steps + 1]."""
    maps = _cell_maps()
    covariance = np.empty((2 * steps + 1, CELLS, CELLS), np.float32)
    for lag in range(-steps, steps + 1):
        here, there = _overlap(lag, len(first))
        covariance[lag + steps] = first[here].reshape(-1, CELLS).T @ second[there].reshape(-1, CELLS)
    products = maps.reshape(len(maps), -1) @ covariance.reshape(len(covariance), -1).T
    own = second.reshape(-1, CELLS).T @ second.reshape(-1, CELLS)
    energy = ((maps @ own) * maps).sum(axis=(1, 2)) * float((first**2).sum())
    return products / np.sqrt(np.maximum(energy, 1e-9))[:, None]


def _block_sums(first: Values, first_weight: Values, second: Values, second_weight: Values, steps: int) -> Values:
    """Of each lag, summed over BLOCKs of time: the products of both, and the energy of each: [3, blocks, lags]."""
    starts = np.arange(0, len(first), round(BLOCK * RATE))
    energy = [np.einsum("nck,nck->n", values, values) for values in (first, second)]
    sums = np.empty((3, len(starts), 2 * steps + 1), np.float32)
    for lag in range(-steps, steps + 1):
        here, there = _overlap(lag, len(first))
        row = np.zeros((3, len(first)), np.float32)
        row[0, here] = np.einsum("nck,nck->n", first[here], second[there])
        row[1, here] = energy[0][here] * second_weight[there]
        row[2, here] = energy[1][there] * first_weight[here]
        sums[:, :, lag + steps] = np.add.reduceat(row, starts, axis=1)
    return sums


def _spread(sums: Values, lags: Times, offset: float) -> float:
    """95th percentile of how far the peak moves when blocks are drawn anew (bootstrap, Efron, 1979), in seconds."""
    random, blocks = np.random.default_rng(0), sums.shape[1]
    apart = []
    for _ in range(RESAMPLES):
        counts = np.bincount(random.integers(0, blocks, blocks), minlength=blocks).astype(np.float32)
        apart.append(abs(_peak(lags, _agreement(counts @ sums))[0] - offset))
    return float(np.percentile(apart, 95))


def _agreement(sums: Values) -> Values:
    """Normalised correlation [...] of products and energies [3, ...]."""
    return np.asarray(sums[0] / np.sqrt(np.maximum(sums[1] * sums[2], 1e-9)), np.float32)


def _peak(lags: Times, values: Values) -> tuple[float, float]:
    """Where the largest value is, between lags by a parabola, and how large it is."""
    at = int(values.argmax())
    if not 0 < at < len(values) - 1:
        return float(lags[at]), float(values[at])
    low, top, high = values[at - 1 : at + 2].astype(float)
    return float(lags[at] + 0.5 * (low - high) / min(low - 2 * top + high, -1e-9) / RATE), top


def _overlap(lag: int, count: int) -> tuple[slice, slice]:
    """What of two series overlaps when the second is moved later by so many of its `count` values."""
    return slice(max(0, lag), count + min(0, lag)), slice(max(0, -lag), count + min(0, -lag))


def _band(values: Values, weight: Values) -> Values:
    """[N, K] without what is slower than SLOWEST or faster than FASTEST, outliers drawn in; 0 where its weight is."""

    def smooth(columns: NDArray, seconds: float) -> Values:
        size, sigma = (1, 2 * round(3 * seconds * RATE) + 1), seconds * RATE  # along time alone
        smoothed = cv2.GaussianBlur(columns, size, sigma, sigmaY=sigma, borderType=cv2.BORDER_CONSTANT)
        return np.asarray(smoothed, np.float32).reshape(columns.shape)

    mean = smooth(values * weight[:, None], SLOWEST) / np.maximum(smooth(weight[:, None], SLOWEST), 1e-3)
    band = (values - mean) * weight[:, None]
    length = np.linalg.norm(band, axis=1, keepdims=True)
    usual = float(np.median(length[weight > 0])) if weight.any() else 0.0
    band = np.asarray(band * np.minimum(1, OUTLIER * usual / np.maximum(length, 1e-9)), np.float32)
    return smooth(band, FASTEST) * weight[:, None]


@cache
def _cell_maps() -> Values:
    """Guesses [maps, CELLS, CELLS] of the share of each visible cell that each thermal cell covers."""
    columns, rows = GRID
    return np.asarray(
        [
            np.kron(_covered(rows, scale, y), _covered(columns, scale, x))
            for scale in SCALES
            for x in SHIFTS
            for y in SHIFTS
        ],
        np.float32,
    )


def _covered(cells: int, scale: float, shift: float) -> NDArray[np.float64]:
    """Share of each visible cell of a row [cells] that each thermal cell [cells] covers."""
    edges = np.linspace(0, 1, cells + 1)
    moved = 0.5 + shift + scale * (edges - 0.5)
    low, high = np.maximum(edges[:-1, None], moved[:-1]), np.minimum(edges[1:, None], moved[1:])
    return np.maximum(high - low, 0) * cells


def _look(grey: Grey) -> tuple[Values, Grey]:
    """Edge strength, float32, and texture of even contrast, uint8, of an image reduced to [120, 160]."""
    kind = cv2.INTER_AREA if grey.shape[1] >= SIZE[0] else cv2.INTER_LINEAR
    small = cv2.GaussianBlur(cv2.resize(grey, SIZE, interpolation=kind).astype(np.float32), (0, 0), 1.0)
    edges = cv2.magnitude(cv2.Scharr(small, cv2.CV_32F, 1, 0), cv2.Scharr(small, cv2.CV_32F, 0, 1)) / 16
    detail = small - cv2.GaussianBlur(small, (0, 0), 8)
    contrast = cv2.sqrt(cv2.GaussianBlur(detail * detail, (0, 0), 8)) + 6  # levels: what is fainter is noise
    return np.asarray(edges, np.float32), np.clip(128 + 40 * detail / contrast, 0, 255).astype(np.uint8)


@cache
def _optical_flow() -> cv2.DISOpticalFlow:
    return cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
