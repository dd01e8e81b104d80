"""A node that listens to the cameras for some seconds, and to who else is there."""

import time
from functools import partial
from pathlib import Path
from typing import Any

from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CompressedImage, Image
from textfuse.msg import FusionStatus

from ros2_textfuse.doctor.graph import CameraSeen, GraphSeen
from ros2_textfuse.nodes.common.compat import rclpy_running
from ros2_textfuse.nodes.common.topic_checks import why_silent
from ros2_textfuse.runtime.dds_profile import SHARED_MEMORY

DISCOVERY = 1.5  # s until the publishers that there are should be known


def look(topics: dict[str, str], namespace: str = "textfuse", seconds: float = 3.0) -> GraphSeen:
    """Listen, and say what was seen.

    Args:
        topics: of the cameras, by name; one that ends in /compressed carries compressed images.
        namespace: of the fusion node.
        seconds: how long to listen.
    """
    before = _segments()
    with rclpy_running():
        node = Node("doctor", namespace=namespace)
        executor = SingleThreadedExecutor()
        executor.add_node(node)
        seen = GraphSeen({name: CameraSeen(node.resolve_topic_name(topic)) for name, topic in topics.items()})
        node.create_subscription(FusionStatus, "status", partial(_take_status, seen), 10)
        _spin(executor, DISCOVERY)
        made = _segments()
        seen.segment = max((size for name, size in made.items() if name not in before), default=0)
        subscriptions = {which.topic: _subscribe(node, which) for which in seen.cameras.values()}
        _spin(executor, seconds)
        own = node.get_namespace().rstrip("/")
        names = [f"{space.rstrip('/')}/{name}" for name, space in node.get_node_names_and_namespaces()]
        seen.fusion = [name for name in names if name == f"{own}/fusion"]
        seen.detection = [name for name in names if name == f"{own}/detection"]
        for which in seen.cameras.values():
            if not which.arrivals:
                which.why_silent = why_silent(node, subscriptions[which.topic])
        executor.shutdown()
        node.destroy_node()
    return seen


def _subscribe(node: Node, camera: CameraSeen) -> Any:
    """Listen to a camera, reliably where every publisher offers that, so that a loss is not ours."""
    offers = node.get_publishers_info_by_topic(camera.topic)
    camera.publishers = [
        f"{offer.node_namespace.rstrip('/')}/{offer.node_name} ({offer.qos_profile.reliability.name.lower()})"
        for offer in offers
    ]
    reliable = offers and all(o.qos_profile.reliability == ReliabilityPolicy.RELIABLE for o in offers)
    qos = QoSProfile(depth=10, reliability=ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT)
    kind = CompressedImage if camera.topic.endswith("/compressed") else Image
    return node.create_subscription(kind, camera.topic, partial(_take_image, node, camera), qos)


def _take_image(node: Node, camera: CameraSeen, message: Any) -> None:
    stamp = message.header.stamp
    camera.arrivals.append(node.get_clock().now().nanoseconds / 1e9)
    camera.stamps.append(stamp.sec + stamp.nanosec / 1e9)
    if isinstance(message, Image):
        camera.encoding, camera.width, camera.height = message.encoding[:40], message.width, message.height
    else:
        camera.encoding = message.format[:40]


def _take_status(seen: GraphSeen, status: FusionStatus) -> None:
    seen.state, seen.message = status.state, status.message


def _spin(executor: SingleThreadedExecutor, seconds: float) -> None:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        executor.spin_once(timeout_sec=left)


def _segments() -> dict[str, int]:
    """Fast DDS's files in shared memory, and their bytes."""
    found = {}
    for path in [*SHARED_MEMORY.glob("fastdds_*"), *SHARED_MEMORY.glob("fastrtps_*")]:
        try:
            found[Path(path).name] = path.stat().st_size
        except OSError:  # its process ended meanwhile
            continue
    return found
