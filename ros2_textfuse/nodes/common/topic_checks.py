"""Why nothing comes from a topic: what an operator would look up with `ros2 topic info --verbose`."""

from typing import Any

from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import QoSCompatibility, QoSProfile, qos_check_compatible
from rclpy.subscription import Subscription

IMAGE = "sensor_msgs/msg/Image"
COMPRESSED = "sensor_msgs/msg/CompressedImage"
SHOWN = 5  # topics in a message


def why_silent(node: Node, subscription: Subscription) -> str:
    """Say what is known about a subscription that nothing comes from, and what to do."""
    topic, wanted = subscription.topic_name, type_name(subscription.msg_type)
    publishers = node.get_publishers_info_by_topic(topic)
    right = [publisher for publisher in publishers if publisher.topic_type == wanted]
    if not publishers:
        return _elsewhere(node, topic, wanted)
    if not right:
        found = publishers[0].topic_type
        return f"{name_of(publishers[0])} publishes {found} there, not {wanted}{_transport(topic, found)}"
    requested = _in_force(node, node.get_subscriptions_info_by_topic(topic), subscription.qos_profile)
    for publisher in right:
        if mismatch := qos_mismatch(publisher, publisher.qos_profile, requested):
            return f"{mismatch}; set qos_overrides.{topic}.subscription.* to what is offered"
    return f"{name_of(right[0])} publishes there, and nothing usable comes: check the driver, the cable and the network"


def why_unserved(node: Node, publisher: Publisher) -> str:
    """Which subscriber of a publisher gets nothing because of its QoS; empty where all are served."""
    topic = publisher.topic_name
    offered = _in_force(node, node.get_publishers_info_by_topic(topic), publisher.qos_profile)
    for subscription in node.get_subscriptions_info_by_topic(topic):
        if mismatch := qos_mismatch(subscription, offered, subscription.qos_profile):
            return f"{topic} does not reach a subscriber: {mismatch}"
    return ""


def qos_mismatch(other: Any, offered: QoSProfile, requested: QoSProfile) -> str:
    """Which policies of a publisher and a subscription do not meet, by name; empty where all do.

    Args:
        other: endpoint info of the one of the two that belongs to another node.
        offered: by the publisher.
        requested: by the subscription.
    """
    compatibility, _ = qos_check_compatible(offered, requested)
    if compatibility != QoSCompatibility.ERROR:
        return ""
    differing = [
        policy
        for policy in ("reliability", "durability", "deadline", "liveliness", "liveliness_lease_duration")
        if getattr(offered, policy) != getattr(requested, policy)
    ]
    sides = (
        ", ".join(f"{policy} {_value(getattr(profile, policy))}" for policy in differing)
        for profile in (offered, requested)
    )
    return "QoS of {} does not meet: offered {}; requested {}".format(name_of(other), *sides)


def _in_force(node: Node, endpoints: list[Any], asked: QoSProfile) -> QoSProfile:
    """The profile of the node's own endpoint as others see it; what it asked for has zeros for the defaults."""
    own = (e for e in endpoints if (e.node_name, e.node_namespace) == (node.get_name(), node.get_namespace()))
    return next((endpoint.qos_profile for endpoint in own), asked)


def _elsewhere(node: Node, topic: str, wanted: str) -> str:
    """Nobody publishes on a topic: whether its images are in the graph under another name."""
    topics = dict(node.get_topic_names_and_types())
    twin, transport = (
        (f"{topic}/compressed", "compressed") if wanted == IMAGE else (topic.removesuffix("/compressed"), "raw")
    )
    if wanted == COMPRESSED and wanted in topics.get(twin, ()) and node.count_publishers(twin):
        return f"nobody publishes there, but on {twin}{_transport(twin, wanted)}"
    if node.count_publishers(twin):
        return f"nobody publishes there, but on {twin}: set the camera's transport parameter to {transport}"
    images = [
        name
        for name, kinds in topics.items()
        if wanted in kinds
        and node.count_publishers(name)
        and not name.startswith(node.get_namespace().rstrip("/") + "/")
    ]
    if not images:
        return "nobody publishes there: is the driver running, in this ROS_DOMAIN_ID?"
    more = ", ..." if len(images) > SHOWN else ""
    return f"nobody publishes there; images are on {', '.join(images[:SHOWN])}{more}: remap the input"


def _transport(topic: str, found: str) -> str:
    """What to do where a camera's topic was named with the ending that its transport adds."""
    if found != COMPRESSED or not topic.endswith("/compressed"):
        return ""
    return (
        f": name the topic {topic.removesuffix('/compressed')}, and set the camera's transport parameter to compressed"
    )


def name_of(endpoint: Any) -> str:
    """The full name of the node of a publisher or a subscription."""
    return f"{endpoint.node_namespace.rstrip('/')}/{endpoint.node_name}"


def type_name(kind: Any) -> str:
    """The name of a message type as the graph has it: sensor_msgs/msg/Image."""
    package, folder = kind.__module__.split(".")[:2]
    return f"{package}/{folder}/{kind.__name__}"


def _value(policy: Any) -> str:
    return policy.name.lower().replace("_", " ") if hasattr(policy, "name") else f"{policy.nanoseconds / 1e9:g} s"
