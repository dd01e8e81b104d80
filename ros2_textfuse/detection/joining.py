"""Boxes of several streams joined into one set by probabilities.

Source: Chen et al., Multimodal Object Detection via Probabilistic Ensembling (ProbEn), ECCV 2022: each stream's score
is calibrated to a probability, and were the streams to err independently, their evidence, the log odds above the
prior's, would add up. They do not: one network looks at all of them, and the fused image is made of the other two. So
the surest stream counts whole and the others by a quarter; a stream that looked and saw nothing is evidence against.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ros2_textfuse.detection.overlaps import overlaps
from ros2_textfuse.detection.types import Detection

OVERLAP = 0.5  # intersection over union from which two boxes are of one object
SCORE_LIMITS = 1e-4, 1 - 1e-4  # beyond these, log odds grow without end


@dataclass(frozen=True)
class Witness:
    """What a stream says of an object, in log odds."""

    slope: float
    offset: float
    """Of the log odds of a box by itself: slope * log_odds(score) + offset."""
    missed: float
    """Added where the stream looked and saw nothing."""


# For the scores of YOLO26n, by logistic regression on 97 registered pairs of other scenes, clean and degraded.
WITNESSES = {
    "visible": Witness(1.38, 0.87, -0.61),
    "thermal": Witness(1.36, 1.19, -0.47),
    "fused": Witness(1.40, 1.12, -0.65),
}
PRIOR = -4.0  # log odds that a box is an object before any stream has spoken
CORROBORATION = 0.25  # what the evidence of the other streams counts beside the surest one's
SURE = 0.05  # score from which a box of one stream is worth joining, where no more is asked for


@dataclass(frozen=True)
class JoinedDetection(Detection):
    """An object that one stream or several saw; its score is the probability that it is there."""

    scores: Mapping[str, float] = field(default_factory=dict)
    """Stream -> its own score for this object; the streams that saw it."""


def join(found: Mapping[str, Sequence[Detection]], trust: Mapping[str, float] | None = None) -> list[JoinedDetection]:
    """The objects that the streams see together, the most probable first.

    Boxes of one class that overlap by OVERLAP belong together, one of each stream, around the surest of them; the
    joined box is their mean, weighted by score.

    Args:
        found: stream -> its detections, in the pixels of one image; a stream that saw nothing has an empty entry, one
            that was not looked at has none.
        trust: stream -> weight of its evidence, 0 (none) to 1; 1 for those not named.

    Raises:
        ValueError: a stream is not of WITNESSES.
    """
    if unknown := set(found) - set(WITNESSES):
        raise ValueError(f"unknown stream {', '.join(sorted(unknown))}: the streams are {', '.join(WITNESSES)}")
    entries = [(stream, detection) for stream, detections in found.items() for detection in detections]
    entries.sort(key=lambda entry: -entry[1].score)
    trust = {stream: (trust or {}).get(stream, 1.0) for stream in found}
    joined = [_join_one([entries[i] for i in group], trust) for group in _groups(entries)]
    return sorted(joined, key=lambda detection: -detection.score)


def _groups(entries: Sequence[tuple[str, Detection]]) -> list[list[int]]:
    """Indices of the entries that belong together, the surest first; each entry is in one group."""
    if not entries:
        return []
    boxes = np.array([detection.box for _, detection in entries])
    overlap = overlaps(boxes, boxes)
    streams = np.array([stream for stream, _ in entries])
    classes = np.array([detection.class_id for _, detection in entries])
    near = (overlap >= OVERLAP) & (classes[:, None] == classes) & (streams[:, None] != streams)
    free = np.ones(len(entries), bool)
    groups = []
    for first in range(len(entries)):
        if not free[first]:
            continue
        free[first] = False
        group = [first]
        candidates = np.flatnonzero(near[first] & free)
        for stream in dict.fromkeys(streams[candidates].tolist()):
            of_stream = candidates[streams[candidates] == stream]
            group.append(int(of_stream[overlap[first, of_stream].argmax()]))
        free[group] = False
        groups.append(group)
    return groups


def _join_one(group: Sequence[tuple[str, Detection]], trust: Mapping[str, float]) -> JoinedDetection:
    scores = {stream: detection.score for stream, detection in group}
    evidence = sorted((trust[stream] * _evidence(stream, score) for stream, score in scores.items()), reverse=True)
    missed = sum(weight * WITNESSES[stream].missed for stream, weight in trust.items() if stream not in scores)
    log_odds = PRIOR + evidence[0] + CORROBORATION * sum(evidence[1:]) + missed
    boxes = np.array([detection.box for _, detection in group])
    left, top, right, bottom = np.average(boxes, axis=0, weights=list(scores.values())).tolist()
    surest = group[0][1]
    score, box = 1 / (1 + math.exp(-log_odds)), (left, top, right, bottom)
    return JoinedDetection(surest.name, surest.class_id, score, box, outline=surest.outline, scores=scores)


def _evidence(stream: str, score: float) -> float:
    """Log odds above the prior's that a box of a stream is an object."""
    witness = WITNESSES[stream]
    return witness.slope * _log_odds(score) + witness.offset - PRIOR


def _log_odds(score: float) -> float:
    score = min(max(score, SCORE_LIMITS[0]), SCORE_LIMITS[1])
    return math.log(score / (1 - score))
