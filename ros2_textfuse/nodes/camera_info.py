"""sensor_msgs/CameraInfo to cameras, and the one of the fused picture."""

from collections.abc import Callable

import numpy as np
from rclpy.node import Node
from rclpy.qos import qos_profile_sensor_data
from rclpy.subscription import Subscription
from sensor_msgs.msg import CameraInfo

from ros2_textfuse.alignment import Alignment
from ros2_textfuse.calibration import Camera


def subscribe(node: Node, picture_topic: str, callback: Callable[[CameraInfo], None]) -> Subscription:
    """Subscribe to the camera_info beside a picture topic, as every ROS camera driver names it."""
    topic = beside(picture_topic)
    return node.create_subscription(CameraInfo, topic, callback, qos_profile_sensor_data)


def beside(picture_topic: str) -> str:
    """The camera_info topic of a picture topic: /rig/rgb/image_raw has /rig/rgb/camera_info."""
    return picture_topic.rsplit("/", 1)[0] + "/camera_info"


def to_camera(message: CameraInfo) -> Camera:
    """The camera that a CameraInfo describes; without a matrix where K is zero, which spells "not calibrated"."""
    matrix = np.array(message.k, np.float64).reshape(3, 3)
    return Camera(
        message.width,
        message.height,
        matrix if matrix.any() else None,
        message.distortion_model or "plumb_bob",
        tuple(message.d),
    )


def same(first: CameraInfo | None, second: CameraInfo) -> bool:
    """Whether two say the same, whenever it was."""
    fields = ("width", "height", "distortion_model", "d", "k", "r", "p")
    return first is not None and all(np.array_equal(getattr(first, f), getattr(second, f)) for f in fields)


def fused_info(alignment: Alignment | None, reference: CameraInfo | None) -> CameraInfo | None:
    """The CameraInfo of the fused picture, its header left to the caller; None where K is not known.

    Args:
        alignment: None for registered cameras, whose fused picture is the visible camera's.
        reference: what the reference camera's driver says, or None. The calibration's own intrinsics go first.
    """
    known = None if reference is None else to_camera(reference)
    camera = alignment.fused_camera(known) if alignment else known
    if camera is None or camera.matrix is None:
        return None
    message = CameraInfo(width=camera.width, height=camera.height, distortion_model=camera.distortion_model)
    message.d, message.k = list(camera.distortion), camera.matrix.ravel().tolist()
    rectified = np.column_stack([camera.matrix, np.zeros(3)])
    message.r = np.eye(3).ravel().tolist()
    if reference is not None and known is not None and known.matrix is not None:
        # R and P are the driver's, P in the pixels of the fused picture.
        change = np.eye(3) if alignment is None else alignment.pixel_change()
        if np.allclose(change @ known.matrix, camera.matrix):
            message.r = reference.r
            rectified = change @ np.array(reference.p).reshape(3, 4)
    message.p = rectified.ravel().tolist()
    return message
