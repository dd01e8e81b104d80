"""The web server of the page: Starlette on uvicorn, in a thread of its own."""

import asyncio
import logging
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket

from ros2_textfuse.imaging import image_files
from ros2_textfuse.view import ports
from ros2_textfuse.view.guard import Guard
from ros2_textfuse.view.hub import Hub
from ros2_textfuse.view.recorder import Recorder
from ros2_textfuse.view.requests import LARGEST
from ros2_textfuse.view.source import Source
from ros2_textfuse.view.viewer import Viewer

PAGE = Path(__file__).with_name("page")
MOST_VIEWERS = 16
START = 10.0  # s

logger = logging.getLogger(__name__)


class ViewServer:
    """Serves the page of a source from `start` to `close`.

    Args:
        source: of the images.
        hub: that the source fills.
        host: to listen on; other than this machine alone, a token is asked for.
        port: to listen on; where it is in use, the next one.
        token: empty for a new one, where one is needed.
        folder: for what viewers record.
    """

    def __init__(
        self,
        source: Source,
        hub: Hub,
        host: str = "127.0.0.1",
        port: int = ports.PORT,
        token: str = "",
        folder: Path = Path("textfuse-moments"),
    ) -> None:
        self._source, self._hub = source, hub
        self._recorder = Recorder(hub, folder)
        self.viewers = 0
        """Pages that are open."""
        self._listener, self.note = ports.listen(host, port)
        """Why another port than the one asked for was taken; empty where it was not."""
        self.port: int = self._listener.getsockname()[1]
        self.local = ports.is_local(host)
        """Whether this machine alone is served."""
        self.token = token or ("" if self.local else ports.new_token())
        shown = "localhost" if self.local else (_own_address() if host in ("0.0.0.0", "::", "") else host)
        self.address = f"http://{shown}:{self.port}/" + (f"?token={self.token}" if self.token else "")
        """To open in a browser."""
        self._server = uvicorn.Server(
            uvicorn.Config(
                Guard(self._app(), self.token, self.port),
                log_config=None,
                log_level="error",
                access_log=False,
                lifespan="off",
                server_header=False,
                ws="websockets-sansio",
                ws_max_size=LARGEST,
                ws_per_message_deflate=False,  # JPEG is compressed
                timeout_graceful_shutdown=1,
                limit_concurrency=200,
            )
        )
        self._thread = threading.Thread(target=self._run, name="view server", daemon=True)
        self._fault = ""
        """Why it did not start."""

    def start(self) -> None:
        """Begin to serve; returns when a browser may come.

        Raises:
            AddressError: the server does not start.
        """
        self._thread.start()
        deadline = time.monotonic() + START
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                self._server.should_exit = True
                self._listener.close()
                raise ports.AddressError(
                    f"the web server did not start: {self._fault or f'nothing came of it within {START:g} s'}; "
                    "pip install --upgrade uvicorn websockets starlette"
                )
            time.sleep(0.01)

    def close(self) -> None:
        """Leave the viewers and the port."""
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join()
        self._listener.close()

    def introduction(self) -> list[str]:
        """What to tell the person who started it."""
        lines = [self.note] if self.note else []
        lines.append(f"open {self.address} in a browser")
        if not self.local:
            lines.append("who has this address sees the images and sets the prompt; the way is not encrypted")
        return lines

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except Exception as error:  # what is missing of its libraries it finds out in this thread
            if self._server.started:
                raise
            self._fault = f"{type(error).__name__}: {error}"

    async def _serve(self) -> None:
        self._hub.open(asyncio.get_running_loop(), self._source.want)
        try:
            await self._server.serve(sockets=[self._listener])
        finally:
            self._hub.close()

    def _app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/", lambda request: FileResponse(PAGE / "index.html")),
                Route("/snapshot.png", self._snapshot),
                WebSocketRoute("/socket", self._view),
                Mount("/page", StaticFiles(directory=PAGE)),
            ]
        )

    async def _view(self, socket: WebSocket) -> None:
        await socket.accept()
        if self.viewers >= MOST_VIEWERS:
            await socket.close(1013, f"{MOST_VIEWERS} viewers look already: close another page")
            return
        self.viewers += 1
        try:
            await Viewer(socket, self._hub, self._source, self._recorder).serve()
        finally:
            self.viewers -= 1

    async def _snapshot(self, request: Request) -> Response:
        """The newest image of a stream, as it is."""
        stream = request.query_params.get("stream", "fused")
        frame = self._hub.frames.newest((stream,))
        if frame is None or stream not in frame.images:
            return PlainTextResponse("no image has come yet\n", 404)
        pixels: np.ndarray[Any, Any] = frame.images[stream]
        data = await asyncio.get_running_loop().run_in_executor(self._hub.encoder, image_files.encode, pixels, ".png")
        name = f"{stream}-{frame.stamp}.png"
        return Response(data, media_type="image/png", headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _own_address() -> str:
    """An address of this machine that others reach; its name where it has none."""
    import socket

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("10.255.255.255", 1))  # sends nothing: it asks for the way
            return str(probe.getsockname()[0])
        except OSError:
            return socket.gethostname()
