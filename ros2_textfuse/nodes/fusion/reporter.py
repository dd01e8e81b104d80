"""What the fusion node says of itself, twice a second: status and diagnostics."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from textfuse.msg import FusionStatus

from ros2_textfuse.fuser import Fuser
from ros2_textfuse.nodes.common.detection_messages import Detection2DArray
from ros2_textfuse.nodes.common.keeping_up import KeepingUp
from ros2_textfuse.nodes.common.twins import FRAMES, STATUSES, TwinWatch
from ros2_textfuse.nodes.fusion.camera import Camera
from ros2_textfuse.nodes.fusion.camera_info import Geometry
from ros2_textfuse.nodes.fusion.diagnostics import diagnostics
from ros2_textfuse.nodes.fusion.engine_builder import EngineBuilder
from ros2_textfuse.nodes.fusion.ledger import Ledger
from ros2_textfuse.nodes.fusion.opening import Opening
from ros2_textfuse.nodes.fusion.outputs import Outputs
from ros2_textfuse.nodes.fusion.scene import SceneTopic
from ros2_textfuse.nodes.fusion.state import CameraReport, Situation
from ros2_textfuse.nodes.fusion.status import status_message
from ros2_textfuse.sync.policy import PairingPolicy

PERIOD = 0.5  # s


class Reporter:
    """Looks at the parts of the node and publishes how they fare; all in the executor's thread.

    Args:
        node: that reports.
        outputs: to publish on.
        fuser: of the node.
        cameras: by name, visible first.
        policy: that pairs.
        ledger: of what has happened.
        builder: of engines.
        geometry: of the cameras.
        scene: that is told with the status.
        parameters: asked for the node's parameters by name.
        idle: asked whether nothing is fused for nobody.
        objects_missing: asked why named objects are not brought out; empty where they are.
    """

    def __init__(
        self,
        *,
        node: Node,
        outputs: Outputs,
        fuser: Fuser,
        cameras: Mapping[str, Camera],
        policy: PairingPolicy[Any],
        ledger: Ledger,
        builder: EngineBuilder,
        geometry: Geometry,
        scene: SceneTopic,
        parameters: Callable[[], Mapping[str, Any]],
        idle: Callable[[], bool],
        objects_missing: Callable[[], str],
    ) -> None:
        self._node, self._outputs, self._fuser, self._cameras = node, outputs, fuser, cameras
        self._policy, self._ledger, self._builder, self._geometry = policy, ledger, builder, geometry
        self._scene, self._parameters, self._idle = scene, parameters, idle
        self._objects_missing = objects_missing
        self._keeping_up, self._statuses = KeepingUp(), 0
        self._twins = TwinWatch(node, FusionStatus, "status", STATUSES)
        self._twins_of_detection = TwinWatch(node, Detection2DArray, "detections", FRAMES)
        logger = node.get_logger()
        self._opening = Opening(node.resolve_topic_name("fused"), logger.info, logger.warning)
        # By a clock that goes on: a simulation that stands still is a state as well.
        self._timer = node.create_timer(PERIOD, self._look_around, clock=Clock(clock_type=ClockType.STEADY_TIME))

    def destroy(self) -> None:
        """Report no more."""
        self._node.destroy_timer(self._timer)
        self._twins.destroy()
        self._twins_of_detection.destroy()

    def publish_status(self) -> None:
        """Publish the status out of turn."""
        self._publish(self._status(self._situation()))

    def _look_around(self) -> None:
        for camera in self._cameras.values():
            camera.inspect()
        account = self._ledger.read()
        self._keeping_up.sample(time.monotonic(), account.pairs_fused, account.overruns)
        situation = self._situation()
        status = self._status(situation)
        self._publish(status)
        self._twins.look(self._statuses)
        self._twins_of_detection.look(account.pairs_fused + account.passed_through)
        now = self._node.get_clock().now().to_msg()
        name = self._node.get_fully_qualified_name()
        self._outputs.diagnostics.publish(diagnostics(name, status, situation.cameras, now))
        self._opening.look(status)

    def _publish(self, status: FusionStatus) -> None:
        self._outputs.status.publish(status)
        self._statuses += 1

    def _status(self, situation: Situation) -> FusionStatus:
        status = status_message(situation, self._policy, self._fuser)
        self._scene.tell(status, situation.cameras)
        return status

    def _situation(self) -> Situation:
        p = self._parameters()
        return Situation(
            now=time.monotonic(),
            account=self._ledger.read(),
            cameras=self._reports(),
            source_timeout=p["source_timeout"],
            slop=p["slop"],
            latency=self._ledger.latency(time.monotonic()),
            turnover=self._keeping_up.of_late(),
            max_drop_share=p["max_drop_share"],
            max_latency=p["max_latency"],
            building=self._builder.building,
            idle=self._idle(),
            missing_info=self._geometry.missing(),
            twins="; ".join(filter(None, [self._twins.warning, self._twins_of_detection.warning])),
            objects_missing=self._objects_missing(),
        )

    def _reports(self) -> list[CameraReport]:
        return [camera.report(self._policy.unpaired(name)) for name, camera in self._cameras.items()]
