"""The fusion node: two cameras in, one fused picture out, words by a service."""

import sys
import threading
import time
from dataclasses import dataclass
from functools import partial
from typing import Any

import rclpy.parameter
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rcl_interfaces.msg import SetParametersResult
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.qos import QoSProfile, qos_profile_sensor_data
from rclpy.qos_overriding_options import QoSOverridingOptions
from rclpy.subscription import Subscription
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header
from textfuse.msg import FusionStatus
from textfuse.srv import SetPrompt

from ros2_textfuse import cache, images
from ros2_textfuse.alignment import Alignment
from ros2_textfuse.calibration import Calibration, CalibrationError, read_calibration
from ros2_textfuse.engines import EngineError
from ros2_textfuse.fuser import Fuser
from ros2_textfuse.gain_control import GainControl
from ros2_textfuse.networks.weights import WeightsError
from ros2_textfuse.nodes import camera_info, parameters
from ros2_textfuse.nodes.run import StartError, forward_logs, run, spin
from ros2_textfuse.nodes.worker import LatestOnlyWorker
from ros2_textfuse.pairing import stamp_ns
from ros2_textfuse.prompts import PromptError, understand
from ros2_textfuse.text_encoder import EncoderError

try:
    from message_filters import ApproximateTimeSynchronizer, SimpleFilter
except ImportError:  # not on PyPI; a distribution has it
    from ros2_textfuse.pairing import ApproximateTimeSynchronizer, SimpleFilter

STATUS_PERIOD = 0.5  # s
REORDERING = 1_000_000_000  # ns; stamps that go back by less are late pictures, by more a clock that was set back
LOG_PERIOD = 5.0  # s, between two lines about the same fault


@dataclass
class Source:
    """One camera: what came from it, and when."""

    name: str
    encodings: tuple[str, ...]
    filter: SimpleFilter
    received: int = 0
    last_arrival: float | None = None

    def age(self) -> float:
        """Seconds since the last picture; -1 before the first."""
        return -1.0 if self.last_arrival is None else time.monotonic() - self.last_arrival


@dataclass
class Counts:
    """What happened to pictures and pairs since activation."""

    paired: int = 0
    fused: int = 0
    dropped: int = 0
    rejected: int = 0


