"""Detections as messages."""

from collections.abc import Sequence
from typing import Any

from geometry_msgs.msg import Point32, Polygon, PoseWithCovariance
from textfuse.msg import DetectionOutlines, DetectionStreams

from ros2_textfuse.detection.joining import JoinedDetection
from ros2_textfuse.detection.streams import STREAMS
from ros2_textfuse.detection.types import Detection
from ros2_textfuse.nodes.common.detection_messages import Detection2D, Detection2DArray, ObjectHypothesisWithPose


def detections_message(found: Sequence[Detection], header: Any, seen: Any = None) -> Detection2DArray:
    """What there is in an image with this header.

    Args:
        found: objects.
        header: of the image.
        seen: of the image in which they were found, where that was an earlier one; None for this one.
    """
    return Detection2DArray(header=header, detections=[_detection(one, seen or header) for one in found])


def streams_message(found: Sequence[JoinedDetection], looked_at: Sequence[str], header: Any) -> DetectionStreams:
    """Which of the streams that were looked at saw each of the detections, in their order."""
    scores = {stream: [float(one.scores.get(stream, 0.0)) for one in found] for stream in STREAMS}
    return DetectionStreams(header=header, streams=list(looked_at), **scores)


def outlines_message(found: Sequence[Detection], header: Any) -> DetectionOutlines:
    """The outlines of the detections, in their order."""
    outlines = [[] if one.outline is None else one.outline.tolist() for one in found]
    polygons = [Polygon(points=[Point32(x=x, y=y) for x, y in outline]) for outline in outlines]
    return DetectionOutlines(header=header, outlines=polygons)


def _detection(found: Detection, header: Any) -> Detection2D:
    left, top, right, bottom = found.box
    hypothesis = ObjectHypothesisWithPose(pose=PoseWithCovariance())
    hypothesis.hypothesis.class_id = found.name
    hypothesis.hypothesis.score = float(found.score)
    detection = Detection2D(header=header, results=[hypothesis], id=str(found.id) if found.id else "")
    detection.bbox.center.position.x = (left + right) / 2
    detection.bbox.center.position.y = (top + bottom) / 2
    detection.bbox.size_x, detection.bbox.size_y = right - left, bottom - top
    return detection
