"""What moves before the two cameras of a recording."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import cv2
import numpy as np

from ros2_textfuse.imaging.encodings import ENCODINGS, ImageError, check_message, thermal_array, visible_array
from ros2_textfuse.imaging.gain_control import GainControl
from ros2_textfuse.recordings.types import RecordedImage, Recording, RecordingError
from ros2_textfuse.sync.time_offset import Motion


@dataclass
class SeenMotion:
    """The motion of each camera, and what of the recording was left out."""

    visible: Motion = field(default_factory=lambda: Motion("visible"))
    thermal: Motion = field(default_factory=lambda: Motion("thermal"))
    excluded: Counter[str] = field(default_factory=Counter)
    """Reason -> images."""
    damage: str = ""
    """Where the recording breaks off; empty when it was read to its end."""


def watch_motion(recording: Recording, progress: Callable[[], object] = lambda: None) -> SeenMotion:
    """Look at every image of a recording; those that cannot be used, and the end of a damaged one, are left out.

    Args:
        recording: with stamps.
        progress: called for each image.

    Raises:
        TimeOffsetError: stamps do not go forward.
    """
    seen, gain_control = SeenMotion(), GainControl()

    def look(image: RecordedImage) -> None:
        if image.fault:
            raise ImageError(image.fault)
        check_message(image, ENCODINGS[image.camera])
        if image.camera == "visible":
            grey = np.asarray(cv2.cvtColor(visible_array(image), cv2.COLOR_RGB2GRAY), np.uint8)
            seen.visible.add(image.stamp, grey)
        else:
            seen.thermal.add(image.stamp, gain_control(thermal_array(image)))

    try:
        for image in recording:
            try:
                look(image)
            except ImageError as error:
                seen.excluded[f"{image.camera} image: {error}"] += 1
            progress()
    except RecordingError as error:
        seen.damage = str(error)
    return seen
