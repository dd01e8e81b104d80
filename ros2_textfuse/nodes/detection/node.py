"""The detection node: YOLO on the fused images."""

import os
import threading
import time

from geometry_msgs.msg import PoseWithCovariance
from rclpy.node import Node
from rclpy.qos import QoSProfile, qos_profile_sensor_data
from sensor_msgs.msg import Image

from ros2_textfuse.detection.detector import Detector
from ros2_textfuse.detection.drawing import draw
from ros2_textfuse.detection.types import Detection, DetectorError
from ros2_textfuse.detection.weights import WeightsError
from ros2_textfuse.imaging import encodings
from ros2_textfuse.nodes.common import parameters
from ros2_textfuse.nodes.common.detection_messages import Detection2D, Detection2DArray, ObjectHypothesisWithPose
from ros2_textfuse.nodes.common.qos import OVERRIDABLE
from ros2_textfuse.nodes.common.run import StartError, forward_logs, run, spin
from ros2_textfuse.nodes.common.worker import LatestOnlyWorker
from ros2_textfuse.runtime import cache_folder

LOG_PERIOD = 5.0  # s


class DetectionNode(Node):
    """Finds objects in the newest fused image; the detections carry its stamp and frame_id."""

    def __init__(self) -> None:
        super().__init__("detection", namespace="textfuse")
        parameters.declare(self, parameters.DETECTION)
        forward_logs(self)
        p = parameters.values(self, parameters.DETECTION)
        self.build_only = p["build_only"]
        cache_folder.use(p["cache_dir"])
        # Two engines that each take all cores stand in each other's way, unless one always goes first. The threads of
        # the middleware are there already and keep their priority; those of the engine inherit this one.
        os.nice(p["nice"])
        try:
            self._detector = Detector(
                p["weights"],
                p["engine"],
                confidence=p["confidence"],
                classes=p["classes"],
                image_size=(p["height"], p["width"]),
                threads=p["threads"],
            )
        except (DetectorError, WeightsError) as error:
            raise StartError(str(error)) from error
        if self.build_only:
            return
        self._publisher = self.create_publisher(Detection2DArray, "detections", 10)
        self._annotated_publisher = self.create_publisher(Image, "annotated", QoSProfile(depth=5))
        self._worker = LatestOnlyWorker(self._detect, p["queue_size"])
        self.create_subscription(
            Image, "fused", self._receive, qos_profile_sensor_data, qos_overriding_options=OVERRIDABLE
        )
        self.get_logger().info(f"detecting on {self.engine_name}")

    @property
    def engine_name(self) -> str:
        """What the detector runs on."""
        return self._detector.engine_name

    def destroy_node(self) -> None:
        """Stop the worker before its publishers go."""
        if hasattr(self, "_worker"):
            self._worker.stop()
        super().destroy_node()

    def _receive(self, message: Image) -> None:
        try:
            encodings.check_message(message, encodings.VISIBLE_ENCODINGS)
        except encodings.ImageError as error:
            self.get_logger().warning(f"rejected: {error}", throttle_duration_sec=LOG_PERIOD)
            return
        if self._worker.put(message):
            self.get_logger().warning(
                "a fused image was replaced by a newer one before its turn",
                throttle_duration_sec=LOG_PERIOD,
            )

    def _detect(self, message: Image) -> None:
        start = time.perf_counter()
        pixels = encodings.visible_array(message)
        try:
            found = self._detector.detect(pixels)
        except Exception as error:  # the node outlives whatever one image does to the engine
            self.get_logger().error(f"detection failed: {error}", throttle_duration_sec=LOG_PERIOD)
            return
        array = Detection2DArray(header=message.header)
        array.detections = [_to_message(detection, message.header) for detection in found]
        self._publisher.publish(array)
        self.get_logger().debug(f"detected in {(time.perf_counter() - start) * 1e3:.1f} ms")
        if self._annotated_publisher.get_subscription_count():
            annotated = Image(header=message.header)
            encodings.fill_message(annotated, draw(pixels, found), "rgb8")
            self._annotated_publisher.publish(annotated)


def _to_message(found: Detection, header: object) -> Detection2D:
    left, top, right, bottom = found.box
    hypothesis = ObjectHypothesisWithPose(pose=PoseWithCovariance())
    hypothesis.hypothesis.class_id = found.name
    hypothesis.hypothesis.score = float(found.score)
    detection = Detection2D(header=header, results=[hypothesis])
    detection.bbox.center.position.x = (left + right) / 2
    detection.bbox.center.position.y = (top + bottom) / 2
    detection.bbox.size_x, detection.bbox.size_y = right - left, bottom - top
    return detection


def _work(node: DetectionNode, interrupted: threading.Event) -> None:
    if node.build_only:
        node.get_logger().info(f"built: {node.engine_name}")
    else:
        spin(node, interrupted)


def main() -> int:
    """Run the detection node."""
    return run("detection", DetectionNode, parameters.DETECTION, "find objects in the fused images", work=_work)
