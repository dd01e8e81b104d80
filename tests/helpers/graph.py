"""Nodes as processes, and an observer in the test's own process."""

import itertools
import os
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from diagnostic_msgs.msg import DiagnosticArray
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetState
from rcl_interfaces.srv import SetParameters
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import QoSProfile
from sensor_msgs.msg import Image
from textfuse.msg import Detection2DArray, FusionStatus
from textfuse.srv import SetPrompt

from ros2_textfuse.imaging import encodings
from ros2_textfuse.nodes.common.observer import observing
from ros2_textfuse.runtime import environment
from ros2_textfuse.runtime.graph import GraphError, NodeGraph
from ros2_textfuse.sync.pairing import stamp_ns

START = 60.0  # s, enough for torch, the network and the engine on a busy machine


def _domains() -> range:
    """DDS domains of the tests of this process; those that run beside it (pytest -n) have others."""
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    each = 80 // workers  # from 20 on; above 101 the ports would lie among those that the kernel gives to clients
    return range(20 + number * each, 20 + (number + 1) * each)


DOMAINS = itertools.cycle(_domains())


class Graph:
    """A graph of its own (a DDS domain that no other test uses), in a `with` block."""

    # What the observer listens to.
    topics: ClassVar[dict[str, tuple[Any, str]]] = {
        "visible": (Image, "/visible/image_raw"),
        "thermal": (Image, "/thermal/image_raw"),
        "fused": (Image, "fused"),
        "detections": (Detection2DArray, "detections"),
        "status": (FusionStatus, "status"),
    }

    def __init__(self, logs: Path) -> None:
        self.logs = logs
        os.environ["ROS_DOMAIN_ID"] = str(next(DOMAINS))
        os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
        environment.prepare()
        self.nodes = NodeGraph(logs)
        self.processes = self.nodes.processes
        self.seen: dict[str, list[Any]] = {name: [] for name in self.topics}
        self.diagnostics: list[Any] = []
        self._images_sent = 0
        self.fused_times: list[float] = []

    def __enter__(self) -> "Graph":
        self._open = ExitStack()
        self.node = self._open.enter_context(
            observing(lambda context: Node("observer", namespace="textfuse", context=context))
        )
        self._open.enter_context(self.nodes)
        for name, (kind, topic) in self.topics.items():
            # Reliable, so that an image missing here is one that was not published.
            self.node.create_subscription(kind, topic, partial(self.receive, name), QoSProfile(depth=100))
        self.node.create_subscription(DiagnosticArray, "/diagnostics", self.diagnostics.append, 10)
        self._cameras = {
            name: self.node.create_publisher(Image, f"/{name}/image_raw", QoSProfile(depth=10))
            for name in ("visible", "thermal")
        }
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    # Processes ------------------------------------------------------------------------------------------------------

    def start(self, node: str, **parameters: object) -> Any:
        """Start a node of the package with parameters."""
        return self.nodes.start(node, parameters)

    def start_fusion(self, **parameters: object) -> None:
        """Start fusion and wait until it is active."""
        self.start("fusion", **parameters)
        self.wait(lambda: self.seen["status"], START, "fusion is not active")

    def start_detection(self, **parameters: object) -> None:
        """Start detection and wait until it listens; as urgent as fusion, or it waits for tests that run beside it."""
        self.start("detection", **{"nice": 0, **parameters})
        self.wait(lambda: self.node.count_publishers("detections"), START, "detection does not listen")

    def play(self, **parameters: object) -> None:
        """Play a recording to its end, and wait for what is on its way."""
        player = self.start("player", **parameters)
        self.wait(lambda: player.poll() is not None, START, "the player does not end")
        assert player.returncode == 0, self.log("player")
        time.sleep(1.0)

    def log(self, node: str) -> str:
        """What a node has printed."""
        return (self.logs / f"{node}.log").read_text()

    def wait(self, condition: Callable[[], Any], seconds: float, complaint: str) -> Any:
        """Wait for a condition; the logs explain why it did not come."""
        try:
            return self.nodes.wait(condition, seconds, complaint, while_alive=False)
        except GraphError as error:
            raise AssertionError(str(error)) from None

    # Messages -------------------------------------------------------------------------------------------------------

    def receive(self, name: str, message: Any) -> None:
        """Keep a message of one of `topics`."""
        self.seen[name].append(message)

    def stamps(self, name: str) -> list[int]:
        """Stamps of what was seen on a topic, in the order of arrival."""
        return [stamp_ns(message) for message in self.seen[name]]

    def status(self) -> Any:
        """A status published from now on."""
        before = len(self.seen["status"])
        self.wait(lambda: len(self.seen["status"]) > before, 5.0, "no status")
        return self.seen["status"][-1]

    def image(self, pixels: Any, encoding: str, stamp: Any) -> Image:
        """An image message."""
        message = Image()
        message.header.stamp, message.header.frame_id = stamp, "camera"
        encodings.fill_message(message, pixels, encoding)
        return message

    def send(self, visible: Any = None, thermal: Any = None, **changes: dict[str, Any]) -> None:
        """Publish an image of one or both cameras, all with the stamp of now.

        `visible_changes` and `thermal_changes` overwrite fields of the message.
        """
        stamp = self.node.get_clock().now().to_msg()
        for camera, pixels in (("visible", visible), ("thermal", thermal)):
            if pixels is None:
                continue
            # A camera's noise: the same image again and again would be a frozen camera.
            pixels, self._images_sent = pixels.copy(), self._images_sent + 1
            pixels.flat[-1] = self._images_sent % 200
            encoding = "rgb8" if pixels.ndim == 3 else "mono8" if pixels.itemsize == 1 else "mono16"
            message = self.image(pixels, encoding, stamp)
            for field, value in changes.get(f"{camera}_changes", {}).items():
                setattr(message, field, value)
            self.publish(camera, message)

    def publish(self, camera: str, message: Image) -> None:
        """Publish an image as it is."""
        self._cameras[camera].publish(message)

    # Services -------------------------------------------------------------------------------------------------------

    def call(self, kind: Any, service: str, request: Any) -> Any:
        """Call a service and wait for the answer."""
        client = self.node.create_client(kind, service)
        assert client.wait_for_service(timeout_sec=10.0), f"no service {service}"
        future = client.call_async(request)
        self.wait(future.done, 30.0, f"{service} does not answer")
        self.node.destroy_client(client)
        return future.result()

    def set_prompt(self, prompt: str = "", modes: tuple[str, ...] = (), severity: float = 0.0, **other: Any) -> Any:
        """Call the service of the fusion node; `other` fields are objects and balance."""
        request = SetPrompt.Request(prompt=prompt, modes=modes, severity=severity, **other)
        return self.call(SetPrompt, "set_prompt", request)

    def transition(self, name: str) -> bool:
        """Ask fusion for a lifecycle transition by its name in lifecycle_msgs/Transition."""
        request = ChangeState.Request(transition=Transition(id=getattr(Transition, f"TRANSITION_{name.upper()}")))
        return self.call(ChangeState, "fusion/change_state", request).success

    def state(self) -> str:
        """Fusion's lifecycle state."""
        return self.call(GetState, "fusion/get_state", GetState.Request()).current_state.label

    def set_parameter(self, name: str, value: Any, node: str = "fusion") -> Any:
        """Set a parameter of a node."""
        request = SetParameters.Request(parameters=[Parameter(name, value=value).to_parameter_msg()])
        return self.call(SetParameters, f"{node}/set_parameters", request).results[0]
