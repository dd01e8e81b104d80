"""How often, and how closely, the detector looks: less while fusion drops pairs beside it. No ROS in it."""

from ros2_textfuse.nodes.common.keeping_up import KeepingUp

TOO_MANY = 0.02  # share of its pairs that fusion drops, from which on it needs more room
PATIENCE, LONGEST = 20.0, 640.0  # s without a dropped pair before the detector takes more again; doubled by each regret
REGRET = 60.0  # s after taking more, within which having to give it back is one


class Effort:
    """Steps from all that is asked for to the least that is allowed: first a longer interval, then a smaller image.

    Tracks cover the frames that are left out, so that a longer interval costs age; a smaller image costs far objects.

    Args:
        interval: 1 is each frame; the detector never looks more often.
        max_interval: it never looks less often, unless `interval` says so.
        sizes: of the image, largest first, that the detector is there for: as (height, width) in pixels.
    """

    def __init__(self, interval: int, max_interval: int, sizes: list[tuple[int, int]]) -> None:
        self._sizes = sizes
        self._step = 0
        self._patience, self._eased = PATIENCE, float("-inf")
        self._quiet_since: float | None = None
        self._watch, self._counts = KeepingUp(), (0, 0)
        self.bound(interval, max_interval)

    def bound(self, interval: int, max_interval: int) -> None:
        """Take other limits."""
        intervals = [*range(interval, max_interval + 1)] or [interval]
        self._steps = [(every, 0) for every in intervals]
        self._steps += [(intervals[-1], number) for number in range(1, len(self._sizes))]
        self._step = min(self._step, len(self._steps) - 1)
        self._in_force = self._steps[self._step]  # one assignment, for the worker that reads it meanwhile

    @property
    def interval(self) -> int:
        """Every so many-th frame is looked at."""
        return self._in_force[0]

    @property
    def size(self) -> int:
        """Which of the sizes is looked at, by its place."""
        return self._in_force[1]

    def __str__(self) -> str:
        height, width = self._sizes[self.size]
        which = "each frame" if self.interval == 1 else f"one frame in {self.interval}"
        return f"{which} at {width}x{height}"

    def see(self, now: float, fused: int, dropped: int) -> str:
        """Note how fusion fares; to be called some times a second.

        Args:
            now: seconds of a clock that does not jump.
            fused: pairs since fusion's start.
            dropped: pairs that gave way to newer ones since then.

        Returns:
            Why the detector does less, or more, from now on; empty where nothing changes.
        """
        if fused < self._counts[0] or dropped < self._counts[1]:  # fusion was started anew
            self._watch = KeepingUp()
        self._counts = fused, dropped
        self._watch.sample(now, fused, dropped)
        of_late = self._watch.of_late()
        if of_late is None:
            return ""
        if of_late.dropped or self._quiet_since is None:
            self._quiet_since = now
        if of_late.share > TOO_MANY and self._step < len(self._steps) - 1:
            if now - self._eased < REGRET:
                self._patience = min(2 * self._patience, LONGEST)
            self._go(1)
            return f"fusion dropped {of_late.share:.0%} of its pairs in {of_late.seconds:.0f} s"
        if self._step and now - self._quiet_since > self._patience:
            self._go(-1)
            self._eased = now
            return f"fusion dropped no pair in {self._patience:.0f} s"
        return ""

    def pause(self) -> None:
        """Begin to count anew, since what fusion drops now is for no lack of room; the step stays."""
        self._watch, self._quiet_since = KeepingUp(), None

    def _go(self, way: int) -> None:
        self._step += way
        self._in_force = self._steps[self._step]
        self.pause()  # what came before was at another effort
