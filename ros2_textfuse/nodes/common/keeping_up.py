"""Whether a worker keeps up with what comes, from counts that only grow. No ROS in it."""

from collections import deque
from dataclasses import dataclass

WINDOW = 5.0  # s, what "of late" means
SHORTEST = 3.0  # s, before which nothing is said
LEAST = 10  # items in it


@dataclass(frozen=True)
class Turnover:
    """What came of late, and what was dropped of it."""

    seconds: float
    done: int
    dropped: int

    @property
    def share(self) -> float:
        """Of what came, 0..1: what was dropped."""
        return self.dropped / (self.done + self.dropped)

    @property
    def rates(self) -> tuple[float, float]:
        """Items a second that were worked on, and that came."""
        return self.done / self.seconds, (self.done + self.dropped) / self.seconds


class KeepingUp:
    """Remembers counts over WINDOW."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, int, int]] = deque()

    def sample(self, now: float, done: int, dropped: int) -> None:
        """Note the counts of this moment; now in seconds of a clock that does not jump."""
        if not self._samples and not done:
            return  # the first one may wait for its engine
        self._samples.append((now, done, dropped))
        while self._samples[0][0] < now - WINDOW - 0.1:
            self._samples.popleft()

    def of_late(self) -> Turnover | None:
        """What happened in the window; None while that is too little to tell."""
        if not self._samples:
            return None
        (start, done, dropped), (end, done_now, dropped_now) = self._samples[0], self._samples[-1]
        turnover = Turnover(end - start, done_now - done, dropped_now - dropped)
        enough = turnover.seconds >= SHORTEST and turnover.done + turnover.dropped >= LEAST
        return turnover if enough else None
