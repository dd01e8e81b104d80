"""The fusion node: two cameras in, one fused image out, the prompt by a service. It wires the parts beside it."""

import threading
import time
from contextlib import ExitStack
from typing import Any

from rclpy.lifecycle import LifecycleState, TransitionCallbackReturn

from ros2_textfuse.errors import TextfuseError
from ros2_textfuse.geometry.alignment import Alignment
from ros2_textfuse.imaging.gain_control import GainControlError
from ros2_textfuse.model_choice import prepared_fuser
from ros2_textfuse.nodes.common import declaration, parameters
from ros2_textfuse.nodes.common.compat import LifecycleNode, told
from ros2_textfuse.nodes.common.in_order import InOrder
from ros2_textfuse.nodes.common.logs import LOG_PERIOD, forward_logs
from ros2_textfuse.nodes.common.run import StartError, run, spin
from ros2_textfuse.nodes.common.worker import LatestOnlyWorker
from ros2_textfuse.nodes.fusion.camera import Camera
from ros2_textfuse.nodes.fusion.camera_info import Geometry, expected_calibration
from ros2_textfuse.nodes.fusion.detections import DetectionListener
from ros2_textfuse.nodes.fusion.engine_builder import EngineBuilder
from ros2_textfuse.nodes.fusion.frame_fuser import FrameFuser
from ros2_textfuse.nodes.fusion.ledger import Ledger
from ros2_textfuse.nodes.fusion.objects import NamedObjects
from ros2_textfuse.nodes.fusion.outputs import Outputs
from ros2_textfuse.nodes.fusion.pairing import make_pairing
from ros2_textfuse.nodes.fusion.prompt_service import PromptService
from ros2_textfuse.nodes.fusion.reporter import Reporter
from ros2_textfuse.nodes.fusion.scene import SceneTopic
from ros2_textfuse.prompts import understand
from ros2_textfuse.prompts.text_encoder import EncoderError
from ros2_textfuse.runtime import cache_folder, memory, notify
from ros2_textfuse.scene.estimator import EstimatorError
from ros2_textfuse.settings import FusionSettings
from ros2_textfuse.sync.pairing import CAMERAS, Stamped
from ros2_textfuse.sync.policy import Frame, PairingPolicy

# Each holds the fuser, and with it engines and their memory.
OF_ACTIVATION = "_builder", "_cameras", "_geometry", "_objects", "_scene", "_frame_fuser", "_reporter"
OF_CONFIGURATION = "_fuser", "_prompt_service"


