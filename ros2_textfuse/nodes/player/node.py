"""The player node: a recording as two cameras."""

import math
import sys
import threading
import time
from dataclasses import replace

import cv2
from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.time import Time
from sensor_msgs.msg import Image
from tqdm import tqdm

from ros2_textfuse.nodes.common import declaration, parameters
from ros2_textfuse.nodes.common.logs import LOG_PERIOD
from ros2_textfuse.nodes.common.run import StartError, run, spin
from ros2_textfuse.recordings.faults import CameraFault, FaultError, Faults
from ros2_textfuse.recordings.source import open_recording
from ros2_textfuse.recordings.types import RecordedImage, RecordingError

PURPOSE = "publish a bag, two videos or two folders as two cameras"
SETTLE = 1.0  # s without a new subscriber: discovery is not done with the first one


class PlayerNode(Node):
    """Publishes a recording with stamps moved to the present.

    All stamps move by one and the same time (and shrink with the rate), so that what lay between two images in
    the recording lies between them now: a camera that stamped late stays late. Compressed images of a bag are
    published as the raw ones that they were; one that does not decode is skipped and counted.
    """

    def __init__(self) -> None:
        super().__init__("player", namespace="textfuse")
        declaration.declare(self, parameters.PLAYER)
        p = declaration.values(self, parameters.PLAYER)
        try:
            names = ("bag", "visible", "thermal", "visible_topic", "thermal_topic")
            self._recording = open_recording(**{name: p[name] for name in names})
            self._faults = Faults(map(CameraFault.from_text, p["faults"]))
        except (RecordingError, FaultError) as error:
            raise StartError(str(error)) from error
        recorded_rate = self._recording.pairs / self._recording.duration
        self._speed = p["rate"] / recorded_rate if p["rate"] else 1.0
        self._loop, self._wait, self._frame_id = p["loop"], p["wait"], p["frame_id"]
        self._camera_publishers = {
            camera: self.create_publisher(Image, f"/{camera}/image_raw", QoSProfile(depth=10))
            for camera in ("visible", "thermal")
        }
        self.skipped = 0
        """Damaged images that were not published."""
        rate = recorded_rate * self._speed
        self.get_logger().info(f"{self._recording.pairs} pairs at {rate:.1f} Hz")

    def play(self, interrupted: threading.Event) -> None:
        """Publish the recording to its end, or in a loop until interrupted."""
        self._wait_for_subscribers(interrupted)
        began = start = self.get_clock().now().nanoseconds
        while not interrupted.is_set():
            with tqdm(total=self._recording.counts[0], unit="image", disable=not sys.stderr.isatty()) as bar:
                for recorded in self._recording:
                    image = replace(recorded, time=recorded.time / self._speed, stamp=recorded.stamp / self._speed)
                    due = start + round(image.time * 1e9)
                    if interrupted.wait(max(0.0, (due - self.get_clock().now().nanoseconds) / 1e9)):
                        return
                    if image.fault:
                        self._skip(image)
                    elif spoilt := self._faults.spoil(image, (due - began) / 1e9):
                        self._publish(spoilt, start)
                    bar.update(image.camera == "visible")
            if not self._loop:
                return
            start += round(self._recording.duration / self._speed * 1e9)

    def _publish(self, image: RecordedImage, start: int) -> None:
        message = Image(height=image.height, width=image.width, encoding=image.encoding)
        message.is_bigendian, message.step, message.data = image.is_bigendian, image.step, image.data
        message.header.frame_id = self._frame_id
        if math.isfinite(image.stamp):  # else it stays zero
            message.header.stamp = Time(nanoseconds=max(0, start + round(image.stamp * 1e9))).to_msg()
        self._camera_publishers[image.camera].publish(message)

    def _skip(self, image: RecordedImage) -> None:
        self.skipped += 1
        self.get_logger().warning(
            f"skipped {self.skipped} so far: {image.camera} image at {image.time:.2f} s: {image.fault}",
            throttle_duration_sec=LOG_PERIOD,
        )

    def _wait_for_subscribers(self, interrupted: threading.Event) -> None:
        """Wait until both topics have subscribers and no more of them turn up."""
        deadline = settled = time.monotonic() + self._wait
        known: list[int] = []
        while not interrupted.is_set() and time.monotonic() < min(deadline, settled):
            counts = [publisher.get_subscription_count() for publisher in self._camera_publishers.values()]
            if counts != known:
                known, settled = counts, time.monotonic() + (SETTLE if all(counts) else self._wait)
            interrupted.wait(0.05)
        if self._wait and not all(known):
            self.get_logger().warning("nobody subscribes to both cameras: playing all the same")


def _play(node: PlayerNode, interrupted: threading.Event) -> None:
    """Answer to parameter services while the recording plays; the node ends with the recording."""
    over = threading.Event()
    services = threading.Thread(target=spin, args=(node, over))
    services.start()
    try:
        node.play(interrupted)
    except RecordingError as error:
        raise StartError(str(error)) from error
    finally:
        over.set()
        services.join()
        if node.skipped:
            node.get_logger().warning(f"{node.skipped} damaged images were skipped")


def main() -> int:
    """Run the player node."""
    # OpenCV's threads wait for more by giving their core away ten thousand times a second, and an engine that shares it
    # waits for its own threads.
    cv2.setNumThreads(1)
    return run("player", PlayerNode, parameters.PLAYER, PURPOSE, work=_play)
