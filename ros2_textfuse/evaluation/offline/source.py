"""What an offline evaluation is asked to look at, opened; needs no network, and no torch."""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ros2_textfuse.imaging.cameras import CAMERAS
from ros2_textfuse.recordings.bag import BagRecording
from ros2_textfuse.recordings.bag_topics import ImageTopic, find_cameras
from ros2_textfuse.recordings.frames import most_pairs
from ros2_textfuse.recordings.pairs import find_sides, pair_folders
from ros2_textfuse.recordings.source import find_recording
from ros2_textfuse.recordings.types import Recording
from ros2_textfuse.settings import FusionSettings


@dataclass(frozen=True)
class Asked:
    """What an evaluation is asked to do."""

    sources: tuple[str, ...]
    """A bag, a folder with vi/ and ir/; or a visible and a thermal video or folder."""
    visible_topic: str = ""
    thermal_topic: str = ""
    every: int = 1
    detection: bool = True
    """Whether to look for objects in the images that are shown."""
    boxes: str = ""
    """File or folder of the boxes of a folder of pairs, or empty."""
    fusion: FusionSettings = field(default_factory=FusionSettings)
    """How the node would pair and fuse."""

    def settings(self) -> dict[str, Any]:
        """All of it, by name, fit for JSON."""
        own = asdict(self)
        return {**own, **own.pop("fusion")}


@dataclass(frozen=True)
class Source:
    """What is evaluated, opened."""

    recording: Recording
    ordered: bool
    """Whether pairs follow each other in time; those of a data set do not."""
    cameras: tuple[ImageTopic, ...] = ()
    """The topics of a bag."""
    names: tuple[str, ...] = ()
    """Of the pairs of a data set."""

    def period(self, settings: FusionSettings) -> float:
        """Seconds between two pairs; 0 where they do not follow each other."""
        return self.recording.duration / most_pairs(self.recording, settings) if self.ordered else 0.0


def open_source(asked: Asked) -> Source:
    """Open what was asked for.

    Raises:
        RecordingError: it cannot be read, or its cameras cannot be told.
    """
    recording = find_recording(asked.sources, asked.visible_topic, asked.thermal_topic)
    if isinstance(recording, BagRecording):
        topics = (recording.topics[camera] for camera in CAMERAS)
        return Source(recording, ordered=True, cameras=find_cameras(recording.bag, *topics))
    if len(asked.sources) == 1:
        names = tuple(pair_folders(*find_sides(Path(asked.sources[0]))))
        return Source(recording, ordered=False, names=names)
    return Source(recording, ordered=True)
