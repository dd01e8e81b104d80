"""Objects that the prompt names are brought out of the fused image, and others are kept as plain as in the cameras."""

import time
from itertools import zip_longest
from typing import Any

import numpy as np
from geometry_msgs.msg import Polygon
from numpy.typing import NDArray
from textfuse.msg import DetectionOutlines

from ros2_textfuse.fuser import Fuser
from ros2_textfuse.nodes.common.detection_messages import Detection2D, Detection2DArray
from ros2_textfuse.nodes.fusion.detections import DetectionListener
from ros2_textfuse.saliency.bring_out import BringOut
from ros2_textfuse.saliency.carrying import Sighting
from ros2_textfuse.saliency.named import NamedRegions, without_detection
from ros2_textfuse.saliency.regions import widened, within
from ros2_textfuse.sync.pairing import stamp_ns

PATIENCE = 3.0  # s without a message, after which it is said that none comes


class NamedObjects:
    """Listens to detections while the prompt names objects, or objects are to be kept, and only then.

    Messages come in one thread, images are fused in another.

    Args:
        detections: where they are.
        fuser: whose prompt names them.
        keep: whether those that it does not name are to be as plain as in the camera that shows them better.
    """

    def __init__(self, detections: DetectionListener, fuser: Fuser, keep: bool) -> None:
        self._detections, self._fuser, self._keep = detections, fuser, keep
        self._listening = False
        self._outlines = DetectionOutlines()  # of the newest image that has any
        self._candidates = Detection2DArray()  # likewise
        self._named, self._bring_out = NamedRegions(), BringOut()
        self._heard = 0.0  # of a clock that does not jump
        self.look_up()

    def keep(self, keep: bool) -> None:
        """Keep objects that the prompt does not name from now on, or no more."""
        self._keep = keep
        if self._listening:
            self._detections.candidates(self._receive_candidates if keep else None)
        self.look_up()

    def look_up(self) -> None:
        """Look up what the prompt names; to be called when it has changed."""
        wanted = self._keep or bool(self._fuser.prompt.objects)
        if wanted and not self._listening:
            self._heard, self._listening = time.monotonic(), True
            self._detections.outline(self._receive_outlines)
            self._detections.candidates(self._receive_candidates if self._keep else None)
            self._detections.follow(self._receive, True)
        elif not wanted:
            self.destroy()

    def destroy(self) -> None:
        """Listen no more."""
        if self._listening:
            self._listening = False
            self._detections.follow(self._receive, False)
            self._detections.outline(None)
            self._detections.candidates(None)
            self._named, self._bring_out = NamedRegions(), BringOut()

    def missing(self) -> str:
        """That objects are named and no detector says where they are, and what to do; empty while all is well."""
        if not self._fuser.prompt.objects:
            return ""
        nobody = not self._detections.sent()
        if not nobody and time.monotonic() - self._heard <= PATIENCE:
            return ""
        reason = "no detection node runs" if nobody else f"no message for {PATIENCE:g} s"
        return (
            f"{without_detection(self._fuser.prompt.objects)}, since nothing comes on {self._detections.topic} "
            f"({reason}); textfuse up starts detection as well"
        )

    def bring_out(
        self, fused: NDArray[np.uint8], visible: NDArray[np.uint8], thermal: NDArray[np.uint8], stamp: int
    ) -> None:
        """Bring the named objects out of a fused image and keep the others, in place.

        Args:
            fused: uint8 RGB [H, W, 3].
            visible: uint8 RGB [H, W, 3], that it was made from.
            thermal: uint8 [H, W], likewise.
            stamp: nanoseconds, of the fused image.
        """
        names, keep = self._fuser.prompt.objects, self._keep
        if names or keep:
            self._bring_out(fused, visible, thermal, self._named.regions(names, stamp / 1e9, keep))

    def look(self, thermal: NDArray[np.uint8], stamp: int) -> None:
        """Look for people whom nobody detected, where the prompt names people; once the fused image has gone out.

        Args:
            thermal: uint8 [H, W], that it was made from.
            stamp: nanoseconds, of the fused image.
        """
        self._named.look(thermal, self._fuser.prompt.objects, stamp / 1e9)

    def _receive(self, message: Detection2DArray) -> None:
        self._heard = time.monotonic()
        # Outlines and candidates are sent before the detections of their image.
        known = self._outlines.outlines if self._outlines.header.stamp == message.header.stamp else []
        found = zip_longest(message.detections, known[: len(message.detections)])
        sightings = [_sighting(one, outline) for one, outline in found]
        if self._candidates.header.stamp == message.header.stamp:
            sightings += [_sighting(one, None, faint=True) for one in self._candidates.detections]
        self._named.see([one for one in sightings if one], stamp_ns(message) / 1e9)

    def _receive_outlines(self, message: DetectionOutlines) -> None:
        self._outlines = message

    def _receive_candidates(self, message: Detection2DArray) -> None:
        self._candidates = message


def _sighting(detection: Detection2D, outline: Polygon | None, faint: bool = False) -> Sighting | None:
    """What a message says of an object; None where it is not followed."""
    if not detection.results or not detection.id.isdecimal():
        return None
    hypothesis: Any = max((result.hypothesis for result in detection.results), key=lambda one: one.score)
    box, middle = detection.bbox, detection.bbox.center.position
    half = box.size_x / 2, box.size_y / 2
    corners = widened((middle.x - half[0], middle.y - half[1], middle.x + half[0], middle.y + half[1]))
    if not np.isfinite(corners).all():
        return None
    points = np.array([(point.x, point.y) for point in outline.points], np.float32) if outline else None
    if points is not None and not np.isfinite(points).all():
        points = None
    score = min(max(hypothesis.score, 0.0), 1.0)
    return Sighting(int(detection.id), hypothesis.class_id, corners, within(points, corners), score, faint)
