"""sensor_msgs/CameraInfo to cameras, and the one of the fused image."""

from collections.abc import Callable
from functools import partial

import numpy as np
from rclpy.node import Node
from rclpy.qos import qos_profile_sensor_data
from rclpy.subscription import Subscription
from sensor_msgs.msg import CameraInfo, Image

from ros2_textfuse.fuser import Fuser
from ros2_textfuse.geometry.alignment import Alignment
from ros2_textfuse.geometry.calibration import Calibration, CalibrationError, CameraModel
from ros2_textfuse.imaging.encodings import ImageError
from ros2_textfuse.nodes.common.logs import LOG_PERIOD
from ros2_textfuse.settings import FusionSettings


class Geometry:
    """What the cameras' CameraInfo says, for the alignment and for the CameraInfo of the fused images.

    Messages come in one thread, images are fused in another.

    Args:
        node: that subscribes.
        topics: of the images, by camera.
        fuser: whose alignment is set where intrinsics come from CameraInfo.
        calibration: None for registered cameras.
        use_info: take the intrinsics of both cameras from CameraInfo.
    """

    def __init__(
        self, node: Node, topics: dict[str, str], fuser: Fuser, calibration: Calibration | None, use_info: bool
    ) -> None:
        self._node, self._topics, self._fuser = node, topics, fuser
        self._calibration, self._use_info = calibration, use_info
        self._changed = False
        self._infos: dict[str, CameraInfo] = {}
        self._fused: CameraInfo | None = fused_info(fuser.alignment, None)
        self._subscriptions = [
            subscribe(node, topic, partial(self._receive, camera))
            for camera, topic in topics.items()
            if self._needs(camera)
        ]

    def destroy(self) -> None:
        """Leave the topics."""
        for subscription in self._subscriptions:
            self._node.destroy_subscription(subscription)

    def missing(self) -> list[str]:
        """CameraInfo topics that alignment still waits for."""
        if self._calibration is None or self._fuser.alignment:
            return []
        return [beside(topic) for camera, topic in self._topics.items() if camera not in self._infos]

    def aligned(self) -> bool:
        """Take up what has come; returns whether images can be aligned, or need not be.

        Raises:
            ImageError: what has come does not fit the calibration.
        """
        if not self._changed:
            return not self._use_info or self._fuser.alignment is not None
        self._changed = False  # before it is read: what comes meanwhile is new again
        try:
            assert self._calibration is not None
            cameras = {name: to_camera(message) for name, message in self._infos.items()}
            alignment = Alignment(self._calibration.with_cameras(cameras))
        except CalibrationError as error:
            self._fuser.alignment, self._changed = None, True
            raise ImageError(str(error)) from error
        self._fused = fused_info(alignment, self._infos[self._calibration.reference])
        self._fuser.alignment = alignment
        return True

    def fused(self, image: Image) -> CameraInfo | None:
        """CameraInfo of a fused image, with its header, where it is known and of its size."""
        info = self._fused
        if info is None:
            return None
        if (info.width, info.height) != (image.width, image.height):
            self._node.get_logger().warning(
                f"no camera_info: the camera's own is for {info.width}x{info.height}, the fused image is "
                f"{image.width}x{image.height}",
                throttle_duration_sec=LOG_PERIOD,
            )
            return None
        info.header = image.header
        return info

    def _needs(self, camera: str) -> bool:
        """Whether a camera's CameraInfo has something to tell that the calibration does not."""
        if self._calibration is None:
            return camera == "visible"
        if self._use_info:
            return True
        return camera == self._calibration.reference and self._calibration.cameras[camera].matrix is None

    def _receive(self, camera: str, message: CameraInfo) -> None:
        if same(self._infos.get(camera), message):
            return
        self._infos[camera] = message
        if self._use_info:
            self._changed = len(self._infos) == 2  # the worker takes it up between two pairs
        else:
            self._fused = fused_info(self._fuser.alignment, message)


def expected_calibration(settings: FusionSettings) -> Calibration | None:
    """The calibration that the parameters name, checked against the others; None for registered cameras.

    Raises:
        CalibrationError: it cannot be used.
    """
    calibration = settings.read_calibration()
    if calibration is None:
        return None
    try:
        calibration.require_size(calibration.reference, settings.width, settings.height)
    except CalibrationError as error:
        raise CalibrationError(f"{error}, or set the parameters width and height, which say so") from error
    return calibration


def subscribe(node: Node, image_topic: str, callback: Callable[[CameraInfo], None]) -> Subscription:
    """Subscribe to the camera_info beside an image topic, as every ROS camera driver names it."""
    topic = beside(image_topic)
    return node.create_subscription(CameraInfo, topic, callback, qos_profile_sensor_data)


def beside(image_topic: str) -> str:
    """The camera_info topic of an image topic, raw or compressed: /rig/rgb/image_raw has /rig/rgb/camera_info."""
    return image_topic.removesuffix("/compressed").rsplit("/", 1)[0] + "/camera_info"


def to_camera(message: CameraInfo) -> CameraModel:
    """The camera that a CameraInfo describes; without a matrix where K is zero, which spells "not calibrated"."""
    matrix = np.array(message.k, np.float64).reshape(3, 3)
    return CameraModel(
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
    """The CameraInfo of the fused image, its header left to the caller; None where K is not known.

    Args:
        alignment: None for registered cameras, whose fused image is the visible camera's.
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
        # R and P are the driver's, P in the pixels of the fused image.
        change = np.eye(3) if alignment is None else alignment.pixel_change()
        if np.allclose(change @ known.matrix, camera.matrix):
            message.r = reference.r
            rectified = change @ np.array(reference.p).reshape(3, 4)
    message.p = rectified.ravel().tolist()
    return message
