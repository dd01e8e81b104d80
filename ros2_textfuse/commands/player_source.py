"""What the player node is told to play, for the verbs that start it."""

from collections.abc import Sequence
from pathlib import Path

from ros2_textfuse.imaging.cameras import CAMERAS
from ros2_textfuse.recordings.bag import BagRecording
from ros2_textfuse.recordings.pairs import find_sides
from ros2_textfuse.recordings.source import find_recording


def player_source(sources: Sequence[str], visible_topic: str, thermal_topic: str) -> dict[str, str]:
    """The parameters by which the player node finds what a user names, checked by opening it.

    Args:
        sources: as of `find_recording`.
        visible_topic: likewise.
        thermal_topic: likewise.

    Raises:
        RecordingError: it cannot be played.
    """
    recording = find_recording(sources, visible_topic, thermal_topic)
    if isinstance(recording, BagRecording):
        topics = {f"{camera}_topic": topic for camera, topic in recording.topics.items()}
        return {"bag": str(Path(sources[0]).absolute()), **topics}
    sides: Sequence[str | Path] = sources if len(sources) == len(CAMERAS) else find_sides(Path(sources[0]))
    return {camera: str(Path(side).absolute()) for camera, side in zip(CAMERAS, sides, strict=True)}
