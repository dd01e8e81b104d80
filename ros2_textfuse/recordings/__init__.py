"""Recordings of two cameras: bags, videos and folders; read, written, spoilt and simulated."""

from ros2_textfuse.recordings.source import open_recording
from ros2_textfuse.recordings.types import RecordedImage, Recording, RecordingError

__all__ = ["RecordedImage", "Recording", "RecordingError", "open_recording"]
