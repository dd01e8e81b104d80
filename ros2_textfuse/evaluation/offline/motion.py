"""What moves before the two cameras of a recording."""

from collections.abc import Callable
from dataclasses import dataclass, field

import cv2
import numpy as np

from ros2_textfuse.imaging.cameras import CAMERAS
from ros2_textfuse.recordings.frames import Tally, usable_images
from ros2_textfuse.recordings.types import Recording
from ros2_textfuse.settings import FusionSettings
from ros2_textfuse.sync.camera_input import CameraInput
from ros2_textfuse.sync.time_offset import Motion


@dataclass
class SeenMotion:
    """The motion of each camera, and what of the recording was left out."""

    tally: Tally
    """What became of every image."""
    visible: Motion = field(default_factory=lambda: Motion("visible"))
    thermal: Motion = field(default_factory=lambda: Motion("thermal"))


def watch_motion(
    recording: Recording, settings: FusionSettings, progress: Callable[[int], object] = lambda by: None
) -> SeenMotion:
    """Look at every image of a recording; those that cannot be used, and the end of a damaged one, are left out.

    Args:
        recording: with stamps.
        settings: for the gain control; stamps are the cameras' own, whatever offset is set.
        progress: called with how many images more were read.

    Raises:
        TimeOffsetError: stamps do not go forward.
    """
    seen, gain_control = SeenMotion(Tally.from_recording(recording)), settings.gain_control()
    cameras, done = {camera: CameraInput(camera) for camera in CAMERAS}, 0
    for image, stamped in usable_images(recording, cameras, seen.tally):
        pixels = cameras[image.camera].array(stamped)
        if image.camera == "visible":
            seen.visible.add(image.stamp, np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8))
        else:
            seen.thermal.add(image.stamp, gain_control(pixels))
        progress(sum(seen.tally.received.values()) - done)
        done = sum(seen.tally.received.values())
    return seen
