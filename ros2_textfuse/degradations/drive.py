"""A drive from day into dusk and night, past oncoming glare, smoke and rain, to a failing thermal camera.

The recording below it stays what it is; what goes wrong is laid over its images, and fades in and out.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count

import numpy as np
from numpy.typing import NDArray

from ros2_textfuse.degradations.obstructions import glare, smoke
from ros2_textfuse.degradations.synthesis import THERMAL, VISIBLE
from ros2_textfuse.imaging import encodings
from ros2_textfuse.imaging.gain_control import GainControl
from ros2_textfuse.recordings.types import RecordedImage, Recording

LIVELY = {"rain": (41, 7), "visible_noise": (97, 61), "ir_noise": (97, 61)}
"""Rows and columns by which a condition moves from frame to frame; the others stay where they are."""


@dataclass(frozen=True)
class Stretch:
    """A part of the drive, and what is wrong in it: condition -> severity 0..1."""

    name: str
    conditions: Mapping[str, float] = field(default_factory=dict)


STRETCHES = (
    Stretch("day"),
    Stretch("dusk", {"low_light": 0.5}),
    Stretch("night", {"low_light": 0.85, "visible_noise": 0.5}),
    Stretch("oncoming glare", {"low_light": 0.85, "glare": 0.8}),
    Stretch("morning"),
    Stretch("smoke", {"smoke": 0.8}),
    Stretch("clear"),
    Stretch("rain", {"rain": 0.8}),
    Stretch("failing thermal camera", {"ir_noise": 0.7, "ir_stripe": 0.7}),
    Stretch("repaired"),
)


class Drive(Recording):
    """A recording driven through STRETCHES, over and over until the drive is at its end.

    Args:
        recording: by day, of one size.
        seconds: of each stretch.
        fade: seconds in which a stretch goes over into the next, at its beginning.
        seed: of all that is drawn.
        gain_control: of thermal images of more than 8 bits.
    """

    def __init__(
        self,
        recording: Recording,
        seconds: float = 4.0,
        fade: float = 1.0,
        seed: int = 0,
        gain_control: GainControl | None = None,
    ) -> None:
        self._recording, self._seconds, self._fade, self._seed = recording, seconds, fade, seed
        self._ranges = gain_control or GainControl()
        self.duration = seconds * len(STRETCHES)
        visible, thermal = (round(count / recording.duration * self.duration) for count in recording.counts)
        self.counts = visible, thermal

    def images_from(self, time: float) -> Iterator[RecordedImage]:
        """The images, degraded; thermal ones of 8 bits."""
        frames, length = max(self.counts), self._recording.duration
        for lap in count(int(max(time, 0.0) / length)):
            start = lap * length
            for image in self._recording.images_from(max(0.0, time - start)):
                due = start + image.time
                frame = round(due * frames / self.duration)
                if frame >= frames:
                    return
                pixels = encodings.camera_array(image, image.camera)
                degraded = self._degraded(image.camera, pixels, self.conditions(due), frame)
                yield RecordedImage.from_pixels(image.camera, due, degraded, start + image.stamp)

    def stretch(self, time: float) -> int:
        """The number of the stretch at a time, in seconds from the start."""
        return min(int(max(time, 0.0) / self._seconds), len(STRETCHES) - 1)

    def conditions(self, time: float) -> dict[str, float]:
        """Condition -> severity at a time, in seconds from the start; nothing below 0.01."""
        number = self.stretch(time)
        along = min(1.0, (time - number * self._seconds) / self._fade) if number and self._fade else 1.0
        before, now = STRETCHES[max(number - 1, 0)].conditions, STRETCHES[number].conditions
        found = {
            name: (1 - along) * before.get(name, 0.0) + along * now.get(name, 0.0) for name in sorted({*before, *now})
        }
        return {name: severity for name, severity in found.items() if severity >= 0.01}

    def _degraded(
        self, camera: str, pixels: NDArray, conditions: Mapping[str, float], number: int
    ) -> NDArray[np.uint8]:
        image = np.float32(self._ranges(pixels) if camera == "thermal" else pixels) / 255
        # Lamps are as bright by night, so that glare comes after the dark.
        degradations = {"smoke": smoke, **VISIBLE, "glare": glare} if camera == "visible" else THERMAL
        for index, (name, degrade) in enumerate(degradations.items()):
            if severity := conditions.get(name, 0.0):
                down, aside = (number * step for step in LIVELY.get(name, (0, 0)))
                moved = np.roll(image, (-down, -aside), (0, 1))
                image = np.roll(
                    degrade(moved, severity, np.random.default_rng([self._seed, index])), (down, aside), (0, 1)
                )
        return np.round(image * 255).astype(np.uint8)
