"""From a frame to what is published: the work of the fusion node's worker."""

import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rclpy.node import Node
from rclpy.time import Time
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from ros2_textfuse.errors import TextfuseError
from ros2_textfuse.fuser import Fuser
from ros2_textfuse.imaging import encodings
from ros2_textfuse.imaging.drawing import one_camera
from ros2_textfuse.nodes.common.in_order import InOrder
from ros2_textfuse.nodes.common.logs import TRACE_PERIOD
from ros2_textfuse.nodes.fusion.camera import Camera
from ros2_textfuse.nodes.fusion.camera_info import Geometry
from ros2_textfuse.nodes.fusion.engine_builder import EngineBuilder
from ros2_textfuse.nodes.fusion.ledger import Ledger, Stages
from ros2_textfuse.nodes.fusion.objects import NamedObjects
from ros2_textfuse.nodes.fusion.outputs import Outputs
from ros2_textfuse.nodes.fusion.scene import SceneTopic
from ros2_textfuse.sync.pairing import Stamped
from ros2_textfuse.sync.policy import Frame


class FrameFuser:
    """Fuses pairs, passes single images through, and publishes; what cannot be used is rejected with its reason.

    Args:
        node: whose clock tells the latency, and that logs.
        fuser: of the node.
        builder: of its engines.
        geometry: of the cameras.
        cameras: by name.
        objects: that are brought out.
        outputs: to publish on.
        ledger: to write to.
        scene: that looks at each pair once it is published.
        reject: called with the reason for which a frame could not be used.
        jpeg_quality: asked for each frame that goes out.
        finisher: publishes pairs that overlap, while the next one has begun.
    """

    def __init__(
        self,
        *,
        node: Node,
        fuser: Fuser,
        builder: EngineBuilder,
        geometry: Geometry,
        cameras: Mapping[str, Camera],
        objects: NamedObjects,
        outputs: Outputs,
        ledger: Ledger,
        scene: SceneTopic,
        reject: Callable[[str], None],
        jpeg_quality: Callable[[], int],
        finisher: InOrder,
    ) -> None:
        self._node, self._fuser, self._builder, self._geometry = node, fuser, builder, geometry
        self._cameras, self._objects, self._outputs, self._ledger = cameras, objects, outputs, ledger
        self._scene, self._reject, self._jpeg_quality = scene, reject, jpeg_quality
        self._finisher = finisher

    def work_on(self, frame: Frame[Any]) -> None:
        """Fuse a pair, or pass one camera's image through, and publish; raises nothing."""
        with self._rejecting():
            if not self._geometry.aligned():
                self._ledger.drop()
            elif frame.whole:
                self._fuse(**frame.images)
            else:
                self._finisher.drain()  # images go out in their order
                self._pass_through(*next(iter(frame.images.items())))

    def _fuse(self, visible: Stamped[Any], thermal: Stamped[Any]) -> None:
        alignment = self._fuser.alignment
        size = thermal.image.width, thermal.image.height
        width, height = alignment.size if alignment else size
        fits = alignment or (visible.image.width, visible.image.height) == size
        if fits and not self._fuser.ready(height, width):
            self._builder.want(height, width)
            self._ledger.drop()
            return
        started, now = time.perf_counter(), self._node.get_clock().now().nanoseconds
        data, fused = encodings.blank_data(height, width, 3)
        arrays = self._cameras["visible"].array(visible), self._cameras["thermal"].array(thermal)
        converted = time.perf_counter()
        prepared = self._fuser.prepare_pair(*arrays)
        self._scene.begin(*prepared, visible.stamp)
        wait = self._fuser.start_prepared(*prepared, fused)

        def finish() -> None:
            with self._rejecting():
                wait()
                self._objects.bring_out(fused, *prepared, visible.stamp)
                done = time.perf_counter()
                message = Image(height=height, width=width, encoding="rgb8", step=width * 3)
                reference = visible if self._reference() == "visible" else thermal
                message.header, message.data = _header(visible.stamp, reference.image.header.frame_id), data
                self._publish(message, fused)
                self._outputs.publish_aligned(message.header, visible=prepared[0], thermal=prepared[1])
                published = time.perf_counter()

                pairing_ms = (now - visible.stamp) / 1e6
                stages = Stages(
                    pairing_ms,
                    (converted - started) * 1e3,
                    (done - converted) * 1e3,
                    (published - done) * 1e3,
                    pairing_ms + (published - started) * 1e3,
                    (visible.stamp - thermal.stamp) / 1e6,
                )
                self._ledger.fuse(time.monotonic(), visible.stamp, message.header.frame_id, stages)
                # After the image has gone out: what is seen now is for the next ones.
                self._objects.look(prepared[1], visible.stamp)
                self._scene.look(*prepared, visible.stamp)

        if self._fuser.in_flight > 1:
            self._finisher.put(finish)
        else:
            finish()

    @contextmanager
    def _rejecting(self) -> Iterator[None]:
        """Reject what cannot be fused, with the reason."""
        try:
            yield
        except TextfuseError as error:
            self._reject(str(error))
        except Exception as error:  # the node outlives whatever one pair does to the engine
            self._reject(f"fusion failed: {type(error).__name__}: {error}")
            self._node.get_logger().error(traceback.format_exc(), throttle_duration_sec=TRACE_PERIOD)

    def _pass_through(self, camera: str, image: Stamped[Any]) -> None:
        self._builder.check(image.image.height, image.image.width)
        # Once, for both: gain control follows the images that it sees.
        prepared = self._fuser.prepare_image(camera, self._cameras[camera].array(image))
        marked = one_camera(camera, prepared)
        frame_id, reference = image.image.header.frame_id, self._reference()
        if reference != camera:  # it is silent, and its last image tells
            frame_id = self._cameras[reference].frame_id or frame_id
        message = Image(header=_header(image.stamp, frame_id))
        encodings.fill_message(message, marked, "rgb8")
        self._publish(message, marked)
        self._outputs.publish_aligned(message.header, **{camera: prepared})
        self._ledger.pass_through(time.monotonic(), image.stamp, frame_id)

    def _reference(self) -> str:
        """The camera whose geometry fused images have."""
        alignment = self._fuser.alignment
        return alignment.calibration.reference if alignment else "visible"

    def _publish(self, message: Image, pixels: Any) -> None:
        self._outputs.publish(message, pixels, self._geometry.fused(message), self._jpeg_quality())


def _header(stamp: int, frame_id: str) -> Header:
    return Header(stamp=Time(nanoseconds=max(0, stamp)).to_msg(), frame_id=frame_id)
