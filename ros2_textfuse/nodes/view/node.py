"""The view node: the page of a graph that runs. It subscribes while somebody looks, and only to what is looked at."""

import asyncio
import concurrent.futures
from collections import deque
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from rclpy.client import Client
from rclpy.node import Node
from sensor_msgs.msg import Image
from textfuse.msg import FusionStatus
from textfuse.srv import SetPrompt

from ros2_textfuse.imaging import encodings
from ros2_textfuse.nodes.common import declaration, parameters
from ros2_textfuse.nodes.common.detection_messages import Detection2DArray
from ros2_textfuse.nodes.common.following import FollowingSubscription
from ros2_textfuse.nodes.common.logs import LOG_PERIOD, forward_logs
from ros2_textfuse.nodes.common.run import StartError, run
from ros2_textfuse.nodes.common.streams import TOPICS
from ros2_textfuse.nodes.view.messages import boxes, fields
from ros2_textfuse.sync.pairing import stamp_ns
from ros2_textfuse.view.browser import open_page
from ros2_textfuse.view.hub import Hub
from ros2_textfuse.view.ports import AddressError
from ros2_textfuse.view.requests import Ask
from ros2_textfuse.view.server import ViewServer
from ros2_textfuse.view.suggestions import suggestions

PATIENCE = 5.0  # s for the answer to a prompt


class ViewNode(Node):
    """Serves the page; a Source of its Hub.

    Subscriptions come and go in the executor's thread, which the server's thread asks for it.
    """

    def __init__(self) -> None:
        super().__init__("view", namespace="textfuse")
        declaration.declare(self, parameters.VIEW)
        forward_logs(self)
        p = declaration.values(self, parameters.VIEW)
        self._hub = Hub(p["rate"], p["jpeg_quality"])
        self._tasks: deque[Callable[[], None]] = deque()
        self._bell = self.create_guard_condition(self._work)
        self._images: dict[str, FollowingSubscription] = {}
        self._news: list[Any] = []
        self._client: Client = self.create_client(SetPrompt, "set_prompt")
        folder = Path(p["folder"] or "~/textfuse-moments").expanduser()
        try:
            self._server = ViewServer(self, self._hub, p["host"], p["port"], p["token"], folder)
            self._server.start()
        except AddressError as error:
            raise StartError(str(error)) from error
        for line in self._server.introduction():
            self.get_logger().info(line)
        if p["browser"]:
            open_page(self._server.address)

    def destroy_node(self) -> None:
        """Leave the viewers first."""
        if hasattr(self, "_server"):
            self._server.close()
        super().destroy_node()

    # Source: called in the server's thread --------------------------------------------------------------------------

    def describe(self) -> dict[str, Any]:
        """See Source."""
        namespace = self.get_namespace().strip("/")
        return {
            "live": True,
            "title": f"/{namespace}",
            "silent": f"Nobody publishes on {self.resolve_topic_name('status')}: start the nodes with `textfuse up` or "
            "fusion.launch.py, in the same ROS_DOMAIN_ID and namespace.",
            **suggestions(),
        }

    def want(self, streams: frozenset[str]) -> None:
        """See Source."""
        self._post(partial(self._adapt, streams))

    async def set_prompt(self, ask: Ask) -> dict[str, Any]:
        """See Source."""
        answered: concurrent.futures.Future[dict[str, Any]] = concurrent.futures.Future()
        self._post(partial(self._call, ask, answered))
        try:
            return await asyncio.wait_for(asyncio.wrap_future(answered), PATIENCE)
        except asyncio.TimeoutError:
            message = f"nobody answers on {self._client.srv_name}: is `textfuse up` running?"
            return {"success": False, "message": message}

    def seek(self, time: float) -> None:
        """A graph that runs has no other time."""

    def play(self, on: bool) -> None:
        """A graph that runs is not held."""

    # In the executor's thread ---------------------------------------------------------------------------------------

    def _post(self, task: Callable[[], None]) -> None:
        self._tasks.append(task)
        self._bell.trigger()

    def _work(self) -> None:
        while self._tasks:
            self._tasks.popleft()()

    def _adapt(self, streams: frozenset[str]) -> None:
        """Subscribe to what is looked at, and to nothing else."""
        for stream in self._images.keys() - streams:
            self._images.pop(stream).destroy()
        for stream in streams - self._images.keys():
            self._images[stream] = FollowingSubscription(self, Image, TOPICS[stream], partial(self._take, stream))
        if streams and not self._news:
            self._news = [
                self.create_subscription(FusionStatus, "status", self._take_status, 10),
                self.create_subscription(Detection2DArray, "detections", self._take_boxes, 10),
            ]
        elif not streams:
            for subscription in self._news:
                self.destroy_subscription(subscription)
            self._news = []

    def _take(self, stream: str, message: Image) -> None:
        if stream == "fused" and not self._hub.frames.due():
            return
        try:
            encodings.check_message(message, encodings.VISIBLE_ENCODINGS)
        except encodings.ImageError as error:
            self.get_logger().warning(f"rejected {stream} image: {error}", throttle_duration_sec=LOG_PERIOD)
            return
        grey = message.encoding in ("mono8", "8UC1")
        pixels = encodings.pixels(message) if grey else encodings.visible_array(message)
        self._hub.put(stamp_ns(message), {stream: pixels})

    def _take_status(self, message: FusionStatus) -> None:
        self._hub.say("status", fields(message))

    def _take_boxes(self, message: Detection2DArray) -> None:
        self._hub.say("boxes", {"stamp": stamp_ns(message) / 1e6, "boxes": boxes(message)})

    def _call(self, ask: Ask, answered: "concurrent.futures.Future[dict[str, Any]]") -> None:
        request = SetPrompt.Request(
            prompt=ask.prompt,
            modes=list(ask.modes),
            severity=ask.severity,
            objects=list(ask.objects),
            balance=ask.balance,
        )

        def hand_over(future: Any) -> None:
            if answered.set_running_or_notify_cancel():
                answered.set_result(fields(future.result()))

        self._client.call_async(request).add_done_callback(hand_over)


def main() -> int:
    """Run the view node."""
    return run("view", ViewNode, parameters.VIEW, "serve a page that shows the fused images and takes a prompt")
