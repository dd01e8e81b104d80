"""ByteTrack (Zhang et al., ECCV 2022) in NumPy: which boxes of successive frames are of one object.

A Kalman filter predicts where each object is in the next frame: its middle, its width over its height, and its height,
with their velocities, whose uncertainties grow with the height. Sure detections are assigned to the predictions first,
and the unsure ones to what is left, so that somebody who is half hidden keeps a number.
"""

from dataclasses import dataclass
from itertools import count

import lap
import numpy as np
from numpy.typing import NDArray

from ros2_textfuse.detection.overlaps import overlaps

Array = NDArray[np.float64]

SURE, UNSURE = 0.25, 0.1  # scores from which a detection begins a track, and above which it goes on with one
PATIENCE = 30  # frames for which an object that is not seen keeps its number
FARTHEST = 0.8  # cost of an assignment: 1 - overlap x score
FARTHEST_NEW = 0.7  # the same for an object that was seen once
FARTHEST_UNSURE = 0.5  # 1 - overlap, for unsure detections
ONE = 0.85  # overlap of two tracks that are of one object
OF_POSITION, OF_VELOCITY = 1 / 20, 1 / 160  # standard deviations in parts of an object's height
MOTION = np.eye(8) + np.eye(8, k=4)


@dataclass(eq=False)
class Track:
    """One object."""

    id: int
    mean: Array
    """Middle, width over height, height, and their change in a frame, [8]."""
    covariance: Array
    begun: int
    """Frame in which it was seen first."""
    seen: int
    """Frame in which it was seen last."""
    confirmed: bool
    """Seen twice, or in the very first frame."""
    lost: bool = False

    def predict(self) -> None:
        """Go on by a frame."""
        if self.lost:
            self.mean[7] = 0  # it does not grow where nobody sees it
        noise = np.diag(_deviations(self.mean[3], OF_POSITION, OF_VELOCITY, 1e-2, 1e-5) ** 2)
        self.mean = MOTION @ self.mean
        self.covariance = MOTION @ self.covariance @ MOTION.T + noise

    def see(self, measured: Array, frame: int) -> None:
        """Correct by a detection, [4] as the first half of `mean`."""
        noise = np.diag(_deviations(self.mean[3], OF_POSITION, OF_POSITION, 1e-1, 1e-1)[:4] ** 2)
        gain = np.linalg.solve(self.covariance[:4, :4] + noise, self.covariance[:4]).T
        self.mean = self.mean + gain @ (measured - self.mean[:4])
        self.covariance = self.covariance - gain @ self.covariance[:4]
        self.seen, self.confirmed, self.lost = frame, True, False

    def box(self) -> Array:
        """Left, top, right, bottom."""
        half = np.array([self.mean[2] * self.mean[3], self.mean[3]]) / 2
        return np.concatenate([self.mean[:2] - half, self.mean[:2] + half])


class ByteTrack:
    """Follows the objects of one stream.

    Args:
        faint: whether an unsure detection that nobody is known for begins a track as well. The authors' do not.
    """

    def __init__(self, faint: bool = False) -> None:
        self._faint = faint
        self._tracks: list[Track] = []
        self._ids = count(1)
        self._frame = 0

    def update(self, boxes: Array, scores: Array) -> list[int]:
        """The number of each detection of the next frame, 0 for those that are not followed (yet).

        Args:
            boxes: left, top, right, bottom in pixels, [N, 4].
            scores: 0..1, [N].
        """
        self._frame += 1
        measured, ids = _measured(boxes), [0] * len(boxes)
        whole = (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])
        sure = np.flatnonzero(whole & (scores >= SURE))
        unsure = np.flatnonzero(whole & (scores > UNSURE) & (scores < SURE))
        known = [track for track in self._tracks if track.confirmed]
        new = [track for track in self._tracks if not track.confirmed]
        for track in known:
            track.predict()

        def assign(tracks: list[Track], found: NDArray[np.intp], weights: Array, farthest: float) -> NDArray[np.intp]:
            """Let tracks see what was found; returns what is left of that."""
            costs = 1 - overlaps(_boxes(tracks), boxes[found]) * weights[found]
            pairs = _assignment(costs, farthest)
            for track, number in pairs:
                tracks[track].see(measured[found[number]], self._frame)
                ids[found[number]] = tracks[track].id
            return np.delete(found, [number for _, number in pairs])

        sure = assign(known, sure, scores, FARTHEST)
        watched = [track for track in known if not track.lost and track.seen < self._frame]
        unsure = assign(watched, unsure, np.ones_like(scores), FARTHEST_UNSURE)
        for track in watched:
            track.lost = track.seen < self._frame
        sure = assign(new, sure, scores, FARTHEST_NEW)
        first = self._frame == 1
        begun = [self._begin(measured[number], first) for number in sure]
        doubted: list[Track] = []
        if self._faint:
            seen_once = [track for track in new if not track.confirmed]
            unsure = assign(seen_once, unsure, np.ones_like(scores), FARTHEST_UNSURE)
            doubted = [self._begin(measured[number], False) for number in unsure]
        if first:
            for number, track in zip(sure, begun, strict=True):
                ids[number] = track.id
        kept = [track for track in known if self._frame - track.seen <= PATIENCE]
        kept += [track for track in new if track.confirmed]
        begun += doubted
        gone = _doubles(kept + begun)
        self._tracks = [track for track in kept + begun if track not in gone]
        gone_ids = {track.id for track in gone}
        return [0 if one in gone_ids else one for one in ids]

    def _begin(self, measured: Array, confirmed: bool) -> Track:
        mean = np.concatenate([measured, np.zeros(4)])
        covariance = np.diag(_deviations(measured[3], 2 * OF_POSITION, 10 * OF_VELOCITY, 1e-2, 1e-5) ** 2)
        return Track(next(self._ids), mean, covariance, self._frame, self._frame, confirmed)


def _deviations(height: float, position: float, velocity: float, shape: float, change: float) -> Array:
    """Standard deviations of a state, [8]; those of the shape, width over height, do not grow with the height."""
    moves, grows = position * height, velocity * height
    return np.array([moves, moves, shape, moves, grows, grows, change, grows])


def _measured(boxes: Array) -> Array:
    """[N, 4] boxes as the first half of a state."""
    size = boxes[:, 2:] - boxes[:, :2]
    height = np.maximum(size[:, 1], np.finfo(float).tiny)
    return np.column_stack([boxes[:, :2] + size / 2, size[:, 0] / height, size[:, 1]])


def _boxes(tracks: list[Track]) -> Array:
    return np.array([track.box() for track in tracks]).reshape(-1, 4)


def _assignment(costs: Array, farthest: float) -> list[tuple[int, int]]:
    """Row and column of the pairs that cost least together, each at most `farthest`."""
    if not costs.size:
        return []
    _, columns, _ = lap.lapjv(costs, extend_cost=True, cost_limit=farthest)
    return [(row, int(column)) for row, column in enumerate(columns) if column >= 0]


def _doubles(tracks: list[Track]) -> list[Track]:
    """Where a lost track and one in sight are of one object, the one that was seen for a shorter time."""
    lost, sight = [track for track in tracks if track.lost], [track for track in tracks if not track.lost]
    return [
        min(sight[i], lost[j], key=lambda track: track.seen - track.begun)
        for i, j in np.argwhere(overlaps(_boxes(sight), _boxes(lost)) > ONE)
    ]
