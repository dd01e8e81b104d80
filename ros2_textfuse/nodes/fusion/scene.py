"""The scene of the fusion node: looked at in its worker, told by its executor."""

import threading
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rclpy.lifecycle import LifecycleNode
from rclpy.qos import DurabilityPolicy, QoSProfile
from std_msgs.msg import String
from textfuse.msg import FusionStatus

from ros2_textfuse.fuser import Fuser
from ros2_textfuse.nodes.common.detection_messages import Detection2DArray
from ros2_textfuse.nodes.fusion.detections import DetectionListener
from ros2_textfuse.nodes.fusion.state import CameraReport
from ros2_textfuse.scene.estimator import EstimatorError
from ros2_textfuse.scene.sentence import Seen, sentence
from ros2_textfuse.scene.watch import Scene

PERIOD = 1.0  # s, at least, between two sentences, and between two looks that nothing but a sentence is made of
CURRENT = 2.0  # s for which detections and looks speak of now


class SceneTopic:
    """Looks at pairs where somebody needs it, and publishes the scene as a sentence when it changes.

    Objects are named from the detection node's boxes, while somebody subscribes to the sentence.

    Args:
        node: that publishes.
        fuser: of the node.
        status: its publisher, whose subscribers want to know the scene as well.
        detections: where objects are.
    """

    def __init__(self, node: LifecycleNode, fuser: Fuser, status: Any, detections: DetectionListener) -> None:
        self._node, self._fuser, self._status, self._detections = node, fuser, status, detections
        last = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)  # who comes later hears it too
        self._publisher = node.create_publisher(String, "scene", last)
        self._one_look = threading.Lock()  # pairs overlap: one may begin while another is looked at
        self._objects: list[Seen] = []
        self._seen = self._looked = self._told = float("-inf")
        self._width = 0
        self._broken = False
        self._sentence = ""

    def destroy(self) -> None:
        """Take the topic back."""
        self._node.destroy_publisher(self._publisher)
        self._detections.follow(self._take_detections, False)

    def begin(self, visible: NDArray[np.uint8], thermal: NDArray[np.uint8], stamp: int) -> None:
        """Look at a pair before it is fused, where a prompt heeds the images and nobody has looked for a while.

        Args:
            visible: as of `look`.
            thermal: likewise.
            stamp: likewise.
        """
        if self._fuser.heeds_images and time.monotonic() - self._looked > CURRENT:
            self.look(visible, thermal, stamp)

    def look(self, visible: NDArray[np.uint8], thermal: NDArray[np.uint8], stamp: int) -> None:
        """Look at a pair, of `Fuser.prepare_pair`, after it was published.

        Args:
            visible: uint8 RGB [H, W, 3].
            thermal: uint8 [H, W].
            stamp: nanoseconds.
        """
        if self._broken or not self._wanted():
            return
        try:
            with self._one_look:
                self._fuser.look(visible, thermal, stamp / 1e9)
        except EstimatorError as error:
            self._broken = True  # and stays so: images are fused as the prompt says
            self._node.get_logger().error(f"the scene is not looked at, and prompts are taken at their word: {error}")
            return
        self._width, self._looked = thermal.shape[1], time.monotonic()

    def tell(self, status: FusionStatus, cameras: Sequence[CameraReport]) -> None:
        """Fill the status, and publish the sentence where it is another and the last one is a second old.

        Args:
            status: fields of the scene are written.
            cameras: how they fare.
        """
        now = time.monotonic()
        self._detections.follow(self._take_detections, bool(self._publisher.get_subscription_count()))
        faults = {camera.name: _briefly(camera) for camera in cameras}
        scene, current = self._fuser.watch.scene, now - self._looked <= CURRENT
        if not current:  # while one camera is missing, nothing is known but that
            if self._looked < 0 or not any(faults.values()):
                return
            scene = Scene(light=scene.light)
        status.estimated_modes = list(scene.conditions)
        status.estimated_severities = [float(severity) for severity in scene.conditions.values()]
        objects = self._objects if now - self._seen <= CURRENT else []
        status.scene = sentence(scene, faults, objects)
        if status.scene != self._sentence and now - self._told >= PERIOD:
            self._sentence, self._told = status.scene, now
            self._publisher.publish(String(data=status.scene))

    def _wanted(self) -> bool:
        if self._fuser.heeds_images:
            return True
        if time.monotonic() - self._looked < PERIOD:
            return False
        return bool(self._publisher.get_subscription_count() or self._status.get_subscription_count())

    def _take_detections(self, message: Detection2DArray) -> None:
        if not self._width:
            return
        self._objects = [
            Seen(found.results[0].hypothesis.class_id, found.bbox.center.position.x / self._width)
            for found in message.detections
            if found.results and 0 <= found.bbox.center.position.x <= self._width  # a detector of another size; NaN
        ]
        self._seen = time.monotonic()


def _briefly(camera: CameraReport) -> str:
    """What is wrong, up to the advice."""
    if camera.silence:
        return "sends nothing"
    return camera.fault.split(":")[0].split(";")[0]