class FusionNode(LifecycleNode):
    """A lifecycle node around `Fuser`.

    The executor's thread receives, checks and pairs; a worker converts, fuses and publishes the newest pair.
    """

    def __init__(self) -> None:
        super().__init__("fusion", namespace="textfuse")
        self._configured = self._active = False
        # What gives back the parts of each, the last one first: a transition that breaks off leaves some unmade.
        self._configuration, self._activation = ExitStack(), ExitStack()
        declaration.declare(self, parameters.FUSION, self._accept)
        forward_logs(self)
        self.build_only: bool = self.get_parameter("build_only").value
        if self.build_only:
            return
        if self.get_parameter("autostart").value and not self._start() and self.get_parameter("exit_on_failure").value:
            raise StartError("cannot start, for the reason above")

    def build(self) -> bool:
        """Build all engines for the configured size into the cache; False where the log says why not."""
        if self.trigger_configure() != TransitionCallbackReturn.SUCCESS:
            return False
        try:
            if self._fuser.clears:
                self._fuser.complete(*self._size)
        except TextfuseError as error:
            self.get_logger().error(f"cannot build what clears rain and noise: {error}")
            return False
        return True

    def _start(self) -> bool:
        done = TransitionCallbackReturn.SUCCESS
        return self.trigger_configure() == done and self.trigger_activate() == done

    # Lifecycle ------------------------------------------------------------------------------------------------------

    @told
    @notify.busy()
    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Load the network, build the engine and understand the first prompt."""
        self._values = p = declaration.values(self, parameters.FUSION)
        self._settings = settings = FusionSettings.from_parameters(p)
        cache_folder.use(p["cache_dir"])
        topics = {self.resolve_topic_name(f"/{camera}/image_raw") for camera in CAMERAS}
        if len(topics) < len(CAMERAS):
            self.get_logger().error(f"cannot configure: both cameras are {topics.pop()}: give each its own topic")
            return TransitionCallbackReturn.FAILURE
        try:
            self._calibration = expected_calibration(settings)
            alignment = Alignment(self._calibration) if self._calibration and not settings.camera_info else None
            width, height = alignment.size if alignment else (settings.width, settings.height)
            self._size = height, width
            fuser = prepared_fuser(settings, alignment, self._size, p["rate"] or p["expected_rate"])
        except TextfuseError as error:
            self.get_logger().error(f"cannot configure: {error}")
            return TransitionCallbackReturn.FAILURE
        try:
            understand("ready")  # loads the sentence encoder, which the first prompt change would wait for
        except EncoderError as error:
            self.get_logger().warning(f"free text will be refused, modes by name work: {error}")
        try:
            fuser.watch.prepare(height, width)
        except EstimatorError as error:
            self.get_logger().warning(f"mode auto will add nothing: {error}")
        self._fuser, self._outputs = fuser, Outputs(self)
        self._configuration.callback(self._outputs.destroy)
        # One each for all activations: with every new thread, the allocator and the engine keep memory of their own.
        self._finisher = InOrder(max(1, fuser.in_flight - 1))
        self._configuration.callback(self._finisher.stop)
        self._worker: LatestOnlyWorker[Frame[Any]] = LatestOnlyWorker(
            lambda frame: self._frame_fuser.work_on(frame), waiting=2, behind=1
        )
        self._configuration.callback(self._worker.stop)
        self._prompt_service = PromptService(self, fuser, self._prompt_changed, self._objects_missing)
        self._configuration.callback(self._prompt_service.destroy)
        self._configured = True
        return TransitionCallbackReturn.SUCCESS

    @told
    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Subscribe to the cameras and start to fuse."""
        self._values = p = declaration.values(self, parameters.FUSION)
        self._settings = settings = FusionSettings.from_parameters(p)
        self._ledger = Ledger()
        self._policy: PairingPolicy[Any] = PairingPolicy(settings, make_pairing)
        self._builder = EngineBuilder(self._fuser, self.get_logger(), (settings.width, settings.height))
        self._activation.callback(self._builder.join)
        self._cameras: dict[str, Camera] = {}
        for name in CAMERAS:
            self._cameras[name] = Camera(self, name, p[f"{name}_transport"], self._take, self._reject)
            self._activation.callback(self._cameras[name].destroy)
        self._use(settings)
        topics = {camera.name: camera.topic for camera in self._cameras.values()}
        self._geometry = Geometry(self, topics, self._fuser, self._calibration, settings.camera_info)
        self._activation.callback(self._geometry.destroy)
        detections = DetectionListener(self)
        self._objects = NamedObjects(detections, self._fuser, p["keep_objects"])
        self._activation.callback(self._objects.destroy)
        self._scene = SceneTopic(self, self._fuser, self._outputs.status, detections)
        self._activation.callback(self._scene.destroy)
        self._frame_fuser = FrameFuser(
            node=self,
            fuser=self._fuser,
            builder=self._builder,
            geometry=self._geometry,
            cameras=self._cameras,
            objects=self._objects,
            outputs=self._outputs,
            ledger=self._ledger,
            scene=self._scene,
            reject=self._reject,
            jpeg_quality=lambda: int(self._values["jpeg_quality"]),
            finisher=self._finisher,
        )
        # Before what they use goes.
        self._activation.callback(self._finisher.drain)
        self._activation.callback(self._worker.drain)
        result = super().on_activate(state)
        self._reporter = Reporter(
            node=self,
            outputs=self._outputs,
            fuser=self._fuser,
            cameras=self._cameras,
            policy=self._policy,
            ledger=self._ledger,
            builder=self._builder,
            geometry=self._geometry,
            scene=self._scene,
            parameters=lambda: self._values,
            idle=self._idle,
            objects_missing=self._objects_missing,
        )
        self._activation.callback(self._reporter.destroy)
        self._active = True
        self._builder.complete(*self._size)
        self.get_logger().info(
            f"active: listening to {' and '.join(topics.values())}, fusing on {self._fuser.engine_name}"
        )
        return result

    @told
    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Leave the cameras."""
        self._leave_cameras()
        return super().on_deactivate(state)

    @told
    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Give back the network and the topics."""
        self._release()
        return TransitionCallbackReturn.SUCCESS

    @told
    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """End from any state."""
        self._leave_cameras()
        self._release()
        return TransitionCallbackReturn.SUCCESS

    @told
    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Give back what a transition that broke off has left, so that the node can be configured anew."""
        self._leave_cameras()
        self._release()
        return TransitionCallbackReturn.SUCCESS

    def destroy_node(self) -> None:
        """Stop the worker before its publishers go."""
        self._leave_cameras()
        self._release()
        super().destroy_node()

    def alive(self) -> bool:
        """Whether fusion goes on, or waits for images."""
        return not (self._configured and self._worker.stuck())

    @notify.busy()
    def _leave_cameras(self) -> None:
        self._active = False
        self._activation.close()
        self._forget(OF_ACTIVATION)

    def _release(self) -> None:
        self._configured = False
        self._configuration.close()
        self._forget(OF_CONFIGURATION)

    def _forget(self, parts: tuple[str, ...]) -> None:
        for part in parts:
            vars(self).pop(part, None)
        memory.give_back()  # a camera and its subscription refer to each other, and keep the last images until then

    # Parameters and prompt ------------------------------------------------------------------------------------------

    def _accept(self, changes: dict[str, Any]) -> str:
        """Take up a change of parameters; returns why it is refused."""
        if not self._configured:
            return ""
        live = {parameter.name for parameter in parameters.FUSION if parameter.live}
        if fixed := sorted(changes.keys() - live):
            return f"{', '.join(fixed)}: read at configure, so clean up first; prompts change by the set_prompt service"
        settings = FusionSettings.from_parameters({**self._values, **changes})
        if changes.keys() & {"thermal_gain", "thermal_low", "thermal_high"}:
            try:
                self._fuser.gain_control = settings.gain_control()
            except GainControlError as error:
                return f"{error}; both may be set at once"
        if "balance" in changes:
            self._fuser.balance = settings.balance
            self._prompt_changed()
        if self._active and "keep_objects" in changes:
            self._objects.keep(changes["keep_objects"])
        self._values = {**self._values, **changes}
        self._settings = settings
        if self._active:
            self._use(settings)
        return ""

    def _use(self, settings: FusionSettings) -> None:
        self._policy.change(settings)
        for camera in self._cameras.values():
            camera.offset, camera.timeout = settings.offset(camera.name), settings.source_timeout
            camera.max_missing_share = self._values["max_missing_share"]
            camera.most_pixels = self._builder.most_pixels

    def _prompt_changed(self) -> None:
        if self._active:
            self._objects.look_up()
            self._ledger.change_prompt()
            self._reporter.publish_status()

    def _objects_missing(self) -> str:
        return self._objects.missing() if self._active else ""

    # Images ---------------------------------------------------------------------------------------------------------

    def _take(self, camera: Camera, image: Stamped[Any]) -> None:
        """A usable image of a camera: what it completes goes to the worker, unless nobody wants it."""
        resets = self._policy.clock_resets
        frame = self._policy.take(camera.name, image, time.monotonic())
        if self._policy.clock_resets > resets:
            self.get_logger().warning(f"stamps on {camera.topic} went back: pairing starts anew")
        if frame is None:
            return
        if self._idle():
            self._ledger.skip()
        elif gave_way := self._worker.put(frame):
            self._ledger.overrun(gave_way)

    def _idle(self) -> bool:
        return bool(self._values["lazy"]) and not self._outputs.wanted()

    def _reject(self, fault: str) -> None:
        self._ledger.reject(time.monotonic(), fault)
        self.get_logger().warning(f"rejected: {fault}", throttle_duration_sec=LOG_PERIOD)


def _work(node: FusionNode, interrupted: threading.Event) -> None:
    if not node.build_only:
        spin(node, interrupted, node.alive)
    elif not node.build():
        raise StartError("not all was built, for the reason above")


def main() -> int:
    """Run the fusion node."""
    purpose = "fuse an RGB and a thermal camera, guided by text"
    return run("fusion", FusionNode, parameters.FUSION, purpose, work=_work)