class FusionNode(LifecycleNode):
    """A lifecycle node around `Fuser`.

    The executor's thread receives, checks and pairs; a worker converts, fuses and publishes the newest pair.
    """

    _fuser: Fuser  # while configured

    def __init__(self) -> None:
        super().__init__("fusion", namespace="textfuse")
        self._configured = False
        self._subscriptions_in: list[Subscription] = []  # while active
        parameters.declare(self, parameters.FUSION)
        self.add_on_set_parameters_callback(self._refuse_while_configured)
        forward_logs(self)
        self.build_only: bool = self.get_parameter("build_only").value
        if self.build_only:
            return
        if self.get_parameter("autostart").value and self.trigger_configure() == TransitionCallbackReturn.SUCCESS:
            self.trigger_activate()

    # Lifecycle ------------------------------------------------------------------------------------------------------

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Load the network, build the engine and understand the first prompt."""
        p = parameters.values(self, parameters.FUSION)
        cache.use(p["cache_dir"])
        try:
            fixed = p["thermal_low"], p["thermal_high"]
            gain_control = GainControl(p["thermal_gain"], None if fixed[0] == fixed[1] else fixed)
            calibration = _calibration(p)
            alignment = Alignment(calibration) if calibration and not p["camera_info"] else None
            fuser = Fuser(p["model"], p["engine"], p["threads"], gain_control, alignment)
            width, height = alignment.size if alignment else (p["width"], p["height"])
            fuser.prepare(height, width)
            fuser.set_prompt(p["prompt"], p["modes"], p["severity"] or None)
        except (CalibrationError, WeightsError, EngineError, PromptError, EncoderError, ValueError) as error:
            self.get_logger().error(f"cannot configure: {error}")
            return TransitionCallbackReturn.FAILURE
        try:
            understand("ready")  # loads the sentence encoder, which the first new words would wait for
        except EncoderError as error:
            self.get_logger().warning(f"free text will be refused, modes by name work: {error}")
        self._fuser, self._configured = fuser, True
        self._calibration, self._use_info = calibration, p["camera_info"]
        self._source_timeout = p["source_timeout"]
        overridable = QoSOverridingOptions.with_default_policies()
        # A reliable publisher serves reliable and best-effort subscribers alike.
        self._fused_publisher = self.create_lifecycle_publisher(
            Image, "fused", QoSProfile(depth=5), qos_overriding_options=overridable
        )
        self._info_publisher = self.create_lifecycle_publisher(CameraInfo, "camera_info", QoSProfile(depth=5))
        self._status_publisher = self.create_lifecycle_publisher(FusionStatus, "status", 10)
        self._diagnostics_publisher = self.create_lifecycle_publisher(DiagnosticArray, "/diagnostics", 10)
        # ROS's default keeps ten calls, and of a thousand a second half are lost without an answer.
        calls = QoSProfile(depth=10000)
        self._prompt_service = self.create_service(SetPrompt, "set_prompt", self._set_prompt, qos_profile=calls)
        return TransitionCallbackReturn.SUCCESS

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Subscribe to the cameras and start to fuse."""
        p = parameters.values(self, parameters.FUSION)
        self._counts = Counts()
        self._status = FusionStatus(model=self._fuser.model_name)
        self._prompt_changes = 0
        self._last_fused: float | None = None
        self._last_stamp = 0
        self._fault = ""
        self._building = threading.Thread()
        self._building_for = ""  # the size, while an engine is being built
        self._unbuildable: dict[tuple[int, int], str] = {}
        self._visible = Source("visible", images.VISIBLE_ENCODINGS, SimpleFilter())
        self._thermal = Source("thermal", images.THERMAL_ENCODINGS, SimpleFilter())
        self._synchronizer = ApproximateTimeSynchronizer(
            [self._visible.filter, self._thermal.filter], p["queue_size"], p["slop"]
        )
        self._synchronizer.registerCallback(self._hand_over)
        self._worker = LatestOnlyWorker(self._fuse_pair)
        self._subscriptions_in = [
            self.create_subscription(
                Image,
                f"/{source.name}/image_raw",
                lambda message, source=source: self._receive(message, source),
                qos_profile_sensor_data,
                qos_overriding_options=QoSOverridingOptions.with_default_policies(),
            )
            for source in (self._visible, self._thermal)
        ]
        self._info_changed = False
        self._infos: dict[str, CameraInfo] = {}
        self._fused_info: CameraInfo | None = camera_info.fused_info(self._fuser.alignment, None)
        self._info_subscriptions = [
            camera_info.subscribe(self, subscription.topic_name, partial(self._receive_info, source.name))
            for source, subscription in zip((self._visible, self._thermal), self._subscriptions_in, strict=True)
            if self._needs_info(source.name)
        ]
        result = super().on_activate(state)
        self._timer = self.create_timer(STATUS_PERIOD, self._publish_status)
        topics = " and ".join(subscription.topic_name for subscription in self._subscriptions_in)
        self.get_logger().info(f"active: listening to {topics}, fusing on {self._fuser.engine_name}")
        return result

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Leave the cameras."""
        self._leave_cameras()
        return super().on_deactivate(state)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Give back the network and the topics."""
        self._release()
        return TransitionCallbackReturn.SUCCESS

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """End from any state."""
        if self._subscriptions_in:
            self._leave_cameras()
        if self._configured:
            self._release()
        return TransitionCallbackReturn.SUCCESS

    def destroy_node(self) -> None:
        """Stop the worker before its publishers go."""
        if self._subscriptions_in:
            self._leave_cameras()
        super().destroy_node()

    def _leave_cameras(self) -> None:
        for subscription in (*self._subscriptions_in, *self._info_subscriptions):
            self.destroy_subscription(subscription)
        self._subscriptions_in = []
        self.destroy_timer(self._timer)
        self._worker.stop()
        if self._building_for:
            self._building.join()

    def _release(self) -> None:
        publishers = (self._fused_publisher, self._info_publisher, self._status_publisher, self._diagnostics_publisher)
        for publisher in publishers:
            self.destroy_lifecycle_publisher(publisher)
        self.destroy_service(self._prompt_service)
        del self._fuser
        self._configured = False

    def _refuse_while_configured(self, changes: list[rclpy.parameter.Parameter]) -> SetParametersResult:
        names = {parameter.name for parameter in parameters.FUSION}
        if not self._configured or not names & {change.name for change in changes}:
            return SetParametersResult(successful=True)
        reason = "parameters are read at configure: clean up first; words change through the set_prompt service"
        return SetParametersResult(successful=False, reason=reason)

    # Pictures -------------------------------------------------------------------------------------------------------

    def _receive(self, message: Image, source: Source) -> None:
        source.last_arrival = time.monotonic()
        try:
            images.check_message(message, source.encodings)
        except images.ImageError as error:
            self._reject(f"{source.name} image: {error}")
            return
        source.received += 1
        source.filter.signalMessage(message)

    def _hand_over(self, visible: Image, thermal: Image) -> None:
        self._counts.paired += 1
        behind = self._last_stamp - stamp_ns(visible)
        if 0 <= behind < REORDERING:  # message_filters also pairs what came late
            self._counts.dropped += 1
            return
        self._last_stamp = stamp_ns(visible)
        if self._worker.put((visible, thermal)):
            self._counts.dropped += 1

    def _fuse_pair(self, pair: tuple[Image, Image]) -> None:
        visible, thermal = pair
        if not self._aligned():
            return
        alignment = self._fuser.alignment
        width, height = alignment.size if alignment else (thermal.width, thermal.height)
        size = height, width
        if (alignment or (visible.height, visible.width) == size) and not self._fuser.ready(*size):
            self._build(size)
            return
        started = time.perf_counter()
        now = self.get_clock().now().nanoseconds
        try:
            data, fused = images.blank_data(height, width, 3)
            arrays = images.visible_array(visible), images.thermal_array(thermal)
            converted = time.perf_counter()
            self._fuser.fuse(*arrays, out=fused)
        except images.ImageError as error:
            self._reject(str(error))
            return
        except Exception as error:  # the node outlives whatever one pair does to the engine
            self._reject(f"fusion failed: {error}")
            return
        done = time.perf_counter()
        header = visible.header
        if alignment and alignment.calibration.reference == "thermal":
            header = Header(stamp=header.stamp, frame_id=thermal.header.frame_id)
        message = Image(header=header, height=height, width=width, encoding="rgb8", step=width * 3)
        message.data = data
        self._fused_publisher.publish(message)
        self._publish_info(message)
        published = time.perf_counter()

        self._counts.fused += 1
        self._last_fused, self._fault = time.monotonic(), ""
        status = self._status
        status.header = header
        status.pairing_ms = (now - stamp_ns(visible)) / 1e6
        status.conversion_ms = (converted - started) * 1e3
        status.fusion_ms = (done - converted) * 1e3
        status.publish_ms = (published - done) * 1e3
        status.latency_ms = status.pairing_ms + (published - started) * 1e3

    def _build(self, size: tuple[int, int]) -> None:
        """Drop a pair of a size that no engine is ready for, and see to it that one gets built."""
        if size in self._unbuildable:
            self._reject(self._unbuildable[size])
            return
        self._counts.dropped += 1
        if self._building_for:
            return
        height, width = size
        self._building_for = f"{width}x{height}"
        self.get_logger().warning(f"pictures are {width}x{height} now: dropped while an engine is built for that")
        self._building = threading.Thread(target=self._build_engine, args=(size,), name="builder")
        self._building.start()

    def _build_engine(self, size: tuple[int, int]) -> None:
        try:
            self._fuser.prepare(*size)
        except EngineError as error:
            self._unbuildable[size] = f"pictures are {self._building_for}, and for that {error}"
        finally:
            self._building_for = ""

    # Geometry -------------------------------------------------------------------------------------------------------

    def _needs_info(self, camera: str) -> bool:
        """Whether a camera's CameraInfo has something to tell that the calibration does not."""
        if self._calibration is None:
            return camera == "visible"
        if self._use_info:
            return True
        return camera == self._calibration.reference and self._calibration.cameras[camera].matrix is None

    def _receive_info(self, camera: str, message: CameraInfo) -> None:
        if camera_info.same(self._infos.get(camera), message):
            return
        self._infos[camera] = message
        if self._use_info:
            self._info_changed = len(self._infos) == 2  # the worker takes it up between two pairs
        else:
            self._fused_info = camera_info.fused_info(self._fuser.alignment, message)

    def _aligned(self) -> bool:
        """Whether pictures can be aligned: with the intrinsics of CameraInfo, from when both have come."""
        if not self._info_changed:
            if self._use_info and not self._fuser.alignment:
                self._counts.dropped += 1
                return False
            return True
        self._info_changed = False  # before it is read: what comes meanwhile is new again
        try:
            assert self._calibration is not None
            cameras = {name: camera_info.to_camera(message) for name, message in self._infos.items()}
            alignment = Alignment(self._calibration.with_cameras(cameras))
        except CalibrationError as error:
            self._fuser.alignment, self._info_changed = None, True
            self._reject(str(error))
            return False
        self._fused_info = camera_info.fused_info(alignment, self._infos[self._calibration.reference])
        self._fuser.alignment = alignment
        return True

    def _publish_info(self, fused: Image) -> None:
        """CameraInfo beside the fused picture, with its header, where it is known and of its size."""
        info = self._fused_info
        if info is None:
            return
        if (info.width, info.height) != (fused.width, fused.height):
            self.get_logger().warning(
                f"no camera_info: the camera's own is for {info.width}x{info.height}, the fused picture is "
                f"{fused.width}x{fused.height}",
                throttle_duration_sec=LOG_PERIOD,
            )
            return
        info.header = fused.header
        self._info_publisher.publish(info)

    def _reject(self, fault: str) -> None:
        self._counts.rejected += 1
        self._fault = fault
        self.get_logger().warning(f"rejected: {fault}", throttle_duration_sec=LOG_PERIOD)

    # Words ----------------------------------------------------------------------------------------------------------

    def _set_prompt(self, request: SetPrompt.Request, response: SetPrompt.Response) -> SetPrompt.Response:
        try:
            # 0 is what a field holds that a caller left out.
            severity = None if request.severity == 0 else request.severity
            prompt = self._fuser.set_prompt(request.prompt, request.modes, severity)
            response.success = True
            response.message = prompt.summary()
            self.get_logger().info(f"prompt: {response.message}")
        except (PromptError, EncoderError) as error:
            response.success = False
            response.message = f"refused, the old prompt stays in force: {error}"
            self.get_logger().warning(response.message, throttle_duration_sec=LOG_PERIOD)
        _fill_prompt(response, self._fuser)
        if response.success and self._subscriptions_in:
            self._prompt_changes += 1
            self._publish_status()
        return response

    # Health ---------------------------------------------------------------------------------------------------------

    def _publish_status(self) -> None:
        status, counts = self._status, self._counts
        _fill_prompt(status, self._fuser)
        status.engine, status.engine_warning = self._fuser.engine_name, self._fuser.engine_warning
        status.thermal_low, status.thermal_high = self._fuser.gain_control.range or (0.0, 0.0)
        status.prompt_changes = self._prompt_changes
        status.visible_age, status.thermal_age = self._visible.age(), self._thermal.age()
        status.visible_received, status.thermal_received = self._visible.received, self._thermal.received
        status.pairs_fused, status.pairs_dropped = counts.fused, counts.dropped
        status.images_rejected = counts.rejected
        # message_filters keeps what has missed its partner; only what is newer than the last pair still waits for one.
        visible_waits, thermal_waits = (
            sum(stamp_ns(message) > self._last_stamp for message in queue.values())
            for queue in self._synchronizer.queues
        )
        status.visible_alone = self._visible.received - counts.paired - visible_waits
        status.thermal_alone = self._thermal.received - counts.paired - thermal_waits
        status.state, status.message = self._state()
        self._status_publisher.publish(status)
        self._publish_diagnostics(status)

    def _state(self) -> tuple[str, str]:
        if self._building_for:
            message = f"pictures are {self._building_for} now: they are dropped until the engine for that is built"
            return FusionStatus.BUILDING, message
        if self._fault:
            return FusionStatus.ERROR, self._fault
        if self._last_fused is not None and time.monotonic() - self._last_fused <= self._source_timeout:
            return FusionStatus.OK, ""
        if self._calibration and not self._fuser.alignment:
            missing = [
                camera_info.beside(subscription.topic_name)
                for source, subscription in zip((self._visible, self._thermal), self._subscriptions_in, strict=True)
                if source.name not in self._infos
            ]
            if missing:
                return FusionStatus.WAITING, f"no CameraInfo on {' and '.join(missing)}, where the intrinsics come from"
        silent = [
            f"{source.name} ({subscription.topic_name})"
            for source, subscription in zip((self._visible, self._thermal), self._subscriptions_in, strict=True)
            if not 0 <= source.age() <= self._source_timeout
        ]
        if silent:
            return (
                FusionStatus.WAITING,
                f"no pictures from {' and '.join(silent)}: check the driver, topic and QoS",
            )
        return (
            FusionStatus.WAITING,
            "both cameras send, but no stamps within slop: check their clocks or raise slop",
        )

    def _publish_diagnostics(self, status: FusionStatus) -> None:
        level = DiagnosticStatus.WARN
        if status.state == FusionStatus.ERROR:
            level = DiagnosticStatus.ERROR
        elif status.state == FusionStatus.OK and not status.engine_warning:
            level = DiagnosticStatus.OK
        entry = DiagnosticStatus(
            level=level,
            name=f"{self.get_fully_qualified_name().lstrip('/')}: fusion",
            message=status.message or status.engine_warning or "fusing",
            hardware_id="textfuse",
        )
        for field, kind in FusionStatus.get_fields_and_field_types().items():
            if field not in ("header", "message"):
                value: Any = getattr(status, field)
                text = f"{value:.3f}" if kind == "float" else str(value)
                entry.values.append(KeyValue(key=field, value=text))
        array = DiagnosticArray(status=[entry])
        array.header.stamp = self.get_clock().now().to_msg()
        self._diagnostics_publisher.publish(array)


