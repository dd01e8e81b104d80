"""Images of cameras and messages: encodings, compression, gain control, camera health, and drawing on them."""

from ros2_textfuse.imaging.encodings import ImageError
from ros2_textfuse.imaging.gain_control import GainControl

__all__ = ["GainControl", "ImageError"]
