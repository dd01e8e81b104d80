"""Engines for images of a new size, built while the node goes on."""

import threading
import time
from collections.abc import Callable

from rclpy.impl.rcutils_logger import RcutilsLogger

from ros2_textfuse.engines import EngineError
from ros2_textfuse.errors import WeightsError
from ros2_textfuse.fuser import ENGINES_KEPT, Fuser

REST = 60.0  # s, before an engine that has had to make room is built again
FACTOR = 16  # times the expected pixels; an engine takes about 0.5 KB a pixel, and three times that to build


class EngineBuilder:
    """Builds one engine at a time in a thread of its own, and remembers what cannot be built.

    Args:
        fuser: that gets the engines.
        logger: of the node.
        expected: width and height that the node was configured for; what is more than FACTOR times as large is not
            built for, since a broken driver must not take all memory.
    """

    def __init__(self, fuser: Fuser, logger: RcutilsLogger, expected: tuple[int, int]) -> None:
        self.building = ""
        """The size for which an engine is being built, as `640x480`; empty when none is."""
        self._fuser, self._logger, self._expected = fuser, logger, expected
        self._clears = fuser.clears
        self._fuser.let_clear(False)  # until what clears is built: the first image that needs it would wait for that
        self._unbuildable: dict[tuple[int, int], str] = {}
        self._built: dict[tuple[int, int], float] = {}  # when, by the steady clock
        self._threads: list[threading.Thread] = []  # that have not ended

    @property
    def most_pixels(self) -> int:
        """Of an image that somebody may have meant to send."""
        return FACTOR * self._expected[0] * self._expected[1]

    def want(self, height: int, width: int) -> None:
        """See to it that an engine for this size gets built, unless another is being built at the moment.

        Raises:
            EngineError: it was tried before, and cannot be; the size is not what anybody expects; or its engine was
                built a short while ago and has had to make room since.
        """
        self.check(height, width)
        if (height, width) in self._unbuildable:
            raise EngineError(self._unbuildable[height, width])
        if self.building:
            return
        if time.monotonic() - self._built.get((height, width), -REST) < REST:
            sizes = ", ".join(f"{w}x{h}" for h, w in self._built)
            raise EngineError(
                f"images change between more sizes ({sizes}) than the {ENGINES_KEPT} for which engines are kept, the "
                f"one for {self._expected[0]}x{self._expected[1]} among them: let the cameras send one size, and set "
                "width and height to it"
            )
        self.building = f"{width}x{height}"
        self._logger.warning(f"images are {self.building} now: dropped while an engine is built for that")
        self._start(self._build, "builder", height, width)

    def check(self, height: int, width: int) -> None:
        """Raise EngineError where a size is so far from the expected one that nobody can have meant it."""
        if height * width > self.most_pixels:
            raise EngineError(
                f"images are {width}x{height}, and the node is set up for {self._expected[0]}x{self._expected[1]}: "
                "set the parameters width and height if that is meant"
            )

    def complete(self, height: int, width: int) -> None:
        """Build what only some prompts need for a size that is ready, while the node goes on without."""
        self._start(self._complete, "completing", height, width)

    def join(self) -> None:
        """Wait for what is being built, and leave the fuser as it was chosen to be."""
        for thread in self._threads:
            thread.join()
        self._fuser.let_clear(self._clears)  # also where an activation broke off before `complete`

    def _start(self, work: Callable[[int, int], None], name: str, height: int, width: int) -> None:
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        thread = threading.Thread(target=work, args=(height, width), name=name)
        thread.start()
        self._threads.append(thread)

    def _build(self, height: int, width: int) -> None:
        try:
            self._fuser.let_clear(False)
            self._fuser.prepare(height, width)
            self._built[height, width] = time.monotonic()
        except EngineError as error:
            self._fuser.let_clear(self._clears)
            self._unbuildable[height, width] = f"images are {self.building}, and for that {error}"
            return
        finally:
            self.building = ""
        self._complete(height, width)

    def _complete(self, height: int, width: int) -> None:
        if not self._clears:
            return
        try:
            self._fuser.complete(height, width)
            self._fuser.let_clear(True)
        except (EngineError, WeightsError) as error:
            self._clears = False
            self._logger.warning(f"rain and noise are left to the network that fuses: {error}")
