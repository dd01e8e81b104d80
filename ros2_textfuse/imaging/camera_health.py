"""Whether a camera is well, from when its images come and what they show."""

from collections import deque
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

WINDOW = 5.0  # s, what "of late" means
SAMPLING = 4  # every so many-th row and column tells what an image shows
BLACK, WHITE = 8, 247  # grey levels of an image with the lens covered, or with nothing but overexposure
FLAT = {"u1": 3.0, "u2": 25.0}  # levels or counts; a closed shutter shows no more than the sensor's noise
STAMPS = "stamps are"  # how the text of a fault begins that leaves the images themselves good
AHEAD, BEHIND = 0.2, 2.0  # s that stamps may be off this machine's clock; a driver or a network may be late
FLAT_SHARE = 1e-3  # of temperatures' median: 0.3 K of a scene at 293 K
COLOURED = 24  # levels between the channels of what should be grey; JPEG leaves a few


class Fault(NamedTuple):
    """What is wrong with a camera's images."""

    kind: str  # frozen, black, white, flat, empty, coloured or stamps
    text: str  # for an operator


def is_coloured(pixels: NDArray[Any]) -> bool:
    """Whether an image, [H, W] or [H, W, 3], has colours, as no thermal camera sends them."""
    return pixels.ndim == 3 and bool(np.percentile(np.ptp(pixels, axis=2), 90) > COLOURED)


class CameraHealth:
    """Arrivals and looks of one camera's images.

    Times are seconds of any clock that does not jump.

    Args:
        thermal: whether flat or coloured images are a fault.
    """

    def __init__(self, thermal: bool) -> None:
        self.fault: Fault | None = None
        """What the newest inspected image has shown."""
        self._thermal = thermal
        self._arrivals: deque[float] = deque()
        self._first: float | None = None
        self._last: float | None = None
        self._inspected: NDArray[Any] | None = None
        self._same_since = 0.0

    def arrived(self, now: float) -> None:
        """Note a usable image."""
        self._first = now if self._first is None else self._first
        self._last = now
        self._arrivals.append(now)
        self._forget(now)

    def age(self, now: float) -> float:
        """Seconds since the last image; -1 before the first."""
        return -1.0 if self._last is None else now - self._last

    def rate(self, now: float) -> float:
        """Images a second of late."""
        self._forget(now)
        if self._first is None:
            return 0.0
        return max(0, len(self._arrivals) - (now - self._first < WINDOW)) / max(min(WINDOW, now - self._first), 1e-3)

    def gap(self, now: float) -> float:
        """Longest seconds between two images of late, the time since the last one among them; 0 before the first."""
        self._forget(now)
        times = [*self._arrivals, now]
        longest = max((later - earlier for earlier, later in pairwise(times)), default=0.0)
        return max(longest, self.age(now), 0.0) if self._first is not None else 0.0

    def inspect(self, pixels: NDArray[Any], now: float, frozen_after: float) -> None:
        """Look at an image that came since the last call, and set `fault`.

        Args:
            pixels: [H, W] or [H, W, 3]; uint8, of thermal cameras also uint16 or float32. Kept until the next call.
            now: seconds.
            frozen_after: seconds for which images that came anew may be the same.
        """
        before, self._inspected = self._inspected, pixels
        if before is None or not np.array_equal(before, pixels, equal_nan=pixels.dtype.kind == "f"):
            self._same_since = now
        same_for = now - self._same_since
        if same_for > frozen_after:
            self.fault = Fault("frozen", f"frozen: the same image again and again for {same_for:.1f} s")
        else:
            self.fault = self._looks(pixels[::SAMPLING, ::SAMPLING])

    def _looks(self, pixels: NDArray[Any]) -> Fault | None:
        if self._thermal and is_coloured(pixels):
            return Fault("coloured", "coloured: a false-colour palette, or the topics are swapped; send grey or counts")
        kind = pixels.dtype.str[1:]
        if pixels.dtype.kind == "f":
            pixels = pixels[np.isfinite(pixels)]
            if not pixels.size:
                return Fault("empty", "no numbers in it: all of it is NaN or infinite")
        low, middle, high = np.percentile(pixels, (1, 50, 99))
        if kind == "u1" and high <= BLACK:
            return Fault("black", "all black: is the lens covered, or the exposure too short?")
        if kind == "u1" and low >= WHITE:
            return Fault("white", "all white: is the exposure too long?")
        limit = FLAT.get(kind, FLAT_SHARE * abs(middle))
        if self._thermal and high - low <= limit:
            return Fault("flat", f"flat: all of it between {low:g} and {high:g}; is the shutter closed?")
        return None

    def _forget(self, now: float) -> None:
        while self._arrivals and self._arrivals[0] < now - WINDOW:
            self._arrivals.popleft()