def _calibration(p: dict[str, Any]) -> Calibration | None:
    """The calibration that the parameters name, checked against the others."""
    if not p["calibration"]:
        if p["camera_info"]:
            raise CalibrationError("parameter camera_info needs the extrinsics of a file: set calibration as well")
        return None
    calibration = read_calibration(p["calibration"])
    if p["camera_info"] and calibration.extrinsics is None:
        raise CalibrationError(
            f"{calibration.source}: key extrinsics is missing: with the parameter camera_info, intrinsics come from "
            "CameraInfo, and a homography has no use for them"
        )
    try:
        calibration.require_size(calibration.reference, p["width"], p["height"])
    except CalibrationError as error:
        raise CalibrationError(f"{error}, or set the parameters width and height, which say so") from error
    return calibration


def _fill_prompt(message: FusionStatus | SetPrompt.Response, fuser: Fuser) -> None:
    prompt = fuser.prompt
    message.prompt = prompt.text
    message.modes = list(prompt.severities)
    message.severities = list(prompt.severities.values())


def _work(node: FusionNode, interrupted: threading.Event) -> None:
    if not node.build_only:
        spin(node, interrupted)
    elif node.trigger_configure() != TransitionCallbackReturn.SUCCESS:
        raise StartError("nothing was built, for the reason above")


def main() -> int:
    """Run the fusion node."""
    purpose = "fuse an RGB and a thermal camera, guided by words"
    return run("fusion", FusionNode, parameters.FUSION, purpose, work=_work)


if __name__ == "__main__":
    sys.exit(main())
