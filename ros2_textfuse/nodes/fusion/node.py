"""The fusion node: two cameras in, one fused image out, words by a service."""

import gc
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.clock import Clock, ClockType
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.qos import QoSProfile
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from std_msgs.msg import Header
from textfuse.msg import FusionStatus
from textfuse.srv import SetPrompt

from ros2_textfuse.engines import EngineError
from ros2_textfuse.fuser import Fuser
from ros2_textfuse.geometry.alignment import Alignment
from ros2_textfuse.geometry.calibration import Calibration, CalibrationError, read_calibration
from ros2_textfuse.imaging import compressed, encodings
from ros2_textfuse.imaging.gain_control import GainControl
from ros2_textfuse.networks.weights import WeightsError
from ros2_textfuse.nodes.common import parameters
from ros2_textfuse.nodes.common.compat import PublisherEventCallbacks
from ros2_textfuse.nodes.common.qos import OVERRIDABLE
from ros2_textfuse.nodes.common.run import StartError, forward_logs, run, spin
from ros2_textfuse.nodes.common.topic_checks import why_unserved
from ros2_textfuse.nodes.common.worker import LatestOnlyWorker
from ros2_textfuse.nodes.fusion.camera import Camera
from ros2_textfuse.nodes.fusion.camera_info import Geometry
from ros2_textfuse.nodes.fusion.diagnostics import diagnostics
from ros2_textfuse.nodes.fusion.engine_builder import EngineBuilder
from ros2_textfuse.prompts.prompt import PromptError, understand
from ros2_textfuse.prompts.text_encoder import EncoderError
from ros2_textfuse.runtime import cache_folder
from ros2_textfuse.sync.pairing import SET_BACK, HoldLast, stamp_ns

try:
    from message_filters import ApproximateTimeSynchronizer, SimpleFilter
except ImportError:  # not on PyPI; a distribution has it
    from ros2_textfuse.sync.pairing import ApproximateTimeSynchronizer, SimpleFilter

STATUS_PERIOD = 0.5  # s
ALONE = 3  # images without a partner, after which a camera may be passed through
LOG_PERIOD = 5.0  # s, between two lines about the same fault


@dataclass
class Counts:
    """What happened to images and pairs since activation."""

    paired: int = 0
    held: int = 0
    fused: int = 0
    dropped: int = 0
    unwanted: int = 0
    rejected: int = 0
    clock_resets: int = 0
    taken_alone: Counter[str] = field(default_factory=Counter)  # by camera, to be passed through
    passed_through: int = 0


