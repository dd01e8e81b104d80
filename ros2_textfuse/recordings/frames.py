"""The pairs of a recording, found as the node finds them, with an account of what became of every image."""

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from numpy.typing import NDArray

from ros2_textfuse.imaging.cameras import CAMERAS
from ros2_textfuse.imaging.encodings import ImageError
from ros2_textfuse.recordings.types import RecordedImage, Recording, RecordingError
from ros2_textfuse.sync.camera_input import CameraInput
from ros2_textfuse.sync.pairing import Stamped
from ros2_textfuse.sync.policy import PairingPolicy, PairingSettings

BINS = 120  # of the timeline, at most


@dataclass(frozen=True)
class RecordedPair:
    """A pair as the node would have fused it."""

    number: int
    """Of the pairs of the recording, from 0."""
    time: float
    """Seconds from the start of the recording, the visible image's stamp."""
    difference: float
    """Seconds by which the thermal image's stamp is later, after the offset."""
    visible: NDArray
    """uint8 [H, W, 3] RGB."""
    thermal: NDArray
    """uint8, uint16 or float32 [H, W], as the camera sent it."""


@dataclass
class Tally:
    """What became of every image of the recording."""

    duration: float
    """Seconds of the recording."""
    bins: int = BINS
    """Stretches of the timeline."""
    received: Counter[str] = field(default_factory=Counter)
    """Images of each camera."""
    paired: int = 0
    evaluated: int = 0
    excluded: Counter[str] = field(default_factory=Counter)
    """Reason -> images or pairs left out."""
    damage: str = ""
    """Where the recording breaks off; empty when it was read to its end."""
    timeline: dict[str, list[int]] = field(default_factory=dict)
    """Counts in equal stretches of the recording: `paired`, `visible unpaired`, `thermal unpaired`, `rejected`."""

    @classmethod
    def from_recording(cls, recording: Recording) -> "Tally":
        """An empty tally; a stretch is as long as a whole number of pairs, so that a steady stream looks steady."""
        pairs = max(1, recording.pairs)
        return cls(recording.duration, math.ceil(pairs / math.ceil(pairs / BINS)))

    def count(self, kind: str, at: float, by: int = 1) -> None:
        """Count something in the stretch of a time, in seconds from the start."""
        place = int(at / self.duration * self.bins + 1e-6) if self.duration > 0 else 0
        self.timeline.setdefault(kind, [0] * self.bins)[min(self.bins - 1, max(0, place))] += by

    def left_out(self) -> list[str]:
        """What was left out, and why, in lines to print; empty where nothing was."""
        return [f"left out: {n} × {reason}" for reason, n in self.excluded.items()] + [*filter(None, [self.damage])]


def most_pairs(recording: Recording, settings: PairingSettings) -> int:
    """How many pairs of a recording are fused, where nothing is missing.

    With `hold` each visible image has its pair; otherwise the camera with fewer images says how many there are, and the
    parameter `rate`.
    """
    pairs = recording.counts[0] if settings.hold else recording.pairs
    return min(pairs, max(1, round(recording.duration * settings.rate))) if settings.rate else pairs


def usable_images(
    recording: Recording, cameras: dict[str, CameraInput], tally: Tally
) -> Iterator[tuple[RecordedImage, Stamped[RecordedImage]]]:
    """The images of a recording that a node would take, in the order of their arrival, under their stamps.

    Damage ends them, and is noted.

    Args:
        recording: to read.
        cameras: their ways in, by name.
        tally: counts, written.
    """
    try:
        for image in recording:
            tally.received[image.camera] += 1
            try:
                if image.fault:
                    raise ImageError(image.fault)
                yield image, cameras[image.camera].accept(image, round(image.stamp * 1e9))
            except ImageError as error:
                tally.excluded[f"{image.camera} image rejected: {error}"] += 1
                tally.count("rejected", image.time)
    except RecordingError as error:
        tally.damage = str(error)


def recorded_pairs(
    recording: Recording,
    settings: PairingSettings,
    tally: Tally,
    policy: PairingPolicy[RecordedImage] | None = None,
) -> Iterator[RecordedPair]:
    """The pairs of a recording in the order in which the node would fuse them; `tally` is filled as they come.

    Args:
        recording: to read.
        settings: how images pair.
        tally: counts, written; pairs are numbered on from its `paired`.
        policy: what pairs the images, where it has seen those before; None for a new one.
    """
    cameras = {camera: CameraInput(camera, settings.offset(camera)) for camera in CAMERAS}
    policy = policy or PairingPolicy(settings)
    last: RecordedImage | None = None
    for image, stamped in usable_images(recording, cameras, tally):
        tally.count(f"{image.camera} unpaired", image.time)  # until it has a partner
        frame = policy.take(image.camera, stamped, image.time)
        if frame is None or not frame.whole:
            continue
        visible, thermal = (frame.images[camera] for camera in CAMERAS)
        tally.count("visible unpaired", visible.image.time, -1)
        if thermal.image is not last:
            tally.count("thermal unpaired", thermal.image.time, -1)
            last = thermal.image
        tally.count("paired", visible.image.time)
        tally.paired += 1
        yield RecordedPair(
            tally.paired - 1,
            visible.stamp / 1e9,
            (thermal.stamp - visible.stamp) / 1e9,
            cameras["visible"].array(visible),
            cameras["thermal"].array(thermal),
        )
    apart = f"{settings.hold:g} s (hold)" if settings.hold else f"{settings.slop * 1e3:g} ms"
    for camera in CAMERAS:
        left = {
            f"{camera} image unpaired: no partner within {apart}": policy.unpaired(camera, over=True),
            f"{camera} image passed through: the other camera was missing": policy.passed[camera],
        }
        tally.excluded.update({reason: count for reason, count in left.items() if count})
    if policy.skipped:
        tally.excluded["pair skipped: beyond the parameter rate"] = policy.skipped
    if policy.late:
        tally.excluded["pair out of order: a newer one came before it"] = policy.late
