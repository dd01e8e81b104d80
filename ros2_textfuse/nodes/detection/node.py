"""The detection node: YOLO on the fused images, on both cameras', or on several of them with the boxes joined."""

import os
import threading
import time
import traceback
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.qos import QoSProfile, qos_profile_sensor_data
from sensor_msgs.msg import Image
from std_msgs.msg import Header
from textfuse.msg import DetectionOutlines, DetectionStreams, FusionStatus

from ros2_textfuse.detection.detector import Detector
from ros2_textfuse.detection.drawing import draw
from ros2_textfuse.detection.faint import FAINT, parted, without_doubles
from ros2_textfuse.detection.joining import SURE, join
from ros2_textfuse.detection.streams import STREAMS, FrameCollector, trust, usable
from ros2_textfuse.detection.tracking import Tracker
from ros2_textfuse.detection.turns import Turns
from ros2_textfuse.detection.types import Detection, DetectorError
from ros2_textfuse.detection.weights import WeightsError
from ros2_textfuse.errors import TextfuseError
from ros2_textfuse.imaging import encodings
from ros2_textfuse.nodes.common import declaration, parameters
from ros2_textfuse.nodes.common.detection_messages import Detection2DArray
from ros2_textfuse.nodes.common.logs import LOG_PERIOD, TRACE_PERIOD, forward_logs
from ros2_textfuse.nodes.common.qos import OVERRIDABLE
from ros2_textfuse.nodes.common.run import StartError, run, spin
from ros2_textfuse.nodes.common.streams import TOPICS
from ros2_textfuse.nodes.common.topic_checks import why_silent
from ros2_textfuse.nodes.common.twins import FRAMES, TwinWatch
from ros2_textfuse.nodes.common.worker import LatestOnlyWorker
from ros2_textfuse.nodes.detection.between import Tracks
from ros2_textfuse.nodes.detection.diagnostics import diagnostics
from ros2_textfuse.nodes.detection.effort import Effort
from ros2_textfuse.nodes.detection.ledger import Ledger
from ros2_textfuse.nodes.detection.messages import detections_message, outlines_message, streams_message
from ros2_textfuse.runtime import cache_folder
from ros2_textfuse.sync.pairing import CAMERAS, stamp_ns

STATUS_PERIOD = 1.0  # s
ALL_LOOKED_AT = 3  # frames that may wait where none of them gets tracks: later ones would be old
LIVE = {parameter.name for parameter in parameters.DETECTION if parameter.live}


