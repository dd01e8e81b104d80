"""Engines for images of a new size, built while the node goes on."""

import threading

from rclpy.impl.rcutils_logger import RcutilsLogger

from ros2_textfuse.engines import EngineError
from ros2_textfuse.fuser import Fuser

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
        self._unbuildable: dict[tuple[int, int], str] = {}
        self._thread = threading.Thread()

    def want(self, height: int, width: int) -> None:
        """See to it that an engine for this size gets built, unless another is being built at the moment.

        Raises:
            EngineError: it was tried before, and cannot be; or the size is not what anybody expects.
        """
        if height * width > FACTOR * self._expected[0] * self._expected[1]:
            raise EngineError(
                f"images are {width}x{height}, and the node is set up for {self._expected[0]}x{self._expected[1]}: "
                "set the parameters width and height if that is meant"
            )
        if (height, width) in self._unbuildable:
            raise EngineError(self._unbuildable[height, width])
        if self.building:
            return
        self.building = f"{width}x{height}"
        self._logger.warning(f"images are {self.building} now: dropped while an engine is built for that")
        self._thread = threading.Thread(target=self._build, args=(height, width), name="builder")
        self._thread.start()

    def join(self) -> None:
        """Wait for the engine that is being built."""
        if self.building:
            self._thread.join()

    def _build(self, height: int, width: int) -> None:
        try:
            self._fuser.prepare(height, width)
        except EngineError as error:
            self._unbuildable[height, width] = f"images are {self.building}, and for that {error}"
        finally:
            self.building = ""
