"""A camera driver in one file: 16-bit thermal counts as sensor_msgs/Image.

    python3 examples/camera_driver.py --ros-args -r image_raw:=/thermal/image_raw -p rate:=9.0

Start it with FASTDDS_DEFAULT_PROFILES_FILE set (docs/guides/ros.md), or frames are lost on the way. Put your camera's
SDK in place of `Camera`.
"""

import array

import numpy as np
import rclpy
from rclpy.node import Node
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import Image


class Camera:
    """Stands for an SDK: a warm spot that moves over a cold scene, in centi-kelvin."""

    width, height = 160, 120

    def __init__(self) -> None:
        self._frames = 0

    def read(self) -> np.ndarray:
        """The next frame, uint16 [H, W]."""
        self._frames += 1
        rows, columns = np.mgrid[: self.height, : self.width]
        distance = np.hypot(rows - self.height / 2, columns - self._frames % self.width)
        return (28000 + 3000 * np.exp(-((distance / 15) ** 2))).astype(np.uint16)


class Driver(Node):
    """Publishes one camera's frames on `image_raw`."""

    def __init__(self, **options) -> None:
        super().__init__("camera_driver", **options)
        rate = self.declare_parameter("rate", 9.0).value
        self._frame_id = self.declare_parameter("frame_id", "thermal_optical_frame").value
        self._camera = Camera()
        self._publisher = self.create_publisher(Image, "image_raw", qos_profile_sensor_data)
        self.create_timer(1 / rate, self._publish)

    def _publish(self) -> None:
        # The moment of exposure, as near as the SDK lets us come: textfuse pairs by it.
        stamp = self.get_clock().now().to_msg()
        frame = self._camera.read()
        message = Image(height=frame.shape[0], width=frame.shape[1], encoding="mono16", step=frame.strides[0])
        message.header.stamp, message.header.frame_id = stamp, self._frame_id
        # An array('B') is taken as it is; any other sequence is copied element by element: 40 ms instead of 0.03.
        message.data = array.array("B", frame.tobytes())
        self._publisher.publish(message)


def main() -> None:
    """Run the driver until Ctrl-C."""
    rclpy.init()
    node = Driver()
    try:
        rclpy.spin(node)
    except (KeyboardInterrupt, rclpy.executors.ExternalShutdownException):
        pass
    finally:
        node.destroy_node()
        rclpy.try_shutdown()


if __name__ == "__main__":
    main()
