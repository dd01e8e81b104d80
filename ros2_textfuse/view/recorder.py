"""The last and the next seconds of both cameras as a bag, so that an odd moment can be evaluated."""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

from ros2_textfuse.errors import TextfuseError
from ros2_textfuse.imaging.cameras import CAMERAS
from ros2_textfuse.recordings.bag_writer import write_bag
from ros2_textfuse.recordings.types import RecordedImage
from ros2_textfuse.view.frames import Frame
from ros2_textfuse.view.hub import Hub

BEFORE, AFTER = 10.0, 5.0  # s
SILENCE = 2.0  # s longer than that: no more frames come
MOST_BYTES = 256 << 20  # of images that are kept

logger = logging.getLogger(__name__)


class Recorder:
    """Follows both cameras' images, as they go into the fused one, while a viewer wants the last seconds kept.

    Images are kept as they came, so that keeping costs memory and hardly any work; where MOST_BYTES do not hold
    BEFORE seconds, fewer are kept.

    Args:
        hub: to follow, and to tell the viewers by.
        folder: for the bags; made with the first.
        before: seconds to keep.
        after: seconds to go on after `record`.
    """

    def __init__(self, hub: Hub, folder: Path, before: float = BEFORE, after: float = AFTER) -> None:
        self.streams: tuple[str, ...] = ()
        self._hub, self._folder, self._before, self._after = hub, folder, before, after
        self._keepers: set[object] = set()
        self._frames: deque[Frame] = deque()
        self._bytes = 0
        self._until: int | None = None  # ns, stamp at which the recording is whole
        self._timer: asyncio.TimerHandle  # ends a recording for which no more frames come
        self._last = 0
        self._stack = contextlib.ExitStack()
        self._writing: set[asyncio.Task[None]] = set()

    def keep(self, who: object, on: bool) -> None:
        """Keep the last seconds for a viewer from now on, or no more; they are kept while one of them wants it."""
        (self._keepers.add if on else self._keepers.discard)(who)
        self._adapt()

    def record(self) -> None:
        """Write the seconds that are kept, and those to come; a second call while that goes on changes nothing."""
        if self._until is None:
            self._until = -1  # the first frame from now on sets it
            self._adapt()
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._after + SILENCE, self._finish)
            self._tell("recording", f"recording {self._after:g} more seconds")

    def wake(self) -> None:
        """There may be new frames; more than one where the event loop was held up."""
        for frame in self._hub.frames.whole(CAMERAS, self._last):
            if self.streams:  # else the frame before ended the recording, and nobody wants more
                self._last = frame.number
                self._take(frame)

    def _take(self, frame: Frame) -> None:
        if self._frames and frame.stamp <= self._frames[-1].stamp:  # a clock that was set back
            self._forget()
        self._frames.append(frame)
        self._bytes += _size(frame)
        if self._until is None:
            oldest = frame.stamp - self._before * 1e9
            while self._frames[0].stamp < oldest or (self._bytes > MOST_BYTES and len(self._frames) > 1):
                self._bytes -= _size(self._frames.popleft())
        elif self._until < 0:
            self._until = frame.stamp + round(self._after * 1e9)
        elif frame.stamp >= self._until or self._bytes > 2 * MOST_BYTES:
            self._finish()

    def _adapt(self) -> None:
        wanted = bool(self._keepers) or self._until is not None
        if wanted and not self.streams:
            self.streams = CAMERAS
            self._stack.enter_context(self._hub.followed(self))
        elif not wanted and self.streams:
            self.streams = ()
            self._stack.close()
            self._forget()

    def _finish(self) -> None:
        self._until = None
        self._timer.cancel()  # else it would end the next recording early
        frames = [*self._frames]
        self._forget()
        self._adapt()
        task = asyncio.get_running_loop().create_task(self._write(frames))
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    async def _write(self, frames: list[Frame]) -> None:
        if not frames:
            self._tell("failed", "nothing was recorded: no images of both cameras came")
            return
        start = datetime.fromtimestamp(frames[0].stamp / 1e9, timezone.utc).astimezone()
        path = self._folder.absolute() / f"moment-{start:%Y%m%d-%H%M%S}-{frames[0].stamp // 1_000_000 % 1000:03}"
        loop = asyncio.get_running_loop()
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            await loop.run_in_executor(None, write_bag, _images(frames), path, start, "mcap", "jpeg")
        except (TextfuseError, OSError) as error:
            self._tell("failed", f"the recording could not be written: {error}")
            return
        seconds = (frames[-1].stamp - frames[0].stamp) / 1e9
        self._tell("written", f"wrote {path}: {len(frames)} pairs, {seconds:.1f} s")
        logger.info("wrote %s: %d pairs, %.1f s", path, len(frames), seconds)

    def _forget(self) -> None:
        self._frames.clear()
        self._bytes = 0

    def _tell(self, state: str, message: str) -> None:
        self._hub.say("recorder", {"state": state, "message": message})


def _images(frames: list[Frame]) -> Iterator[RecordedImage]:
    for frame in frames:
        time = (frame.stamp - frames[0].stamp) / 1e9
        for camera in CAMERAS:
            yield RecordedImage.from_pixels(camera, time, frame.images[camera])


def _size(frame: Frame) -> int:
    return sum(image.nbytes for image in frame.images.values())
