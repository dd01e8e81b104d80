"""Where a source and its viewers meet: the newest frame and the newest news of each kind."""

import asyncio
import json
import math
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Protocol

from numpy.typing import NDArray

from ros2_textfuse.view.frames import FrameRing


class Follower(Protocol):
    """Somebody who looks: a viewer, or the recorder."""

    streams: tuple[str, ...]

    def wake(self) -> None:
        """There is something new; called in the event loop."""
        ...


class Hub:
    """Keeps what is newest and wakes those who look; a slow one finds only that, and slows nobody.

    `put` and `say` are for the threads of a source, all else for the event loop of the server.

    Args:
        rate: frames a second, at most.
        quality: of JPEG, 1..100.
    """

    def __init__(self, rate: float = 15.0, quality: int = 80) -> None:
        self.frames = FrameRing(rate)
        self.quality = quality
        self.encoder = ThreadPoolExecutor(1, thread_name_prefix="view encoder")
        self.news: dict[str, tuple[int, str]] = {}
        """Kind -> its number and its JSON."""
        self._said = 0
        self._followers: set[Follower] = set()
        self._wanted: frozenset[str] = frozenset()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._want: Any = None

    # From a source's threads ----------------------------------------------------------------------------------------

    def put(self, stamp: int, images: Mapping[str, NDArray]) -> None:
        """Offer images of one stamp, as FrameRing.put."""
        if self.frames.put(stamp, images):
            self._call(self._wake)

    def say(self, kind: str, fields: Mapping[str, Any]) -> None:
        """Tell all viewers something; what they have not seen yet of the same kind is replaced.

        Args:
            kind: `status`, `boxes`, `position`, `recorder` or `notice`.
            fields: numbers, texts, and lists and mappings of them; a number that is none becomes null.
        """
        text = json.dumps({"kind": kind, **plain(fields)}, allow_nan=False)
        self._call(self._say, kind, text)

    # In the event loop ----------------------------------------------------------------------------------------------

    def open(self, loop: asyncio.AbstractEventLoop, want: Any) -> None:
        """Begin; `want` is called with the streams that somebody looks at, whenever they change."""
        self._loop, self._want = loop, want

    def close(self) -> None:
        """End; whatever a source offers from now on is nobody's."""
        self._loop = None
        self.encoder.shutdown(wait=False, cancel_futures=True)

    @contextmanager
    def followed(self, follower: Follower) -> Iterator[None]:
        """Count a follower as one for the length of a block."""
        self._followers.add(follower)
        self.adapt()
        try:
            yield
        finally:
            self._followers.discard(follower)
            self.adapt()

    def adapt(self) -> None:
        """Take up that followers came, left, or look at other streams."""
        wanted = frozenset(stream for follower in self._followers for stream in follower.streams)
        if wanted != self._wanted:
            self._wanted = wanted
            if not wanted:
                self.frames.clear()  # what is old when the next one comes
                self.news.clear()
            self._want(wanted)

    def _say(self, kind: str, text: str) -> None:
        self._said += 1
        self.news[kind] = self._said, text
        self._wake()

    def _wake(self) -> None:
        for follower in self._followers:
            follower.wake()

    def _call(self, function: Any, *arguments: Any) -> None:
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(function, *arguments)


def plain(value: Any) -> Any:
    """What JSON can say of a value; numbers that are none become None."""
    if isinstance(value, Mapping):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, str | bool | int):
        return value
    return [plain(item) for item in value]
