"""The page's server with a source of the test's own, and a browser's side of its WebSocket without a browser."""

import contextlib
import http.client
import json
import socket
import struct
import threading
import time
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import numpy as np
from websockets.sync.client import connect

from ros2_textfuse.view.hub import Hub
from ros2_textfuse.view.server import ViewServer

PATIENCE = 10.0  # s


class Scripted:
    """A source that notes what is asked of it."""

    def __init__(self) -> None:
        self.wanted: list[frozenset[str]] = []
        self.asked: list[Any] = []
        self.done: list[tuple[str, Any]] = []

    def describe(self):
        return {"live": True, "title": "<b>test</b>", "silent": "nothing"}

    def want(self, streams):
        self.wanted.append(streams)

    async def set_prompt(self, ask):
        self.asked.append(ask)
        return {"success": True, "message": "done", "prompt": ask.prompt, "modes": [], "severities": []}

    def seek(self, time):
        self.done.append(("seek", time))

    def play(self, on):
        self.done.append(("play", on))


@contextmanager
def serving(hub=None, source=None, **options):
    """A server, with `source` and `hub` as attributes."""
    hub, source = hub or Hub(rate=1e6), source or Scripted()
    server = ViewServer(source, hub, **{"port": 0, **options})
    server.start()
    server.hub, server.source = hub, source
    try:
        yield server
    finally:
        server.close()


class Browser:
    """One page's WebSocket; it acknowledges what it reads, unless it is told to be slow."""

    def __init__(self, server, headers=None, streams=("fused",)) -> None:
        self.socket = connect(
            f"ws://localhost:{server.port}/socket", additional_headers=headers, max_size=None, open_timeout=PATIENCE
        )
        self.news: list[dict[str, Any]] = []
        self.frames: list[dict[str, Any]] = []
        if streams:
            self.send("show", streams=list(streams))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, type_, **fields):
        self.socket.send(json.dumps({"type": type_, **fields}))

    def read(self, timeout=PATIENCE, acknowledge=True):
        """One message: its header; `frames` and `news` collect what was in it."""
        data = self.socket.recv(timeout=timeout)
        (length,) = struct.unpack_from("<I", data)
        header = json.loads(data[4 : 4 + length])
        start = 4 + length
        for stream, size in header.get("images", []):
            header[stream] = data[start : start + size]
            start += size
        assert start == len(data)
        self.news += header["news"]
        if "images" in header:
            self.frames.append(header)
        if acknowledge:
            self.send("painted", number=header["number"])
        return header

    def wait_for(self, condition, timeout=PATIENCE):
        """Read until a condition holds."""
        deadline = time.monotonic() + timeout
        while not (result := condition()):
            self.read(max(0.01, deadline - time.monotonic()))
        return result

    def told(self, kind):
        """The newest news of a kind; None where there are none."""
        return next((news for news in reversed(self.news) if news["kind"] == kind), None)


@contextmanager
def slow_link(server, bytes_a_second):
    """A way to the server that carries so many bytes a second towards the browser; gives its port."""
    listener = socket.create_server(("localhost", 0))
    ways = []

    def carry(source, target, rate):
        with contextlib.suppress(OSError):
            while data := source.recv(4096):
                target.sendall(data)
                time.sleep(len(data) / rate)
            target.shutdown(socket.SHUT_WR)

    def accept():
        with contextlib.suppress(OSError):
            while True:
                near, _ = listener.accept()
                # A small buffer, as of a radio: else seconds of images hide in it.
                far = socket.socket()
                far.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
                far.connect(("localhost", server.port))
                ways.extend((near, far))
                threading.Thread(target=carry, args=(near, far, 1e9), daemon=True).start()
                threading.Thread(target=carry, args=(far, near, bytes_a_second), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield SimpleNamespace(port=listener.getsockname()[1])
    finally:
        for way in (listener, *ways):
            way.close()


def get(server, path="/", host=None, **headers):
    """A plain request: status, headers, body."""
    connection = http.client.HTTPConnection("localhost", server.port, timeout=PATIENCE)
    try:
        connection.request("GET", path, headers={"Host": host or f"localhost:{server.port}", **headers})
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


def until(condition, seconds=PATIENCE):
    """Wait until a condition holds."""
    deadline = time.monotonic() + seconds
    while not (result := condition()):
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.01)
    return result


def image(level, height=48, width=64):
    """A plain image, uint8 RGB."""
    return np.full((height, width, 3), level, np.uint8)
