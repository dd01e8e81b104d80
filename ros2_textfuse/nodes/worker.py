"""A thread that works on the newest item."""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

Item = TypeVar("Item")


class LatestOnlyWorker(Generic[Item]):
    """Calls `work(item)` in a thread of its own; while it is busy, one item waits, and a newer one replaces it.

    A subscription's callback thus returns at once, and pictures do not grow old in a queue.

    Args:
        work: called with each item taken; it must not raise.
    """

    def __init__(self, work: Callable[[Item], None]) -> None:
        self._work = work
        self._changed = threading.Condition()
        self._waiting: Item | None = None
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="worker", daemon=True)
        self._thread.start()

    def put(self, item: Item) -> bool:
        """Hand over an item; returns whether it replaced one that had not been worked on."""
        with self._changed:
            replaced = self._waiting is not None
            self._waiting = item
            self._changed.notify()
            return replaced

    def stop(self) -> None:
        """Finish the item at hand, forget the one that waits, and end the thread."""
        with self._changed:
            self._stopped = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._stopped or self._waiting is not None)
                if self._stopped:
                    return
                item, self._waiting = self._waiting, None
            assert item is not None
            self._work(item)
