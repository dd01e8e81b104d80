"""Images that a camera made and that never came: gaps in the stamps of a camera with a regular period."""

from itertools import groupby

import numpy as np
from numpy.typing import NDArray

WINDOW = 60  # differences of stamps that tell the period and the share of late
LEAST = 20  # differences, before which nothing is said
TOLERANCE = 0.25  # periods, by which a difference may lie beside a whole number of them
REGULAR = 0.85  # share of the differences that lie so, in a camera whose period is regular
LONGEST = 8  # periods; what is longer is a pause of the camera, as for a thermal one's shutter,
OFTEN = 0.2  # unless so many steps are
NEW_RATE = 8  # equal gaps in a row are no loss but another rate: a camera that exposes longer in the dark
EVENTS = 3  # gaps in the window, below which they are chance


class StampGaps:
    """Counts the images missing between the stamps of one camera.

    Nothing is counted while the period is not regular: a camera that is triggered, or one whose driver stamps as it
    pleases, has no images that could be missed.
    """

    def __init__(self) -> None:
        self.missing = 0
        """Images that never came, since the beginning."""
        self.share = 0.0
        """Share of the images of late that never came, 0..1; 0 where it cannot be told."""
        self.rate = 0.0
        """Images a second that the camera makes, by its stamps; 0 where its period is not regular."""
        self._last: int | None = None
        self._new: list[int] = []  # differences of stamps that `look` has not seen, in ns
        self._steps: list[int] = []  # those of the window
        self._counted = 0  # of the window, from its beginning

    def add(self, stamp: int) -> None:
        """Note the stamp of an image, in nanoseconds."""
        if self._last is not None:
            self._new.append(stamp - self._last)
        self._last = stamp

    def look(self) -> None:
        """Look at the stamps that came since the last call; to be called about twice a second."""
        new, self._new = self._new, []
        if any(step <= 0 for step in new):  # a late image, or a clock that was set back
            new, self._steps, self._counted = [], [], 0
        self._steps += new
        self.share = self.rate = 0.0
        if period := self._period():
            self.rate = 1e9 / period
            gaps, settled = self._gaps(period)
            self.missing = max(0, self.missing + int(gaps[self._counted : settled].sum()))
            self._counted = max(self._counted, settled)
            late = gaps[-WINDOW:]
            if (late > 0).sum() >= EVENTS:
                self.share = max(0.0, float(late.sum() / (late.sum() + len(late))))
        if (excess := len(self._steps) - WINDOW) > 0:
            del self._steps[:excess]
            self._counted = max(0, self._counted - excess)

    def _period(self) -> float:
        """Nanoseconds; 0 while it is not known, or not regular.

        Of a camera that loses 60 % of its images, 40 % of the steps are one period long; of one that loses nearly all,
        hardly a step is, and all others must fit the shortest.
        """
        if len(self._steps) < LEAST:
            return 0.0
        steps = np.array(self._steps, float)
        for percentile, regular in ((20, REGULAR), (5, 1.0), (0, 1.0)):
            base = np.percentile(steps, percentile)
            whole = np.maximum(np.round(steps / base), 1)
            near = whole <= LONGEST
            period = float(np.median(steps[near] / whole[near]))
            beside = np.abs(steps / period - np.round(steps / period))
            if (beside[near] <= TOLERANCE).mean() >= regular and near.mean() > 0.25:
                return period
        return 0.0

    def _gaps(self, period: float) -> tuple[NDArray[np.int64], int]:
        """Images missing in each step of the window, and how many steps that is settled for.

        An image that was stamped late makes one step longer and the next one shorter: -1 there.
        """
        periods = np.array(self._steps) / period
        gaps = np.round(periods).astype(np.int64) - 1
        gaps[np.abs(periods - 1 - gaps) > TOLERANCE] = 0
        if (gaps >= LONGEST).mean() < OFTEN:
            gaps[gaps >= LONGEST] = 0
        start = 0
        for gap, run in groupby(gaps.tolist()):
            length = len(list(run))
            if gap > 0 and length >= NEW_RATE:
                gaps[start : start + length] = 0
            start += length
            last = length if gap > 0 else 0
        gaps[len(gaps) - last :] = 0  # the last ones may be the first of another rate
        return gaps, len(gaps) - last
