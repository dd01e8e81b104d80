"""What one camera of the fusion node counts."""

from types import SimpleNamespace

import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")

from ros2_textfuse.nodes.fusion import camera
from tests.helpers.messages import image, noise


@pytest.fixture
def thermal(monkeypatch):
    """A camera without a middleware; `taken` and `refused` are what it handed on."""
    topic = SimpleNamespace(subscription=SimpleNamespace(topic_name="/thermal/image_raw"), reliable=True)
    monkeypatch.setattr(camera, "FollowingSubscription", lambda *arguments: topic)
    clock = SimpleNamespace(now=lambda: SimpleNamespace(nanoseconds=0))
    taken, refused = [], []
    node = SimpleNamespace(get_clock=lambda: clock)
    thermal = camera.Camera(node, "thermal", "raw", lambda camera, image: taken.append(image), refused.append)
    thermal.taken, thermal.refused, thermal.max_missing_share = taken, refused, 0.1
    return thermal


def sent(number):
    return image(noise(12, 16, seed=number), "mono8", stamp=1000 + number / 15)


def test_an_image_that_is_refused_is_not_missing(thermal):
    for number in range(100):
        message = sent(number)
        if number % 5 == 0:
            message.data = message.data[:50]
        thermal._receive(message)
    thermal.inspect()
    report = thermal.report(unpaired=0)
    assert (len(thermal.taken), len(thermal.refused)) == (80, 20)
    assert (report.missing, report.missing_share, report.loss) == (0, 0.0, "")


def test_an_image_that_never_comes_is(thermal):
    for number in range(100):
        if number % 5:
            thermal._receive(sent(number))
    thermal.inspect()
    report = thermal.report(unpaired=0)
    assert report.missing >= 15 and report.missing_share == pytest.approx(0.2, abs=0.03)
    assert "12 of 15 images a second" in report.loss
