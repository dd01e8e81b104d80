"""The node of `textfuse eval --live`: it subscribes from outside and notes what comes, and when."""

import struct
import time
from collections.abc import Callable

from diagnostic_msgs.msg import DiagnosticArray
from rcl_interfaces.srv import GetParameters
from rclpy.client import Client
from rclpy.context import Context
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import qos_profile_sensor_data
from rclpy.task import Future
from sensor_msgs.msg import Image
from textfuse.msg import FusionStatus
from textfuse.srv import SetPrompt

from ros2_textfuse.evaluation.live.observations import COUNTS, LEVELS, STAGES, PromptCall, Seen, Status, Watch
from ros2_textfuse.evaluation.live.scenario import PromptChange, Scenario
from ros2_textfuse.nodes.common.detection_messages import Detection2DArray
from ros2_textfuse.sync.pairing import stamp_ns


class LiveWatcher(Node):
    """Fills a Watch; its times are seconds since the node was made.

    Of images only the stamp is read, from the serialised message: they come as bytes and become no message, which
    would copy the pixels once more.
    """

    def __init__(self, scenario: Scenario, use_sim_time: bool, context: Context) -> None:
        clock = Parameter("use_sim_time", value=use_sim_time)
        super().__init__("live_evaluation", namespace=scenario.namespace, parameter_overrides=[clock], context=context)
        self.watch = Watch(images=scenario.images)
        self.start = time.monotonic()
        self.first_fused: float | None = None
        if scenario.images:
            topics = {"visible": scenario.visible_topic, "thermal": scenario.thermal_topic, "fused": "fused"}
            for stream, topic in topics.items():
                self.create_subscription(
                    Image, topic, self._noting(getattr(self.watch, stream), stream), qos_profile_sensor_data, raw=True
                )
        self.create_subscription(Detection2DArray, "detections", self._see_detections, 100)
        self.create_subscription(FusionStatus, "status", self._see_status, 100)
        self.create_subscription(DiagnosticArray, "/diagnostics", self._see_diagnostics, 100)
        self._prompts: Client = self.create_client(SetPrompt, "set_prompt")
        self._slop: Client = self.create_client(GetParameters, "fusion/get_parameters")

    def now(self) -> float:
        """Seconds since the node was made."""
        return time.monotonic() - self.start

    def set_prompt(self, change: PromptChange) -> None:
        """Change the prompt, and note the answer when it comes."""
        prompts, index = self.watch.prompts, len(self.watch.prompts)
        prompts.append(PromptCall(self.now(), str(change)))

        def note(future: Future) -> None:
            answer: SetPrompt.Response = future.result()
            clock = self.get_clock().now().nanoseconds
            asked = prompts[index].at
            prompts[index] = PromptCall(asked, str(change), self.now(), clock, answer.success, answer.message)

        request = SetPrompt.Request(prompt=change.prompt, modes=change.modes, severity=change.severity)
        self._prompts.call_async(request).add_done_callback(note)

    def ask_slop(self) -> None:
        """Ask the fusion node how it pairs."""

        def note(future: Future) -> None:
            answer: GetParameters.Response = future.result()
            slop, offset, hold = (value.double_value for value in answer.values)
            self.watch.slop, self.watch.thermal_time_offset = None if hold else slop, offset

        if self._slop.service_is_ready():
            self._slop.call_async(
                GetParameters.Request(names=["slop", "thermal_time_offset", "hold"])
            ).add_done_callback(note)

    def _noting(self, seen: list[Seen], stream: str) -> Callable[[bytes], None]:
        def note(message: bytes) -> None:
            stamp = stamp_of(message)
            seen.append(self._seen(stamp))
            if stream == "fused":
                self._fused(seen[-1].at)

        return note

    def _seen(self, stamp: int) -> Seen:
        return Seen(self.now(), stamp, (self.get_clock().now().nanoseconds - stamp) / 1e6)

    def _fused(self, at: float) -> None:
        if self.first_fused is None:
            self.first_fused = at

    def _see_detections(self, message: Detection2DArray) -> None:
        seen = self._seen(stamp_ns(message))
        self.watch.detections.append(seen)
        self._fused(seen.at)

    def _see_status(self, message: FusionStatus) -> None:
        status = Status(
            self.now(),
            message.state,
            message.message,
            stamp_ns(message),
            {name: getattr(message, name) for name in COUNTS},
            {name: getattr(message, name) for name in STAGES},
            message.engine,
            message.prompt,
        )
        before = self.watch.statuses[-1] if self.watch.statuses else status
        self.watch.statuses.append(status)
        if status.counts["pairs_fused"] > before.counts["pairs_fused"]:
            self._fused(status.at)

    def _see_diagnostics(self, message: DiagnosticArray) -> None:
        for entry in message.status:
            level = LEVELS[min(entry.level[0], len(LEVELS) - 1)]
            self.watch.diagnose(self.now(), entry.name, level, entry.message)


def stamp_of(serialised: bytes) -> int:
    """The stamp, in nanoseconds, of a serialised message that begins with a header: CDR, four bytes before the body."""
    order = "<" if serialised[1] & 1 else ">"
    seconds, nanoseconds = struct.unpack_from(f"{order}iI", serialised, 4)
    return int(seconds) * 1_000_000_000 + int(nanoseconds)
