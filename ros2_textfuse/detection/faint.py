"""Faint detections: too unsure to be reported, and sure enough for what they show to be kept as the cameras show it.

A push that only keeps does nothing where nothing is lost, so that a false box harms little, and a lost object much.
"""

from collections.abc import Sequence
from typing import TypeVar

from ros2_textfuse.detection.types import Detection
from ros2_textfuse.saliency.regions import overlap

FAINT = 0.1  # score from which a detection is worth keeping
DOUBLE = 0.5  # intersection over union with a surer one, of whatever class, from which on it is of the same object

Found = TypeVar("Found", bound=Detection)


def without_doubles(found: Sequence[Found], confidence: float) -> list[Found]:
    """All that is sure, and what is faint and of no object that something surer is of; in their order.

    Args:
        found: of one image, the surest first.
        confidence: score from which a detection is sure.
    """
    kept: list[Found] = []
    for one in found:
        if one.score >= confidence or all(overlap(one.box, other.box) < DOUBLE for other in kept):
            kept.append(one)
    return kept


def parted(found: Sequence[Found], confidence: float) -> tuple[list[Found], list[Found]]:
    """What is sure, and what is faint, each in its order."""
    sure = [one for one in found if one.score >= confidence]
    return sure, [one for one in found if one.score < confidence]
