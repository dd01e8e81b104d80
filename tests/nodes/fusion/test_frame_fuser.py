"""What becomes of a frame."""

from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")

from sensor_msgs.msg import Image

from ros2_textfuse import Fuser
from ros2_textfuse.errors import WeightsError
from ros2_textfuse.imaging import encodings
from ros2_textfuse.imaging.gain_control import GainControl
from ros2_textfuse.nodes.common.in_order import InOrder
from ros2_textfuse.nodes.fusion.frame_fuser import FrameFuser
from ros2_textfuse.nodes.fusion.ledger import Ledger
from ros2_textfuse.sync.camera_input import CameraInput
from ros2_textfuse.sync.pairing import CAMERAS, Stamped
from ros2_textfuse.sync.policy import Frame
from tests.helpers.images import street

THERMAL = np.uint16(street(120, 160)[1]) * 16 + 3000


class Camera(CameraInput):
    """A camera of no topic."""

    frame_id = "rig"


class Sent:
    """Stands in for the outputs, all of which somebody subscribes to."""

    def __init__(self):
        self.images, self.aligned = [], []

    def publish(self, message, pixels, info, jpeg_quality):
        self.images.append(pixels)

    def publish_aligned(self, header, **images):
        self.aligned.append(images)


@pytest.fixture
def parts():
    """A frame fuser of registered cameras, and what it sends and rejects."""
    sent, rejected, errors = Sent(), [], []
    node = SimpleNamespace(get_logger=lambda: SimpleNamespace(error=lambda text, **_: errors.append(text)))
    fuser = Fuser("pico", engine="eager")
    frame_fuser = FrameFuser(
        node=node,
        fuser=fuser,
        builder=SimpleNamespace(check=lambda height, width: None),
        geometry=SimpleNamespace(aligned=lambda: True, fused=lambda message: None),
        cameras={name: Camera(name) for name in CAMERAS},
        objects=None,
        outputs=sent,
        ledger=Ledger(),
        scene=None,
        reject=rejected.append,
        jpeg_quality=lambda: 90,
        finisher=InOrder(1),
    )
    return SimpleNamespace(frame_fuser=frame_fuser, fuser=fuser, sent=sent, rejected=rejected, errors=errors)


def test_gain_control_sees_an_image_that_is_passed_through_once(parts):
    expected = GainControl()
    for number in range(3):
        pixels = THERMAL + 400 * number  # the scene warms
        message = Image()
        encodings.fill_message(message, pixels, "mono16")
        parts.frame_fuser.work_on(Frame({"thermal": Stamped(number, message)}))
        grey = expected(pixels)
        np.testing.assert_array_equal(parts.sent.aligned[number]["thermal"], grey)
        np.testing.assert_array_equal(parts.sent.images[number][40:-4, 4:-4, 0], grey[40:-4, 4:-4])
    assert not parts.rejected and parts.fuser.gain_control.range == expected.range


@pytest.mark.parametrize(
    ("error", "says", "traced"),
    [(AssertionError(), "fusion failed: AssertionError: ", True), (WeightsError("cut off"), "cut off", False)],
    ids=["a fault", "a reason"],
)
def test_a_fault_is_told_with_its_kind_and_place(parts, monkeypatch, error, says, traced):
    def broken(camera, image):
        raise error

    monkeypatch.setattr(parts.fuser, "prepare_image", broken)
    message = Image()
    encodings.fill_message(message, THERMAL, "mono16")
    parts.frame_fuser.work_on(Frame({"thermal": Stamped(0, message)}))
    assert parts.rejected == [says]
    assert ["in broken" in text for text in parts.errors] == [True] * traced
