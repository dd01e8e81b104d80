"""A thread that finishes what others have begun."""

import queue
import threading
from collections.abc import Callable


class InOrder:
    """Finishes work in a thread of its own, in the order in which it is handed over.

    Args:
        most: that may be handed over and unfinished; who hands over more waits.
    """

    def __init__(self, most: int) -> None:
        self._room = threading.Semaphore(most)
        self._queue: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="finisher", daemon=True)
        self._thread.start()

    def put(self, finish: Callable[[], None]) -> None:
        """Hand over; `finish` must not raise."""
        self._room.acquire()

        def finish_and_leave() -> None:
            finish()
            self._room.release()

        self._queue.put(finish_and_leave)

    def drain(self) -> None:
        """Wait until all that was handed over is finished."""
        done = threading.Event()
        self._queue.put(done.set)
        done.wait()

    def stop(self) -> None:
        """Finish what was handed over, and end the thread."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        while finish := self._queue.get():
            finish()
            del finish  # it would be kept, and its images, while the next one is waited for
