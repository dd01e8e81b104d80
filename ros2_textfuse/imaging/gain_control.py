"""Thermal gain control: raw counts or temperatures to 8 bits."""

import numpy as np
from numpy.typing import NDArray

from ros2_textfuse.errors import TextfuseError

KINDS = ("percentile", "plateau")
LEVELS = 1024  # that plateau equalisation tells apart within the range
PLATEAU = 3.0  # a level counts for at most so many times what each would have, were all alike


class GainControlError(TextfuseError, ValueError):
    """Gain control cannot be set up so."""


class GainControl:
    """Thermal images to 8 bits, by a range and a curve that follow the scene slowly.

    The range goes from the 1st to the 99th percentile of each image, smoothed over images: with a range of its own
    for each image, a hot object that enters would make everything else pump.

    Args:
        kind: `percentile`, a straight line over the range, which keeps differences of temperature comparable; or
            `plateau`, an equalisation in which no level takes more than its share (plateau equalisation, as in thermal
            cameras), which shows detail in a scene of two temperatures.
        fixed: (low, high) in the unit of the images, in place of the percentiles; None to follow the scene.
        smoothing: share of range and curve that a new image keeps from those before it, 0..1.

    Raises:
        GainControlError: an unknown kind, or a fixed range without an extent.
    """

    def __init__(
        self, kind: str = "percentile", fixed: tuple[float, float] | None = None, smoothing: float = 0.9
    ) -> None:
        if kind not in KINDS:
            raise GainControlError(f"gain control is '{kind}': choose {' or '.join(KINDS)}")
        if fixed is not None and not fixed[0] < fixed[1]:
            raise GainControlError(
                f"the thermal range goes from {fixed[0]:g} to {fixed[1]:g}: the second must be larger"
            )
        self._kind, self._fixed, self._smoothing = kind, fixed, smoothing
        # Of plateau equalisation: counts or temperatures, and the grey, 0..255, that each becomes.
        self._curve: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None
        self._dtype: np.dtype | None = None  # of the images that range and curve come from
        self.range: tuple[float, float] | None = fixed
        """What becomes black and white, in the unit of the images; None before the first with more than 8 bits."""

    def __call__(self, thermal: NDArray[np.uint8] | NDArray[np.uint16] | NDArray[np.float32]) -> NDArray[np.uint8]:
        """thermal [H, W] -> uint8 [H, W]; what has 8 bits already is returned as it is, what is no number is black."""
        if thermal.dtype != self._dtype:
            # Counts and temperatures have nothing in common: after the one, the other would be black for seconds. And
            # what counts were before a stretch of 8 bits is long ago.
            self._dtype, self.range, self._curve = thermal.dtype, self._fixed, None
        if thermal.dtype == np.uint8:
            return thermal.view(np.uint8)
        low, high = self._follow(thermal)
        span = max(high - low, 1e-3 if thermal.dtype.kind == "f" else 1.0)
        if self._kind == "plateau":
            levels = _scaled(thermal, low, (LEVELS - 1) / span, LEVELS - 1).astype(np.int16)
            return self._equalise(levels, np.linspace(low, low + span, LEVELS))
        return _scaled(thermal, low, 255 / span, 255).astype(np.uint8)

    def _follow(self, thermal: NDArray) -> tuple[float, float]:
        if self._fixed is not None:
            return self._fixed
        sample = thermal[::2, ::2]  # tells the percentiles as well as all pixels
        if thermal.dtype.kind == "f":
            sample = sample[np.isfinite(sample)]
        if sample.size:
            ordered = np.sort(sample, axis=None)  # np.percentile takes six times as long
            found = ordered[np.array((1, 99)) * (ordered.size - 1) // 100].astype(np.float64)
            kept = self._smoothing if self.range is not None else 0.0
            low, high = kept * np.asarray(self.range or (0, 0)) + (1 - kept) * found
            self.range = float(low), float(high)
        return self.range or (0.0, 0.0)

    def _equalise(self, levels: NDArray[np.int16], values: NDArray[np.float64]) -> NDArray[np.uint8]:
        """Levels of the image, and the count or temperature that each stands for, to grey."""
        counts = np.bincount(levels[::2, ::2].ravel(), minlength=LEVELS).astype(np.float64)
        shares = np.minimum(counts, PLATEAU * counts.sum() / LEVELS).cumsum()
        curve = 255 * shares / max(shares[-1], 1)
        if self._curve is not None:
            # By value, not by level: the range has moved.
            curve = self._smoothing * np.interp(values, *self._curve) + (1 - self._smoothing) * curve
        self._curve = values, curve
        return curve.astype(np.uint8)[levels]


def _scaled(thermal: NDArray, low: float, gain: float, top: float) -> NDArray[np.float32]:
    scaled = np.clip((thermal.astype(np.float32) - np.float32(low)) * np.float32(gain), 0, top)
    return np.nan_to_num(scaled, copy=False) if thermal.dtype.kind == "f" else scaled
