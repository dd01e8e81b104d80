"""A thread that works on the newest items."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

Item = TypeVar("Item")

STUCK = 10.0  # s on one item; an engine that hangs does not come back
BEHIND = 1.0  # s within which a second item that gives way means that this is no hiccup

logger = logging.getLogger(__name__)


class LatestOnlyWorker(Generic[Item]):
    """Calls `work(item)` in a thread of its own; while it is busy, few items wait, and a newer one replaces the oldest.

    A subscription's callback thus returns at once, and images do not grow old in a queue.

    Args:
        work: called with each item taken; what it raises is logged, and the next item is worked on.
        waiting: items that may wait.
        behind: items that may wait while it cannot keep up: no fewer are worked on then, and those are fresher. None
            for as many as ever.
    """

    def __init__(self, work: Callable[[Item], None], waiting: int = 1, behind: int | None = None) -> None:
        self._work = work
        self._most, self._most_behind = waiting, waiting if behind is None else behind
        self._changed = threading.Condition()
        self._waiting: deque[Item] = deque()
        self._gave_way: deque[float] = deque([-BEHIND, -BEHIND], maxlen=2)  # when the last two items did
        self._busy_since: float | None = None
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="worker", daemon=True)
        self._thread.start()

    def put(self, item: Item) -> int:
        """Hand over an item; returns how many gave way to it that had not been worked on."""
        now = time.monotonic()
        with self._changed:
            room = self._most_behind if now - self._gave_way[0] < BEHIND else self._most
            gave_way = max(0, len(self._waiting) + 1 - room)
            for _ in range(gave_way):
                self._waiting.popleft()
                self._gave_way.append(now)
            self._waiting.append(item)
            self._changed.notify()
            return gave_way

    def waiting(self) -> bool:
        """Whether another item waits while one is worked on."""
        return bool(self._waiting)

    def stuck(self) -> bool:
        """Whether it has been at one item for longer than STUCK."""
        since = self._busy_since
        return since is not None and time.monotonic() - since > STUCK

    def let_wait(self, waiting: int) -> None:
        """Let so many items wait from now on; what waits already beyond that gives way with the next one."""
        with self._changed:
            self._most = self._most_behind = waiting

    def drain(self) -> None:
        """Finish the item at hand and forget those that wait; the thread goes on."""
        with self._changed:
            self._waiting.clear()
            self._changed.wait_for(lambda: self._busy_since is None)

    def stop(self) -> None:
        """Finish the item at hand, forget those that wait, and end the thread."""
        with self._changed:
            self._stopped = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._stopped or self._waiting)
                if self._stopped:
                    return
                item = self._waiting.popleft()
                self._busy_since = time.monotonic()
            try:
                self._work(item)
            except Exception:  # the thread outlives what its work did not foresee
                logger.exception("the worker goes on after a fault of textfuse; please report it")
            del item  # it would be kept while the next one is waited for
            with self._changed:
                self._busy_since = None
                self._changed.notify_all()
