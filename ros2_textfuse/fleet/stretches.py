"""A long recording in stretches that are evaluated side by side, with the figures of one run to the last digit.

What one pair leaves for the next is small and does not need the fused image: images that wait for a partner, the
thermal range, what mode `auto` has seen. So one cheap pass reads the recording, pairs and prepares its images and keeps
that state at each cut; a stretch goes on from there. Flicker compares with the frame before, which a stretch fuses once
more for that. What needs every fused image, a tracker of objects, cannot be handed on so: see `why_whole`.
"""

import hashlib
import itertools
import pickle
from collections.abc import Iterator
from dataclasses import dataclass

from ros2_textfuse.batch.pairs import Carried, Pair, pairs
from ros2_textfuse.fuser import Fuser
from ros2_textfuse.recordings.bag import BagRecording
from ros2_textfuse.recordings.frames import Tally
from ros2_textfuse.recordings.types import RecordedImage, Recording
from ros2_textfuse.settings import FusionSettings


@dataclass(frozen=True)
class Cut:
    """Where a stretch begins, and what it goes on from."""

    first: int
    """Number of the first pair that it measures."""
    before: int
    """Number of the one before it, which is fused for flicker alone."""
    time: float
    """Seconds, when its first image is due."""
    ordinal: int
    """Images before that one."""
    digest: str
    """Of that image, since not every video is where one seeks it."""
    carried: bytes
    """`Carried` before that image, pickled."""


def why_whole(recording: Recording, ordered: bool, objects: bool) -> str:
    """Why a recording is not cut, whatever its length; empty where it may be.

    Args:
        recording: opened.
        ordered: whether its pairs follow each other in time.
        objects: whether objects are brought out or kept.
    """
    if objects:
        return "the tracker of the objects that are brought out or kept needs every frame before"
    if isinstance(recording, BagRecording) and recording.damage:
        return "a bag without an index cannot be entered in its middle"
    return "" if ordered else "the pairs of a data set do not follow each other"


def cuts(
    recording: Recording, settings: FusionSettings, fuser: Fuser, tally: Tally, ordered: bool, length: int
) -> Iterator[Cut]:
    """Read a recording through, fusing nothing, and say where it may be cut.

    Args:
        recording: to read.
        settings: how images pair.
        fuser: prepares the pairs.
        tally: counts of the whole recording, written; no pair is evaluated here.
        ordered: whether pairs follow each other in time.
        length: pairs of a stretch, at least.
    """
    carried = Carried.at_start(settings)
    marked = _Marked(recording, carried)
    begin, before = 0, -1
    for pair in pairs(marked, settings, fuser, tally, ordered, carried):
        if marked.mark and before >= 0:
            yield Cut(pair.number, before, *marked.mark)
            begin, before, marked.mark = pair.number, -1, None
        elif marked.mark:
            before = pair.number
        elif pair.number - begin >= length:
            marked.wanted = True


def stretch(
    recording: Recording,
    settings: FusionSettings,
    fuser: Fuser,
    ordered: bool,
    cut: Cut | None,
    until: int | None,
    tally: Tally,
) -> Iterator[Pair]:
    """The pairs of one stretch, with the one before its first.

    Args:
        recording: opened anew.
        settings: as for `cuts`.
        fuser: prepares the pairs.
        ordered: whether pairs follow each other in time.
        cut: where it begins; None for the beginning of the recording.
        until: number of the first pair of the next stretch; None for the end of the recording.
        tally: counts, written.
    """
    carried = pickle.loads(cut.carried) if cut else None
    there = _From(recording, cut) if cut else recording
    for pair in pairs(there, settings, fuser, tally, ordered, carried):
        if until is not None and pair.number >= until:
            break
        yield pair


class _Marked(Recording):
    """A recording that keeps the state at the first image where it may be cut, when that is wanted."""

    def __init__(self, recording: Recording, carried: Carried) -> None:
        self.counts, self.duration = recording.counts, recording.duration
        self.wanted = False
        self.mark: tuple[float, int, str, bytes] | None = None
        self._recording, self._carried = recording, carried

    def images_from(self, time: float) -> Iterator[RecordedImage]:
        last = float("inf")
        for ordinal, image in enumerate(self._recording.images_from(time)):
            if self.wanted and image.time > last:  # a seek cannot tell images of one time apart
                self.mark = image.time, ordinal, _digest(image), pickle.dumps(self._carried)
                self.wanted = False
            last = image.time
            yield image


class _From(Recording):
    """A recording from a cut on."""

    def __init__(self, recording: Recording, cut: Cut) -> None:
        self.counts, self.duration = recording.counts, recording.duration
        self._recording, self._cut = recording, cut

    def images_from(self, time: float) -> Iterator[RecordedImage]:
        found = self._recording.images_from(self._cut.time)
        first = next(found, None)
        if first is not None and _digest(first) == self._cut.digest:
            yield first
            yield from found
        else:  # a video whose times are uneven, a bag without an index: from its front, which takes longer
            yield from itertools.islice(self._recording.images_from(0.0), self._cut.ordinal, None)


def _digest(image: RecordedImage) -> str:
    state = hashlib.blake2b(f"{image.camera} {image.time!r} {image.stamp!r} {image.fault}".encode(), digest_size=16)
    state.update(image.data or b"")
    return state.hexdigest()
