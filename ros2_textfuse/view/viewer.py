"""One browser: what it is sent, and what it asks for.

All that is new goes out in one message, which the browser acknowledges when it has painted it; until then nothing more
is sent. A slow link or a hidden tab so gets the newest frame each time it is ready, and nothing ever queues up.

A message is binary: the length of a header (4 bytes, little endian), the header as JSON, and the JPEG files that it
lists.
"""

import asyncio
import json
import logging
import struct
import time
from collections import deque
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from ros2_textfuse.prompts.clauses import clauses
from ros2_textfuse.prompts.commands import keeps, read_command
from ros2_textfuse.view.hub import Hub, plain
from ros2_textfuse.view.recorder import Recorder
from ros2_textfuse.view.requests import (
    Ask,
    Clock,
    Keep,
    Painted,
    Play,
    Record,
    Request,
    RequestError,
    Seek,
    Show,
    parse,
)
from ros2_textfuse.view.source import Source

NONSENSE = 20  # messages that cannot be understood, after which a browser is left

logger = logging.getLogger(__name__)


class Viewer:
    """A page in a browser.

    Args:
        socket: accepted.
        hub: to follow.
        source: that does what is asked.
        recorder: of the last seconds.
    """

    def __init__(self, socket: WebSocket, hub: Hub, source: Source, recorder: Recorder) -> None:
        self.streams: tuple[str, ...] = ()
        self._socket, self._hub, self._source, self._recorder = socket, hub, source, recorder
        self._news = asyncio.Event()
        self._outbox: deque[str] = deque(maxlen=100)
        self._sent = self._painted = 0  # messages
        self._frame = 0
        self._heard: dict[str, int] = {}
        self._nonsense = 0
        self._clock: tuple[float, float] | None = None  # ms: when the browser asked for the time, and when that came
        self._asked: Ask | None = None  # the newest that is not answered
        self._asks = asyncio.Event()

    def wake(self) -> None:
        """There is something new."""
        self._news.set()

    async def serve(self) -> None:
        """Send and receive until the browser leaves."""
        self._post("hello", self._source.describe())
        with self._hub.followed(self):
            tasks = [asyncio.create_task(work()) for work in (self._send, self._receive, self._answer)]
            try:
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in tasks:
                    task.cancel()
                ends = await asyncio.gather(*tasks, return_exceptions=True)
                self._recorder.keep(self, False)
        for end in ends:
            if isinstance(end, Exception) and not isinstance(end, WebSocketDisconnect | RuntimeError):
                raise end

    async def _send(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            if self._sent > self._painted:
                continue
            message = await self._message()
            if message is not None:
                self._sent += 1
                await self._socket.send_bytes(message)

    async def _message(self) -> bytes | None:
        """All that is new to this browser; None where nothing is."""
        texts = [*self._outbox]
        self._outbox.clear()
        for kind, (number, text) in self._hub.news.items():
            if self._heard.get(kind) != number:
                self._heard[kind] = number
                texts.append(text)
        if self._clock is not None:
            # As in NTP, with the time it waited here for its turn.
            (sent, received), self._clock = self._clock, None
            texts.append(json.dumps({"kind": "clock", "sent": sent, "received": received, "now": time.time() * 1e3}))
        frame = self._hub.frames.newest(self.streams, self._frame) if self.streams else None
        header: dict[str, Any] = {"number": self._sent + 1}
        jpegs = []
        if frame is not None:
            self._frame = frame.number
            shown = [stream for stream in self.streams if stream in frame.images]
            jpegs = [await frame.jpeg(stream, self._hub.quality, self._hub.encoder) for stream in shown]
            header["stamp"] = frame.stamp / 1e6  # ms, as the browser counts
            header["images"] = [[stream, len(jpeg)] for stream, jpeg in zip(shown, jpegs, strict=True)]
        if frame is None and not texts:
            return None
        # The news are JSON already.
        head = f'{json.dumps(header)[:-1]}, "news": [{", ".join(texts)}]}}'.encode()
        return struct.pack("<I", len(head)) + head + b"".join(jpegs)

    async def _receive(self) -> None:
        while self._nonsense < NONSENSE:
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            try:
                await self._do(parse(message.get("text") or message.get("bytes") or ""))
            except RequestError as error:
                self._nonsense += 1
                self._post("refused", {"message": str(error)})
        logger.warning("a viewer that sends nothing of sense was left")
        await self._socket.close(1008, "too many messages that make no sense")

    async def _do(self, request: Request) -> None:
        match request:
            case Painted(number):
                self._painted = max(self._painted, min(number, self._sent))
                self.wake()
            case Show(streams):
                self.streams = streams
                self._frame = 0  # what is newest is shown again, with the other streams
                self._hub.adapt()
                self.wake()
            case Clock(sent):
                self._clock = sent, time.time() * 1e3
                self.wake()
            case Ask():
                self._asked = request
                self._asks.set()
            case Seek(seconds):
                self._source.seek(seconds)
            case Play(on):
                self._source.play(on)
            case Keep(on):
                self._recorder.keep(self, on)
            case Record():
                self._recorder.record()

    async def _answer(self) -> None:
        """One prompt after the other; one that waits gives way to a newer one, as while a slider is dragged."""
        while True:
            await self._asks.wait()
            self._asks.clear()
            if (ask := self._asked) is not None:
                answer = await self._source.set_prompt(ask)
                self._post("answer", {**answer, "number": ask.number, "relative": _is_relative(ask.prompt)})

    def _post(self, kind: str, fields: dict[str, Any]) -> None:
        """Something for this browser alone."""
        self._outbox.append(json.dumps({"kind": kind, **plain(fields)}, allow_nan=False))
        self.wake()


def _is_relative(text: str) -> bool:
    """Whether a sentence is about the prompt in force, and says something else when it is asked again."""
    return keeps(text) or any(read_command(clause.text.lower()) is not None for clause in clauses(text))
