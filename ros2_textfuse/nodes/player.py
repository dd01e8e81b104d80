"""The player node: a recording as two cameras."""

import sys
import threading
import time

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.time import Time
from sensor_msgs.msg import Image
from tqdm import tqdm

from ros2_textfuse.nodes import parameters
from ros2_textfuse.nodes.run import StartError, run
from ros2_textfuse.recordings import Picture, RecordingError, open_recording

PURPOSE = "publish a bag, two videos or two folders as two cameras"
SETTLE = 1.0  # s without a new subscriber: discovery is not done with the first one


class PlayerNode(Node):
    """Publishes a recording with stamps moved to the present.

    All stamps move by one and the same time (and shrink with the rate), so that what lay between two pictures in
    the recording lies between them now: a camera that stamped late stays late.
    """

    def __init__(self) -> None:
        super().__init__("player", namespace="textfuse")
        parameters.declare(self, parameters.PLAYER)
        p = parameters.values(self, parameters.PLAYER)
        try:
            names = ("bag", "visible", "thermal", "visible_topic", "thermal_topic")
            self._recording = open_recording(**{name: p[name] for name in names})
        except RecordingError as error:
            raise StartError(str(error)) from error
        recorded_rate = self._recording.pictures / 2 / self._recording.duration
        self._speed = p["rate"] / recorded_rate if p["rate"] else 1.0
        self._loop, self._wait, self._frame_id = p["loop"], p["wait"], p["frame_id"]
        self._camera_publishers = {
            camera: self.create_publisher(Image, f"/{camera}/image_raw", QoSProfile(depth=10))
            for camera in ("visible", "thermal")
        }
        rate = recorded_rate * self._speed
        self.get_logger().info(f"{self._recording.pictures // 2} pairs at {rate:.1f} Hz")

    def play(self) -> None:
        """Publish the recording to its end, or in a loop until shutdown."""
        self._wait_for_subscribers()
        start = self.get_clock().now().nanoseconds
        while rclpy.ok():
            bar = tqdm(total=self._recording.pictures // 2, unit="pair", disable=not sys.stderr.isatty())
            for picture in self._recording:
                self._publish(picture, start)
                bar.update(picture.camera == "visible")
                if not rclpy.ok():
                    return
            bar.close()
            if not self._loop:
                return
            start += round(self._recording.duration / self._speed * 1e9)

    def _publish(self, picture: Picture, start: int) -> None:
        message = Image(height=picture.height, width=picture.width, encoding=picture.encoding)
        message.is_bigendian, message.step, message.data = picture.is_bigendian, picture.step, picture.data
        message.header.frame_id = self._frame_id
        stamp = Time(nanoseconds=max(0, start + round(picture.stamp / self._speed * 1e9)))
        message.header.stamp = stamp.to_msg()
        due = start + round(picture.time / self._speed * 1e9)
        time.sleep(max(0.0, (due - self.get_clock().now().nanoseconds) / 1e9))
        self._camera_publishers[picture.camera].publish(message)

    def _wait_for_subscribers(self) -> None:
        """Wait until both topics have subscribers and no more of them turn up."""
        deadline = settled = time.monotonic() + self._wait
        known: list[int] = []
        while rclpy.ok() and time.monotonic() < min(deadline, settled):
            counts = [publisher.get_subscription_count() for publisher in self._camera_publishers.values()]
            if counts != known:
                known, settled = counts, time.monotonic() + (SETTLE if all(counts) else self._wait)
            time.sleep(0.05)
        if self._wait and not all(known):
            self.get_logger().warning("nobody listens to both cameras: playing all the same")


def _play(node: PlayerNode) -> None:
    """Answer to parameter services while the recording plays; the node ends with the recording."""
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    thread = threading.Thread(target=executor.spin)
    thread.start()
    try:
        node.play()
    except RecordingError as error:
        raise StartError(str(error)) from error
    finally:
        executor.shutdown()
        thread.join()


def main() -> int:
    """Run the player node."""
    return run("player", PlayerNode, parameters.PLAYER, PURPOSE, spin=_play)


if __name__ == "__main__":
    sys.exit(main())
