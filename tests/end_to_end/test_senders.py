"""Cameras that know nothing of textfuse's DDS profile, as every driver and `ros2 bag play` on a robot."""

import time

import pytest
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import Image

from tests.helpers.campaign import campaign
from tests.helpers.driver import QuietGraph, drive
from tests.helpers.rig import visible_pixels

BEST_EFFORT = QoSProfile(depth=5, reliability=ReliabilityPolicy.BEST_EFFORT)


@pytest.fixture
def quiet_graph(tmp_path):
    with QuietGraph(tmp_path) as graph:
        yield graph


def test_every_image_of_a_reliable_driver_is_received(quiet_graph):
    graph = quiet_graph
    graph.start_fusion(source_timeout=5.0)
    sent = drive(graph, "reliable")
    status = graph.seen["status"][-1]
    assert (status.visible_received, status.thermal_received) == (sent, sent)
    assert (status.visible_missing, status.thermal_missing) == (0, 0)
    assert "best effort" not in graph.log("fusion")


def test_a_best_effort_driver_is_heard_and_its_losses_are_named(quiet_graph):
    """Where more than a tenth is lost, the status says so; where nothing is, it does not."""
    graph = quiet_graph
    graph.start_fusion(source_timeout=5.0)
    sent = drive(graph, "best_effort", seconds=6)
    assert "/visible/image_raw is offered best effort" in graph.log("fusion")
    status = graph.seen["status"][-1]
    assert 0 < status.visible_received <= sent
    lost = 1 - status.visible_received / sent
    named = [s for s in graph.seen["status"] if s.state == s.DEGRADED and "images a second come" in s.message]
    if 0.25 < lost < 0.7:  # of one that loses more, there is not enough to tell in so few seconds
        assert named and "best effort" in named[0].message and status.visible_missing > 0.5 * lost * sent
        warned = [entry for array in graph.diagnostics for entry in array.status if "visible camera" in entry.name]
        assert any("images a second come" in entry.message for entry in warned)
    if lost < 0.02:
        assert not named


def test_publishers_that_come_and_go_are_followed(graph):
    """A reliable driver is replaced by a best-effort one, both at once, and back."""
    graph.start_fusion(width=320, height=240)
    topic = "/visible/image_raw"

    def asked():
        own = [i for i in graph.node.get_subscriptions_info_by_topic(topic) if i.node_name == "fusion"]
        return [info.qos_profile.reliability for info in own]

    def follows(reliability):
        graph.wait(lambda: asked() == [reliability], 5.0, f"it asks for {asked()}, not for {reliability}")

    def received():
        before = graph.status().visible_received
        publisher = graph._cameras["visible"]
        for number in range(5):
            stamp = graph.node.get_clock().now().to_msg()
            publisher.publish(graph.image(visible_pixels(number), "rgb8", stamp))
            time.sleep(0.1)
        graph.wait(lambda: graph.status().visible_received > before, 3.0, "nothing is received")

    follows(ReliabilityPolicy.RELIABLE)
    reliable = graph._cameras["visible"]
    best_effort = graph.node.create_publisher(Image, topic, BEST_EFFORT)
    follows(ReliabilityPolicy.BEST_EFFORT)  # it hears both
    received()
    graph._cameras["visible"] = best_effort
    received()
    graph.node.destroy_publisher(reliable)
    follows(ReliabilityPolicy.BEST_EFFORT)
    graph._cameras["visible"] = graph.node.create_publisher(Image, topic, 10)
    graph.node.destroy_publisher(best_effort)
    follows(ReliabilityPolicy.RELIABLE)
    received()


@campaign
def test_a_reliability_that_the_user_asked_for_stays(graph):
    graph.start_fusion(**{"qos_overrides./visible/image_raw.subscription.reliability": "best_effort"})
    time.sleep(1.0)
    own = [i for i in graph.node.get_subscriptions_info_by_topic("/visible/image_raw") if i.node_name == "fusion"]
    assert [info.qos_profile.reliability for info in own] == [ReliabilityPolicy.BEST_EFFORT]
