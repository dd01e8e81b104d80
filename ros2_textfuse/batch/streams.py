"""A recording in, a recording of the fused images out: a video of two videos, a bag of a bag."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ros2_textfuse.batch.objects import ObjectFinder
from ros2_textfuse.batch.pairs import Pair, pairs
from ros2_textfuse.fuser import Fuser
from ros2_textfuse.recordings.bag import BagRecording
from ros2_textfuse.recordings.bag_copy import BagCopy
from ros2_textfuse.recordings.bag_reader import COMPRESSED, Bag
from ros2_textfuse.recordings.frames import Tally, most_pairs
from ros2_textfuse.recordings.types import Recording
from ros2_textfuse.recordings.video import VideoRecording
from ros2_textfuse.recordings.video_writer import VideoWriter, check_video_path, keep_sound
from ros2_textfuse.runtime import interrupts
from ros2_textfuse.runtime.output import refuse_inputs
from ros2_textfuse.settings import FusionSettings

Progress = Callable[[Iterator[Pair], int], Iterator[Pair]]
"""Passes pairs on, of which there are so many at most, and shows how far they are."""


@dataclass(frozen=True)
class Written:
    """What became of a recording."""

    frames: int
    """Fused and written."""
    tally: Tally
    interrupted: int
    """Number of the signal that ended the work; 0 where it came to its end."""
    note: str = ""
    """What else a person should know."""


def fuse_videos(
    visible: Path,
    thermal: Path,
    out: Path,
    fuser: Fuser,
    settings: FusionSettings,
    objects: ObjectFinder | None,
    progress: Progress,
) -> Written:
    """Fuse two videos of one length into a third, with the sound of the visible one where ffmpeg is installed.

    Args:
        visible: the RGB video.
        thermal: its thermal side.
        out: the video to write; it must not exist.
        fuser: with the active prompt.
        settings: how images pair.
        objects: to bring out; None for none.
        progress: shown to whoever waits.

    Raises:
        RecordingError: the videos cannot be read, or do not fit each other.
        OutputError, OSError: the video cannot be written.
    """
    refuse_inputs([out], [visible, thermal])
    recording = VideoRecording(visible, thermal)
    check_video_path(out)
    tally = Tally.from_recording(recording)
    with VideoWriter(out, recording.rate) as video, _fused(recording, fuser, settings, objects, tally, progress) as run:
        for _, fused in run.images():
            video.write(fused)
    note = keep_sound(out, visible, video.frames / recording.rate) if video.frames else ""
    return Written(video.frames, tally, run.interrupted, note)


def fuse_bag(
    bag: Bag,
    topics: tuple[str, str],
    out: Path,
    topic: str,
    fuser: Fuser,
    settings: FusionSettings,
    objects: ObjectFinder | None,
    progress: Progress,
) -> Written:
    """Copy a bag with the fused images added to it: JPEG where the visible images are compressed, raw otherwise.

    Args:
        bag: to copy.
        topics: of the visible and the thermal images.
        out: folder of the copy; it must not exist.
        topic: of the fused images, under the visible images' stamps.
        fuser: with the active prompt.
        settings: how images pair.
        objects: to bring out; None for none.
        progress: shown to whoever waits.

    Raises:
        RecordingError: the bag cannot be read or was not closed, or `out` exists.
        OSError: the copy cannot be written.
    """
    refuse_inputs([out], [bag.path])
    recording = BagRecording(bag, *topics)
    tally = Tally.from_recording(recording)
    reference = fuser.alignment.calibration.reference if fuser.alignment else "visible"
    frame_id = next(bag.messages((topics[reference == "thermal"],)))[2].header.frame_id
    compress = bag.topics[topics[0]].msgtype == COMPRESSED
    with (
        BagCopy(bag, out, topic, compress) as copy,
        _fused(recording, fuser, settings, objects, tally, progress) as run,
    ):
        for pair, fused in run.images():
            time = round(pair.time * 1e9)
            copy.add(fused, recording.origin + time, bag.start + time, frame_id)
        if not run.interrupted:
            copy.copy()
    return Written(copy.added, tally, run.interrupted)


@dataclass
class _Run:
    """Images of a recording, fused until a signal comes."""

    pairs: Iterator[Pair]
    fuser: Fuser
    objects: ObjectFinder | None
    signals: list[int]

    @property
    def interrupted(self) -> int:
        return next(iter(self.signals), 0)

    def images(self) -> Iterator[tuple[Pair, NDArray[np.uint8]]]:
        for pair in self.pairs:
            if self.signals:
                break
            fused = self.fuser.fuse_prepared(pair.visible, pair.thermal)
            if self.objects:
                self.objects.bring_out(fused, pair.visible, pair.thermal, pair.time)
            yield pair, fused


@contextmanager
def _fused(
    recording: Recording,
    fuser: Fuser,
    settings: FusionSettings,
    objects: ObjectFinder | None,
    tally: Tally,
    progress: Progress,
) -> Iterator[_Run]:
    with interrupts.deferred() as signals:
        found = progress(pairs(recording, settings, fuser, tally), most_pairs(recording, settings))
        yield _Run(found, fuser, objects, signals)