class DetectionNode(Node):
    """Finds objects in the newest frame; the detections carry its stamp and frame_id.

    The executor's thread receives, checks and brings together the streams' images of one stamp; a worker detects.
    """

    def __init__(self) -> None:
        super().__init__("detection", namespace="textfuse")
        self._detectors: list[Detector] = []  # of each size of the image, largest first
        declaration.declare(self, parameters.DETECTION, self._accept)
        forward_logs(self)
        p = declaration.values(self, parameters.DETECTION)
        self.build_only = p["build_only"]
        self._streams = _checked(p["streams"] or ("fused",))
        self._confidence, self._in_turn, self._covering = p["confidence"], p["in_turn"], p["tracks"]
        self._bounds = {name: p[name] for name in ("interval", "max_interval")}
        self._queue_size = p["queue_size"]
        cache_folder.use(p["cache_dir"])
        # Two engines that each take all cores stand in each other's way, unless one always goes first. The threads of
        # the middleware are there already and keep their priority; those of the engine inherit this one.
        os.nice(p["nice"])
        shares = dict.fromkeys((1.0, p["min_size"]))
        try:
            self._detectors = [
                Detector(
                    p["weights"],
                    p["engine"],
                    confidence=self._least_score(),
                    classes=p["classes"],
                    image_size=(round(share * p["height"]), round(share * p["width"])),
                    threads=p["threads"],
                    gives_way=p["nice"] > 0,
                )
                for share in shares
            ]
        except (DetectorError, WeightsError) as error:
            raise StartError(str(error)) from error
        self.engine_name = self._detectors[0].engine_name
        """What the detector runs on."""
        if not self.build_only:
            self._connect()

    def _connect(self) -> None:
        self._ledger, self._published = Ledger(), 0
        self._twins = TwinWatch(self, Detection2DArray, "detections", FRAMES)
        self._tracker, self._tracks, self._turns = self._make_tracker(), Tracks(), Turns()
        self._seen_header, self._since = Header(), 1000  # a first frame is always looked at
        self._status = FusionStatus()
        self._effort = Effort(**self._bounds, sizes=[detector.size for detector in self._detectors])
        self._collector: FrameCollector[Image] = FrameCollector(self._streams)
        self._detections = self.create_publisher(Detection2DArray, "detections", 10)
        self._candidates = self.create_publisher(Detection2DArray, "detections/candidates", 10)
        self._seen_by = self.create_publisher(DetectionStreams, "detections/streams", 10) if self._joins() else None
        segments = self._detectors[0].segments
        self._outlines = self.create_publisher(DetectionOutlines, "detections/outlines", 10) if segments else None
        self._annotated = self.create_publisher(Image, "annotated", QoSProfile(depth=5))
        self._diagnostics = self.create_publisher(DiagnosticArray, "/diagnostics", 10)
        self._worker = LatestOnlyWorker(self._work_on, self._waiting())
        self._subscriptions_of = {
            stream: self.create_subscription(
                Image,
                TOPICS[stream],
                partial(self._receive, stream),
                qos_profile_sensor_data,
                qos_overriding_options=OVERRIDABLE,
            )
            for stream in self._streams
        }
        self.create_subscription(FusionStatus, "status", self._heed, 10)
        self.create_timer(STATUS_PERIOD, self._look_around, clock=Clock(clock_type=ClockType.STEADY_TIME))
        self.get_logger().info(f"detecting on {self.engine_name} in {', '.join(self._streams)}")

    def alive(self) -> bool:
        """Whether detection goes on, or waits for images."""
        return not self._worker.stuck()

    def destroy_node(self) -> None:
        """Stop the worker before its publishers go."""
        if hasattr(self, "_worker"):
            self._worker.stop()
        super().destroy_node()

    # Parameters -----------------------------------------------------------------------------------------------------

    def _accept(self, changes: dict[str, Any]) -> str:
        """Take up a change of parameters; returns why it is refused."""
        if not self._detectors:
            return ""
        if fixed := sorted(changes.keys() - LIVE):
            return f"{', '.join(fixed)}: read at the start; start the node anew with it"
        if "classes" in changes:
            try:
                for detector in self._detectors:
                    detector.classes = [name for name in changes["classes"] or () if name]
            except ValueError as error:
                return str(error)
        self._bounds |= {name: changes[name] for name in self._bounds.keys() & changes.keys()}
        self._effort.bound(**self._bounds)
        self._in_turn = changes.get("in_turn", self._in_turn)
        self._covering = changes.get("tracks", self._covering)
        self._worker.let_wait(self._waiting())
        if "confidence" in changes:
            self._confidence = changes["confidence"]
            for detector in self._detectors:
                detector.confidence = self._least_score()
        return ""

    def _waiting(self) -> int:
        """Frames that may wait: where none of them gets tracks, each is looked at."""
        covers = self._covering and self._tracker
        return self._queue_size if covers else min(self._queue_size, ALL_LOOKED_AT)

    def _joins(self) -> bool:
        return len(self._streams) > 1

    def _least_score(self) -> float:
        """Of a box in one image: what several streams see a little of may be sure when joined."""
        return min(SURE if self._joins() else FAINT, self._confidence)

    # Images ---------------------------------------------------------------------------------------------------------

    def _heed(self, status: FusionStatus) -> None:
        """Leave fusion the room that it needs, and of several streams look at those that show what is there now."""
        if status.state == FusionStatus.BUILDING:  # all are dropped, whatever the detector does
            self._effort.pause()
        elif why := self._effort.see(time.monotonic(), status.pairs_fused, status.pairs_dropped):
            self.get_logger().info(f"{why}: detecting in {self._effort}")
        if not self._joins():
            return
        self._status = status
        self._collector.expected = usable(self._streams, status.state, self._faults())

    def _faults(self) -> dict[str, str]:
        return {camera: getattr(self._status, f"{camera}_fault") for camera in CAMERAS}

    def _receive(self, stream: str, message: Image) -> None:
        try:
            encodings.check_message(message, encodings.VISIBLE_ENCODINGS)
        except encodings.ImageError as error:
            self.get_logger().warning(f"rejected {stream} image: {error}", throttle_duration_sec=LOG_PERIOD)
            return
        one = not self._joins()
        frame = {stream: message} if one else self._collector.put(stream, stamp_ns(message), message)
        if frame is not None:
            self._ledger.receive(time.monotonic(), dropped=self._worker.put(frame) > 0)

    def _work_on(self, frame: dict[str, Image]) -> None:
        """Detect in the newest frame; those that waited while it came, and those of the interval, get tracks.

        It raises nothing.
        """
        try:
            self._since += 1
            due = self._since >= self._effort.interval
            if (due and not self._worker.waiting()) or (not self._cover(frame) and due):
                self._since = 0
                self._detect(frame)
        except TextfuseError as error:
            self._fail(str(error))
        except Exception as error:  # the node outlives whatever one image does to the engine
            self._fail(f"{type(error).__name__}: {error}")
            self.get_logger().error(traceback.format_exc(), throttle_duration_sec=TRACE_PERIOD)

    def _fail(self, reason: str) -> None:
        self._ledger.fail(f"detection failed: {reason}")
        self.get_logger().error(f"detection failed: {reason}", throttle_duration_sec=LOG_PERIOD)

    def _cover(self, frame: dict[str, Image]) -> bool:
        """Publish where the objects of the last detection are in a frame; False where there are no tracks for it."""
        if not self._covering or self._tracker is None:
            return False
        image = next(iter(frame.values()))
        found = self._tracks.at(stamp_ns(image) / 1e9, (image.height, image.width))
        if found is None:
            return False
        self._publish(frame, found, image.header, self._seen_header)
        self._ledger.track(time.monotonic())
        return True

    def _detect(self, frame: dict[str, Image]) -> None:
        """Detect in the images of one stamp, and publish."""
        header = next(iter(frame.values())).header
        seen = stamp_ns(next(iter(frame.values()))) / 1e9
        found = self._find(frame, seen)
        if self._tracker:
            found = self._tracker.update(found, seen)
        found, faint = parted(found, self._confidence)
        if self._tracker:
            self._tracks.see(found, seen)
        if self._outlines and self._outlines.get_subscription_count():
            self._outlines.publish(outlines_message(found, header))
        if self._candidates.get_subscription_count():
            self._candidates.publish(detections_message(faint, header))
        self._seen_header = header
        self._publish(frame, found, header, header)
        self._ledger.detect(time.monotonic(), list(frame))

    def _publish(self, frame: dict[str, Image], found: Sequence[Any], header: Header, seen: Header) -> None:
        self._detections.publish(detections_message(found, header, seen))
        self._published += 1
        if self._seen_by:
            self._seen_by.publish(streams_message(found, list(frame), header))
        if self._annotated.get_subscription_count():
            background = encodings.visible_array(frame.get("fused", next(iter(frame.values()))))
            annotated = Image(header=header)
            encodings.fill_message(annotated, draw(background, found), "rgb8")
            self._annotated.publish(annotated)

    def _make_tracker(self) -> Tracker | None:
        try:
            return Tracker(faint=True)
        except DetectorError as error:
            self.get_logger().warning(f"detections have no id, and nothing is brought out by them: {error}")
            return None

    def _find(self, frame: dict[str, Image], time: float) -> Sequence[Any]:
        """What is in the images of one stamp; where streams have turns, in one of them, and was of late in others."""
        detector = self._detectors[self._effort.size]
        looked = [self._turns.next(frame)] if self._in_turn else list(frame)
        found: Mapping[str, Sequence[Detection]] = {
            stream: detector.detect(encodings.visible_array(frame[stream])) for stream in looked
        }
        # Without a tracker nobody follows what is faint, and without somebody who keeps it nobody asks for it.
        faint = self._tracker is not None and self._candidates.get_subscription_count()
        least = min(FAINT, self._confidence) if faint else self._confidence
        if not self._joins():
            return _from(least, next(iter(found.values())), self._confidence)
        if self._in_turn:
            found = self._turns.see(looked[0], found[looked[0]], time, frame, self._tracks.carried)
        degradations = dict(zip(self._status.modes, self._status.severities, strict=False))
        return _from(least, join(found, trust(degradations)), self._confidence)

    # Health ---------------------------------------------------------------------------------------------------------

    def _look_around(self) -> None:
        report = self._ledger.read(time.monotonic())
        silent = ""
        if not report.received:
            subscription = self._subscriptions_of[self._streams[0]]
            silent = f"no image on {subscription.topic_name}: {why_silent(self, subscription)}"
        elif report.behind:
            self.get_logger().warning(report.behind, throttle_duration_sec=LOG_PERIOD)
        self._twins.look(self._published)
        array = diagnostics(
            node=self.get_fully_qualified_name(),
            report=report,
            streams=self._streams,
            faults=self._faults(),
            incomplete=self._collector.incomplete,
            silent=silent,
            twins=self._twins.warning,
            engine=self.engine_name,
            effort=str(self._effort),
            now=self.get_clock().now().to_msg(),
        )
        self._diagnostics.publish(array)


def _from(least: float, found: Sequence[Any], confidence: float) -> list[Any]:
    """Those of a score or more; a faint one only where nothing surer is of the same object."""
    return without_doubles([one for one in found if one.score >= least], confidence)


def _checked(streams: Sequence[str]) -> tuple[str, ...]:
    for stream in streams:
        if stream not in STREAMS:
            raise StartError(f"parameter streams: there is no stream '{stream}'; choose of {', '.join(STREAMS)}")
    if len(set(streams)) < len(streams):
        raise StartError(f"parameter streams: {', '.join(streams)} names a stream twice; name each once")
    return tuple(streams)


def _work(node: DetectionNode, interrupted: threading.Event) -> None:
    if node.build_only:
        node.get_logger().info(f"built: {node.engine_name}")
    else:
        spin(node, interrupted, node.alive)


def main() -> int:
    """Run the detection node."""
    return run("detection", DetectionNode, parameters.DETECTION, "find objects in the images", work=_work)
