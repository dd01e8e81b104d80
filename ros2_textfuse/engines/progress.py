"""Long builds say that they are under way."""

import contextlib
import logging
import threading
import time
from collections.abc import Iterator

PERIOD = 15.0  # s between two signs of life

logger = logging.getLogger(__name__)


@contextlib.contextmanager
def announced(what: str, expected: str) -> Iterator[None]:
    """Log the start of a build, a line every PERIOD seconds while it lasts, and its end.

    Args:
        what: is done, as the beginning of a sentence.
        expected: how long it may take, in words.
    """
    start = time.monotonic()
    done = threading.Event()

    def signs_of_life() -> None:
        while not done.wait(PERIOD):
            logger.info("still %s, %.0f s so far", what, time.monotonic() - start)

    logger.info("%s; expect %s, once", what, expected)
    thread = threading.Thread(target=signs_of_life, name="announcer", daemon=True)
    thread.start()
    try:
        yield
        logger.info("done %s in %.1f s", what, time.monotonic() - start)
    finally:
        done.set()
        thread.join()
