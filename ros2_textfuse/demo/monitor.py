"""The demo's own node: it watches the graph from outside, as any other node could."""

import statistics
import time
from collections import Counter, OrderedDict, deque
from functools import partial

from rclpy.client import Client
from rclpy.context import Context
from rclpy.node import Node
from rclpy.qos import qos_profile_sensor_data
from rclpy.task import Future
from sensor_msgs.msg import Image
from textfuse.msg import FusionStatus
from textfuse.srv import SetPrompt

from ros2_textfuse.demo.side_by_side import SideBySide
from ros2_textfuse.imaging import encodings
from ros2_textfuse.imaging.gain_control import GainControl
from ros2_textfuse.nodes.common.detection_messages import Detection2DArray
from ros2_textfuse.sync.pairing import stamp_ns

KEEP = 30  # images kept until their fused image arrives
WINDOW = 2.0  # s, over which rate and latency are shown


class Monitor(Node):
    """Counts and records what the graph publishes."""

    def __init__(self, recorder: SideBySide, context: Context) -> None:
        super().__init__("demo", namespace="textfuse", context=context)
        self.recorder = recorder
        self.prompt_answered = False
        self.fused = 0
        self._latencies: list[float] = []
        self._recent: deque[tuple[float, float]] = deque()
        self._status = FusionStatus()
        self._found: Counter[str] = Counter()
        self._detections = 0
        self._sources: dict[str, OrderedDict[int, Image]] = {
            "visible": OrderedDict(),
            "thermal": OrderedDict(),
        }
        self._prompt, self._sure_from = "", 0.0
        """The active prompt, and the stamp (ns) from which on images surely use it."""
        self._gain_control = GainControl()
        for camera, kept in self._sources.items():
            self.create_subscription(Image, f"/{camera}/image_raw", partial(_keep, kept), qos_profile_sensor_data)
        self.create_subscription(Image, "fused", self._see_fused, qos_profile_sensor_data)
        self.create_subscription(Image, "annotated", self._record, qos_profile_sensor_data)
        self.create_subscription(Detection2DArray, "detections", self._see_detections, 10)
        self.create_subscription(FusionStatus, "status", self._see_status, 10)
        self._client: Client = self.create_client(SetPrompt, "set_prompt")

    def ready(self) -> bool:
        """Whether fusion is active and detection is listening."""
        return bool(self._status.state) and self.count_publishers("detections") > 0

    def set_prompt(self, text: str) -> None:
        """Change the prompt; the answer is printed when it comes."""
        self._sure_from = float("inf")
        self._client.call_async(SetPrompt.Request(prompt=text)).add_done_callback(self._see_answer)

    def live_line(self) -> str:
        """Rate, latency, losses, detections and prompt, now."""
        now = time.monotonic()
        while self._recent and self._recent[0][0] < now - WINDOW:
            self._recent.popleft()
        recent = [value for _, value in list(self._recent)]  # at once: the executor's thread appends meanwhile
        latency = statistics.median(recent) if recent else float("nan")
        found = ", ".join(f"{count} {name}" for name, count in self._found.most_common()) or "nothing"
        status = self._status
        lost = status.pairs_dropped + status.visible_unpaired + status.thermal_unpaired
        return (
            f"{len(recent) / WINDOW:4.1f} Hz  latency {latency:5.1f} ms  lost {lost}  found {found}"
            f"  prompt: {status.prompt or 'none'}"
        )

    def summary(self) -> str:
        """The whole run in two lines."""
        status = self._status
        latencies = sorted(self._latencies) or [float("nan")]
        return (
            f"fused {self.fused} images on {status.engine}, detections on {self._detections}; "
            f"pairs dropped {status.pairs_dropped}, images without partner "
            f"{status.visible_unpaired + status.thermal_unpaired}\n"
            f"latency, camera stamp to fused image received: median {statistics.median(latencies):.1f} ms, "
            f"99 % below {latencies[int(0.99 * (len(latencies) - 1))]:.1f} ms"
        )

    def _see_fused(self, message: Image) -> None:
        latency = (self.get_clock().now().nanoseconds - stamp_ns(message)) / 1e6
        self.fused += 1
        self._latencies.append(latency)
        self._recent.append((time.monotonic(), latency))

    def _see_detections(self, message: Detection2DArray) -> None:
        self._detections += 1
        self._found = Counter(detection.results[0].hypothesis.class_id for detection in message.detections)

    def _see_status(self, message: FusionStatus) -> None:
        self._status = message

    def _see_answer(self, future: Future) -> None:
        answer: SetPrompt.Response = future.result()
        self.prompt_answered = answer.success
        print(f"\nset_prompt: {answer.message}")
        self._prompt, self._sure_from = answer.prompt, self.get_clock().now().nanoseconds

    def _record(self, annotated: Image) -> None:
        stamp = stamp_ns(annotated)
        if stamp < self._sure_from:
            return  # made with the old prompt or with the new one
        visible = self._sources["visible"].get(stamp)
        # The thermal stamp may differ within slop: the nearest is the partner.
        thermal = min(self._sources["thermal"].items(), key=lambda item: abs(item[0] - stamp), default=(0, None))[1]
        if visible is None or thermal is None:
            return
        heat = self._gain_control(encodings.thermal_array(thermal))
        self.recorder.add(encodings.visible_array(visible), heat, encodings.visible_array(annotated), self._prompt)


def _keep(kept: OrderedDict[int, Image], message: Image) -> None:
    kept[stamp_ns(message)] = message
    while len(kept) > KEEP:
        kept.popitem(last=False)