class FusionNode(LifecycleNode):
    """A lifecycle node around `Fuser`.

    The executor's thread receives, checks and pairs; a worker converts, fuses and publishes the newest pair.
    """

    _fuser: Fuser  # while configured

    def __init__(self) -> None:
        super().__init__("fusion", namespace="textfuse")
        self._configured = self._active = False
        parameters.declare(self, parameters.FUSION, self._accept)
        forward_logs(self)
        self.build_only: bool = self.get_parameter("build_only").value
        if self.build_only:
            return
        if self.get_parameter("autostart").value and not self._start() and self.get_parameter("exit_on_failure").value:
            raise StartError("cannot start, for the reason above")

    def _start(self) -> bool:
        done = TransitionCallbackReturn.SUCCESS
        return self.trigger_configure() == done and self.trigger_activate() == done

    # Lifecycle ------------------------------------------------------------------------------------------------------

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Load the network, build the engine and understand the first prompt."""
        self._settings = p = parameters.values(self, parameters.FUSION)
        cache_folder.use(p["cache_dir"])
        try:
            self._calibration = _calibration(p)
            alignment = Alignment(self._calibration) if self._calibration and not p["camera_info"] else None
            fuser = Fuser(p["model"], p["engine"], p["threads"], _gain_control(p), alignment)
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
        # A reliable publisher serves reliable and best-effort subscribers alike.
        self._fused_publisher = self.create_lifecycle_publisher(
            Image,
            "fused",
            QoSProfile(depth=5),
            qos_overriding_options=OVERRIDABLE,
            event_callbacks=PublisherEventCallbacks(incompatible_qos=self._warn_of_unserved),
        )
        self._jpeg_publisher = self.create_lifecycle_publisher(CompressedImage, "fused/compressed", QoSProfile(depth=5))
        self._info_publisher = self.create_lifecycle_publisher(CameraInfo, "camera_info", QoSProfile(depth=5))
        self._status_publisher = self.create_lifecycle_publisher(FusionStatus, "status", 10)
        self._diagnostics_publisher = self.create_lifecycle_publisher(DiagnosticArray, "/diagnostics", 10)
        # One for all activations: with every new thread, the allocator and the engine keep memory of their own.
        self._worker = LatestOnlyWorker(self._work_on)
        # ROS's default keeps ten calls, and of a thousand a second half are lost without an answer.
        calls = QoSProfile(depth=10000)
        self._prompt_service = self.create_service(SetPrompt, "set_prompt", self._set_prompt, qos_profile=calls)
        return TransitionCallbackReturn.SUCCESS

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Subscribe to the cameras and start to fuse."""
        p = self._settings = parameters.values(self, parameters.FUSION)
        self._counts = Counts()
        self._status = FusionStatus(model=self._fuser.model_name)
        self._prompt_changes = 0
        self._last_fused: float | None = None
        self._last_passed: float | None = None
        self._last_stamp = 0
        self._fault = ""
        self._builder = EngineBuilder(self._fuser, self.get_logger(), (p["width"], p["height"]))
        self._visible, self._thermal = self._cameras = tuple(
            Camera(self, name, p[f"{name}_transport"], self._take, self._reject) for name in ("visible", "thermal")
        )
        self._connect()
        topics = {camera.name: camera.topic for camera in self._cameras}
        self._geometry = Geometry(self, topics, self._fuser, self._calibration, p["camera_info"])
        result = super().on_activate(state)
        # By a clock that goes on: a simulation that stands still is a state as well.
        self._timer = self.create_timer(STATUS_PERIOD, self._look_around, clock=Clock(clock_type=ClockType.STEADY_TIME))
        self._active = True
        self.get_logger().info(
            f"active: listening to {' and '.join(topics.values())}, fusing on {self._fuser.engine_name}"
        )
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
        self._leave_cameras()
        if self._configured:
            self._release()
        return TransitionCallbackReturn.SUCCESS

    def destroy_node(self) -> None:
        """Stop the worker before its publishers go."""
        self._leave_cameras()
        if self._configured:
            self._worker.stop()
        super().destroy_node()

    def _leave_cameras(self) -> None:
        if not self._active:
            return
        self._active = False
        for camera in self._cameras:
            camera.destroy()
        self._geometry.destroy()
        self.destroy_timer(self._timer)
        self._worker.drain()
        self._builder.join()
        gc.collect()  # a camera and its subscription refer to each other, and keep the last images until then

    def _release(self) -> None:
        self._worker.stop()
        for publisher in (
            self._fused_publisher,
            self._jpeg_publisher,
            self._info_publisher,
            self._status_publisher,
            self._diagnostics_publisher,
        ):
            self.destroy_lifecycle_publisher(publisher)
        self.destroy_service(self._prompt_service)
        del self._fuser
        self._configured = False

    # Parameters -----------------------------------------------------------------------------------------------------

    def _accept(self, changes: dict[str, Any]) -> str:
        """Take up a change of parameters; returns why it is refused."""
        if not self._configured:
            return ""
        live = {parameter.name for parameter in parameters.FUSION if parameter.live}
        if fixed := sorted(changes.keys() - live):
            return (
                f"{', '.join(fixed)}: read at configure, so clean up first; words change through the set_prompt service"
            )
        settings = {**self._settings, **changes}
        if any(name.startswith("thermal_") and name != "thermal_time_offset" for name in changes):
            try:
                self._fuser.gain_control = _gain_control(settings)
            except ValueError as error:
                return f"{error}; both may be set at once"
        self._settings = settings
        if self._active and changes.keys() & {"slop", "queue_size", "hold", "thermal_time_offset"}:
            self._connect()
        return ""

    # Images -------------------------------------------------------------------------------------------------------

    def _connect(self) -> None:
        """Pair the cameras' images from now on, forgetting those that wait."""
        p = self._settings
        self._thermal.offset = round(p["thermal_time_offset"] * 1e9)
        filters = SimpleFilter(), SimpleFilter()
        self._synchronizer = (
            HoldLast(filters, p["hold"], p["slop"])
            if p["hold"]
            else ApproximateTimeSynchronizer(filters, p["queue_size"], p["slop"])
        )
        self._synchronizer.registerCallback(self._pair)
        self._visible.filter, self._thermal.filter = filters
        self._paired_thermal: Any = None

    def _take(self, camera: Camera, image: Any) -> None:
        """A usable image of a camera: to its partner, or by itself while the other camera is silent."""
        if camera.set_back:
            self._counts.clock_resets += 1
            self.get_logger().warning(f"stamps on {camera.topic} went back: pairing starts anew")
            self._connect()
        other = self._thermal if camera is self._visible else self._visible
        other.alone.clear()
        if len(camera.alone) < ALONE:
            camera.alone.append(time.monotonic())
        # By how long this one was alone, not by how long the other was silent: of two slow cameras, both are at times.
        # And not by one image of the other that was lost on its way.
        long = time.monotonic() - camera.alone[0] > self._settings["source_timeout"]
        if self._settings["pass_through"] and len(camera.alone) == ALONE and long:
            self._counts.taken_alone[camera.name] += 1
            self._hand_over({camera.name: image})
        else:
            camera.filter.signalMessage(image)

    def _pair(self, visible: Any, thermal: Any) -> None:
        self._counts.paired += 1
        self._counts.held += thermal is self._paired_thermal
        self._paired_thermal = thermal
        self._hand_over({"visible": visible, "thermal": thermal})

    def _hand_over(self, images: dict[str, Any]) -> None:
        """To the worker, unless it is an old image, or nobody wants one."""
        stamp = stamp_ns(next(iter(images.values())))
        if 0 <= self._last_stamp - stamp < SET_BACK:  # message_filters also pairs what came late
            self._counts.dropped += 1
            return
        self._last_stamp = stamp
        if self._idle():
            self._counts.unwanted += 1
        elif self._worker.put(images):
            self._counts.dropped += 1

    def _idle(self) -> bool:
        publishers = self._fused_publisher, self._jpeg_publisher
        return self._settings["lazy"] and not any(publisher.get_subscription_count() for publisher in publishers)

    def _work_on(self, images: dict[str, Any]) -> None:
        """Fuse a pair, or pass one camera's image through, and publish."""
        try:
            if not self._geometry.aligned():
                self._counts.dropped += 1
            elif len(images) == 2:
                self._fuse(**images)
            else:
                self._pass_through(*images.popitem())
        except (encodings.ImageError, EngineError) as error:
            self._reject(str(error))
        except Exception as error:  # the node outlives whatever one pair does to the engine
            self._reject(f"fusion failed: {error}")

    def _fuse(self, visible: Any, thermal: Any) -> None:
        alignment = self._fuser.alignment
        width, height = alignment.size if alignment else (thermal.width, thermal.height)
        fits = alignment or (visible.width, visible.height) == (width, height)
        if fits and not self._fuser.ready(height, width):
            self._builder.want(height, width)
            self._counts.dropped += 1
            return
        started = time.perf_counter()
        now = self.get_clock().now().nanoseconds
        data, fused = encodings.blank_data(height, width, 3)
        arrays = self._visible.array(visible), self._thermal.array(thermal)
        converted = time.perf_counter()
        self._fuser.fuse(*arrays, out=fused)
        done = time.perf_counter()
        message = Image(height=height, width=width, encoding="rgb8", step=width * 3)
        message.header, message.data = self._header(visible), data
        self._publish(message, fused)
        published = time.perf_counter()

        self._counts.fused += 1
        self._last_fused, self._last_passed, self._fault = time.monotonic(), None, ""
        status = self._status
        status.pairing_ms = (now - stamp_ns(visible)) / 1e6
        status.conversion_ms = (converted - started) * 1e3
        status.fusion_ms = (done - converted) * 1e3
        status.publish_ms = (published - done) * 1e3
        status.latency_ms = status.pairing_ms + (published - started) * 1e3
        status.pair_skew_ms = (stamp_ns(visible) - stamp_ns(thermal)) / 1e6

    def _pass_through(self, camera: str, image: Any) -> None:
        source = self._visible if camera == "visible" else self._thermal
        marked = self._fuser.pass_through(camera, source.array(image))
        message = Image(header=self._header(image))
        encodings.fill_message(message, marked, "rgb8")
        self._publish(message, marked)
        self._counts.passed_through += 1
        self._last_passed, self._fault = time.monotonic(), ""

    def _header(self, image: Any) -> Header:
        """The image's stamp, and the frame_id of the camera whose geometry fused images have."""
        alignment = self._fuser.alignment
        reference = self._thermal if alignment and alignment.calibration.reference == "thermal" else self._visible
        return Header(stamp=image.header.stamp, frame_id=reference.frame_id or image.header.frame_id)

    def _publish(self, message: Image, pixels: Any) -> None:
        self._fused_publisher.publish(message)
        self._status.header = message.header
        if info := self._geometry.fused(message):
            self._info_publisher.publish(info)
        if self._jpeg_publisher.get_subscription_count():
            data = compressed.jpeg(pixels, self._settings["jpeg_quality"])
            self._jpeg_publisher.publish(CompressedImage(header=message.header, format=compressed.FORMAT, data=data))

    def _reject(self, fault: str) -> None:
        self._counts.rejected += 1
        self._fault = fault
        self.get_logger().warning(f"rejected: {fault}", throttle_duration_sec=LOG_PERIOD)

    def _warn_of_unserved(self, _: object) -> None:
        if reason := why_unserved(self, self._fused_publisher):
            self.get_logger().warning(reason)

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
        if response.success and self._active:
            self._prompt_changes += 1
            self._publish_status()
        return response

    # Health ---------------------------------------------------------------------------------------------------------

    def _look_around(self) -> None:
        timeout = self._settings["source_timeout"]
        for camera in self._cameras:
            camera.inspect(timeout)
        self._publish_status()
        now = self.get_clock().now().to_msg()
        array = diagnostics(self.get_fully_qualified_name(), self._status, self._cameras, timeout, now)
        self._diagnostics_publisher.publish(array)

    def _publish_status(self) -> None:
        status, counts = self._status, self._counts
        _fill_prompt(status, self._fuser)
        status.engine, status.engine_warning = self._fuser.engine_name, self._fuser.engine_warning
        status.thermal_low, status.thermal_high = self._fuser.gain_control.range or (0.0, 0.0)
        status.prompt_changes = self._prompt_changes
        status.pairs_fused, status.pairs_dropped = counts.fused, counts.dropped
        status.pairs_skipped, status.thermal_held = counts.unwanted, counts.held
        status.passed_through, status.clock_resets = counts.passed_through, counts.clock_resets
        status.images_rejected = counts.rejected
        paired = counts.paired, counts.paired - counts.held
        for camera, partners, queue in zip(self._cameras, paired, self._synchronizer.queues, strict=True):
            # message_filters keeps what has missed its partner; only what is newer than the last pair still waits.
            waiting = sum(stamp_ns(image) > self._last_stamp for image in queue.values())
            figures = {
                "fault": camera.fault.text if camera.fault else "",
                "rate": camera.rate,
                "gap": camera.gap,
                "age": camera.age,
                "received": camera.received,
                "unpaired": camera.received - partners - waiting - counts.taken_alone[camera.name],
            }
            for name, value in figures.items():
                setattr(status, f"{camera.name}_{name}", value)
        status.state, status.message = self._state()
        self._status_publisher.publish(status)

    def _state(self) -> tuple[str, str]:
        """The state, and what an operator should know or do."""
        timeout = self._settings["source_timeout"]
        if size := self._builder.building:
            return (
                FusionStatus.BUILDING,
                f"images are {size} now: they are dropped until the engine for that is built",
            )
        if self._idle():
            return FusionStatus.IDLE, "nobody listens to the fused images, and the parameter lazy is set"
        silent = [camera for camera in self._cameras if camera.silent(timeout)]
        reasons = "; ".join(camera.why_silent() for camera in silent)
        if len(silent) == 1 and _within(self._last_passed, timeout):
            only = "VISIBLE" if silent == [self._thermal] else "THERMAL"
            state = FusionStatus.VISIBLE_ONLY if only == "VISIBLE" else FusionStatus.THERMAL_ONLY
            return state, f"{only.lower()} images are passed through: {reasons}"
        if self._fault:
            return FusionStatus.ERROR, self._fault
        if _within(self._last_fused, timeout):
            faults = [f"{camera.name} camera: {camera.fault.text}" for camera in self._cameras if camera.fault]
            return FusionStatus.OK, "; ".join(faults)
        if missing := self._geometry.missing():
            return FusionStatus.WAITING, f"no CameraInfo on {' and '.join(missing)}, where the intrinsics come from"
        if silent:
            return FusionStatus.WAITING, reasons
        if unseen := [camera.topic for camera in self._cameras if camera.age < 0]:
            return FusionStatus.WAITING, f"waiting for the first image on {' and '.join(unseen)}"
        apart = (self._thermal.stamp - self._visible.stamp) / 1e9
        return (
            FusionStatus.WAITING,
            f"both cameras send, but no stamps within slop ({self._settings['slop']:g} s): the newest thermal stamp is "
            f"{abs(apart):.3f} s {'before' if apart < 0 else 'after'} the newest visible one; synchronise the clocks, "
            "or set thermal_time_offset, slop, or hold for a slower thermal camera",
        )


def _within(moment: float | None, seconds: float) -> bool:
    return moment is not None and time.monotonic() - moment <= seconds


def _gain_control(p: dict[str, Any]) -> GainControl:
    fixed = p["thermal_low"], p["thermal_high"]
    return GainControl(p["thermal_gain"], None if fixed[0] == fixed[1] else fixed)


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
