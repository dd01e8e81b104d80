"""What a graph publishes is logged for Rerun; a stand-in takes Rerun's place, which most machines lack."""

from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")

from builtin_interfaces.msg import Time
from sensor_msgs.msg import Image
from std_msgs.msg import Header
from textfuse.msg import FusionStatus

from ros2_textfuse.detection.types import Detection
from ros2_textfuse.imaging import encodings
from ros2_textfuse.nodes.common.observer import observing
from ros2_textfuse.nodes.detection.messages import detections_message
from ros2_textfuse.nodes.view.rerun_node import RerunNode

HEADER = Header(stamp=Time(sec=5, nanosec=1), frame_id="camera")


class Stream:
    """Keeps what is logged."""

    def __init__(self):
        self.logged = []

    def set_time(self, timeline, timestamp):
        self.time = timeline, int(timestamp.astype("int64"))

    def log(self, path, what):
        self.logged.append((self.time, path, what))


RERUN = SimpleNamespace(
    Image=lambda pixels: SimpleNamespace(compress=lambda jpeg_quality: pixels),
    Boxes2D=lambda **fields: fields,
    Scalars=list,
    TextLog=str,
)


def test_images_boxes_and_what_changes_of_the_status_are_logged():
    stream, at = Stream(), ("stamp", 5_000_000_001)
    pixels = np.random.default_rng(0).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    image = Image(header=HEADER)
    encodings.fill_message(image, pixels, "rgb8")
    with observing(lambda context: RerunNode(stream, RERUN, "textfuse", context)) as node:
        node._take_image("fused", image)
        node._take_image("visible", Image(header=HEADER, encoding="nonsense"))
        node._take_boxes(detections_message([Detection("person", 0, 0.9, (0.0, 0.0, 10.0, 20.0))], HEADER))
        for balance in (0.5, 0.25):
            node._take_status(FusionStatus(header=HEADER, state="OK", scene="night", balance=balance))
        assert node.frames == 1
    found = {path: what for time, path, what in stream.logged if time == at}
    assert np.array_equal(found["fused"], pixels) and "visible" not in found
    assert found["fused/boxes"] == {"centers": [[5.0, 10.0]], "sizes": [[10.0, 20.0]], "labels": ["person 90%"]}
    paths = [path for _, path, _ in stream.logged]
    assert paths.count("balance") == 2 and paths.count("scene") == 1 and found["scene"] == "night"
