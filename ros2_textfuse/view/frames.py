"""Frames on their way to the viewers: thinned out to the rate that people need, encoded once for all of them."""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Collection, Mapping
from concurrent.futures import Executor

from numpy.typing import NDArray

from ros2_textfuse.imaging import compressed

STREAMS = ("fused", "visible", "thermal")
KEPT = 4  # frames that may still wait for the cameras' images, which come after the fused one


class Frame:
    """A fused image and, where somebody asked for them, the cameras' images that it was made of.

    Args:
        number: of the frames that were taken, from 1.
        stamp: in nanoseconds.
        images: stream -> uint8 RGB [H, W, 3], or uint8 [H, W]; more may be added.
    """

    def __init__(self, number: int, stamp: int, images: Mapping[str, NDArray]) -> None:
        self.number, self.stamp, self.images = number, stamp, dict(images)
        self._jpegs: dict[str, asyncio.Future[bytes]] = {}

    async def jpeg(self, stream: str, quality: int, encoder: Executor) -> bytes:
        """An image as JPEG, encoded for the first who asks; all calls in one event loop.

        Args:
            stream: one of `images`.
            quality: 1..100.
            encoder: does the work.
        """
        if stream not in self._jpegs:
            loop = asyncio.get_running_loop()
            self._jpegs[stream] = loop.run_in_executor(encoder, _jpeg, self.images[stream], quality)
        # A viewer that leaves while it waits must not take the image from the others.
        return await asyncio.shield(self._jpegs[stream])


class FrameRing:
    """The newest frames, at most `rate` a second; threads may put and read at once.

    A fused image begins a frame, or is passed over when it comes too early; the cameras' images join the frame of
    their stamp.

    Args:
        rate: frames a second.
    """

    def __init__(self, rate: float) -> None:
        self._period = 1 / rate
        self._due = 0.0
        self._lock = threading.Lock()
        self._frames: deque[Frame] = deque(maxlen=KEPT)
        self._count = 0

    def due(self, now: float | None = None) -> bool:
        """Whether a fused image that comes now would be taken; `now` in seconds of the monotonic clock."""
        # A little early is in time: a camera's period is never exact.
        return (time.monotonic() if now is None else now) >= self._due - 0.2 * self._period

    def put(self, stamp: int, images: Mapping[str, NDArray], now: float | None = None) -> bool:
        """Add images of one stamp; returns whether they were taken.

        Args:
            stamp: in nanoseconds.
            images: stream -> pixels, as of Frame.
            now: seconds of the monotonic clock; None to look.
        """
        now = time.monotonic() if now is None else now
        with self._lock:
            if "fused" in images:
                if not self.due(now):
                    return False
                # On schedule while frames come; after a pause from now on, without catching up.
                self._due = (self._due if now - self._due < self._period else now) + self._period
                self._count += 1
                self._frames.append(Frame(self._count, stamp, images))
                return True
            frame = next((frame for frame in self._frames if frame.stamp == stamp), None)
            if frame is not None:
                frame.images.update(images)
            return frame is not None

    def newest(self, streams: Collection[str], after: int = 0) -> Frame | None:
        """The newest frame with a number above `after` that has all the streams, or that will get no more of them."""
        with self._lock:
            for frame in reversed(self._frames):
                if frame.number <= after:
                    break
                if frame is not self._frames[-1] or all(stream in frame.images for stream in streams):
                    return frame
        return None

    def whole(self, streams: Collection[str], after: int = 0) -> list[Frame]:
        """The frames with a number above `after` that have all the streams, the oldest first."""
        with self._lock:
            return [f for f in self._frames if f.number > after and all(stream in f.images for stream in streams)]

    def clear(self) -> None:
        """Forget all frames; the numbers go on."""
        with self._lock:
            self._frames.clear()
            self._due = 0.0


def _jpeg(pixels: NDArray, quality: int) -> bytes:
    return compressed.jpeg(pixels, quality).tobytes()
