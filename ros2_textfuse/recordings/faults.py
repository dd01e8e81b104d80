"""Faults of a camera, to see what a robot makes of them: what a recording shows is spoilt while it plays."""

import math
from array import array
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from ros2_textfuse.errors import TextfuseError
from ros2_textfuse.imaging import encodings
from ros2_textfuse.imaging.cameras import CAMERAS
from ros2_textfuse.recordings.types import RecordedImage

SLOW = 4.0  # images a second

Spoil = Callable[[RecordedImage, RecordedImage], RecordedImage | None]
"""What a camera sends in place of an image, None for nothing; the second one is what it sent last."""


class FaultError(TextfuseError, ValueError):
    """A fault cannot be understood; the message says what was expected."""


@dataclass(frozen=True)
class CameraFault:
    """One camera's images of the seconds `start` to `end` are spoilt in one way, a key of KINDS."""

    camera: str
    kind: str
    start: float
    end: float

    @classmethod
    def from_text(cls, text: str) -> "CameraFault":
        """Read "CAMERA KIND START END", as "thermal silent 6 9".

        Raises:
            FaultError: something else stands there.
        """
        words = text.split()
        problem = "it has four words" if len(words) != 4 else ""
        if not problem and words[0] not in CAMERAS:
            problem = f"the camera is one of {', '.join(CAMERAS)}"
        if not problem and words[1] not in KINDS:
            problem = f"the kind is one of {', '.join(KINDS)}"
        if not problem and words[0] not in KINDS[words[1]].cameras:
            problem = f"{words[1]} is a fault of the {' and '.join(KINDS[words[1]].cameras)} camera"
        try:
            start, end = map(float, words[2:]) if not problem else (0.0, 1.0)
        except ValueError:
            start, end = 0.0, 0.0
        if not problem and not 0 <= start < end < float("inf"):
            problem = "the two seconds follow each other, 0 or more"
        if problem:
            raise FaultError(f'"{text}" is no fault: {problem}, as in "thermal silent 6 9"')
        return cls(words[0], words[1], start, end)

    def at(self, camera: str, seconds: float) -> bool:
        """Whether a camera's image is spoilt, so many seconds after playing began."""
        return camera == self.camera and self.start <= seconds < self.end


class Faults:
    """All faults of one playing. It remembers what each camera sent last, which a frozen one sends again.

    Args:
        faults: all that were asked for.
    """

    def __init__(self, faults: Iterable[CameraFault]) -> None:
        self._faults = tuple(faults)
        self._sent: dict[str, RecordedImage] = {}

    def spoil(self, image: RecordedImage, seconds: float) -> RecordedImage | None:
        """What a camera sends in place of an image under all faults of its moment; None when it is silent.

        Args:
            image: as the recording has it, whole, its time and stamp in seconds of playing; it stays as it is.
            seconds: since playing began.
        """
        spoilt: RecordedImage | None = image
        last = self._sent.get(image.camera, image)
        for fault in self._faults:
            if spoilt is not None and fault.at(image.camera, seconds):
                spoilt = KINDS[fault.kind].spoil(spoilt, last)
        if spoilt is not None:
            self._sent[image.camera] = spoilt
        return spoilt


@dataclass(frozen=True)
class Kind:
    """A way in which cameras fail: what they send then, in words, and the cameras that can."""

    what: str
    spoil: Spoil
    cameras: tuple[str, ...] = CAMERAS


def _truncate(image: RecordedImage, last: RecordedImage) -> RecordedImage:
    data = image.data or array("B")
    return replace(image, data=data[: len(data) // 2])


def _halve(image: RecordedImage, last: RecordedImage) -> RecordedImage:
    """Every other pixel of every other row: a camera whose resolution was changed."""
    pixels = np.frombuffer(image.data or b"", np.uint8)[: image.height * image.step]
    rows = pixels.reshape(image.height, image.step)
    size = image.step // image.width  # bytes of a pixel
    half = rows[::2, : image.width * size].reshape(-1, image.width, size)[:, ::2]
    return replace(image, height=half.shape[0], width=half.shape[1], step=half[0].size, data=array("B", half.tobytes()))


def _pixels(change: Callable[[NDArray], NDArray]) -> Spoil:
    """Change the pixels, of whatever encoding; what is no image any more stays as it is."""

    def spoil(image: RecordedImage, last: RecordedImage) -> RecordedImage:
        try:
            encodings.check_message(image, encodings.ENCODINGS[image.camera])
        except encodings.ImageError:
            return image
        pixels = encodings.camera_array(image, image.camera)
        return RecordedImage.from_pixels(image.camera, image.time, change(pixels), image.stamp)

    return spoil


def _stamp(stamp: Callable[[float], float]) -> Spoil:
    return lambda image, last: replace(image, stamp=stamp(image.stamp))


def _white(pixels: NDArray) -> NDArray:
    top = np.nanmax(pixels) if pixels.dtype.kind == "f" else np.iinfo(pixels.dtype).max
    return np.full_like(pixels, top)


def _noisy(pixels: NDArray) -> NDArray:
    """Noise as strong as the image, from levels of any unit."""
    random = np.random.default_rng().random(pixels.shape, np.float32)  # 0..1, of a variance of 1/12
    noisy = pixels + (random - 0.5) * np.float32(math.sqrt(12) * np.nanstd(pixels))
    if pixels.dtype.kind != "f":
        noisy = noisy.clip(0, np.iinfo(pixels.dtype).max)
    return noisy.astype(pixels.dtype)


def _palette(pixels: NDArray) -> NDArray:
    levels = np.nan_to_num(pixels.astype(np.float32))
    grey = (255 * (levels - levels.min()) / max(float(np.ptp(levels)), 1e-6)).astype(np.uint8)
    return cv2.cvtColor(cv2.applyColorMap(grey, cv2.COLORMAP_INFERNO), cv2.COLOR_BGR2RGB)


KINDS: dict[str, Kind] = {
    "silent": Kind("nothing", lambda image, last: None),
    "slow": Kind(
        f"{SLOW:g} images a second at most, as long exposures make it",
        lambda image, last: None if 0 < image.time - last.time < 1 / SLOW else image,
    ),
    "frozen": Kind(
        "the same image again and again, under new stamps",
        lambda image, last: replace(last, time=image.time, stamp=image.stamp),
    ),
    "black": Kind("all black: a lens cap, no exposure", _pixels(np.zeros_like)),
    "white": Kind("all white: blinded", _pixels(_white)),
    "flat": Kind("one grey, as behind a closed shutter", _pixels(lambda p: np.full_like(p, np.nanmean(p)))),
    "dim": Kind("an eighth of the light", _pixels(lambda p: (p / 8).astype(p.dtype))),
    "noise": Kind("noise as strong as the image", _pixels(_noisy)),
    "nan": Kind(
        "not a number anywhere, as 32FC1 (thermal)",
        _pixels(lambda p: np.full(p.shape, np.nan, np.float32)),
        ("thermal",),
    ),
    "coloured": Kind("a palette in place of grey, as rgb8 (thermal)", _pixels(_palette), ("thermal",)),
    "truncated": Kind("half of the bytes", _truncate),
    "half_size": Kind("every other pixel of every other row", _halve),
    "unknown_encoding": Kind("the encoding yuv9", lambda image, last: replace(image, encoding="yuv9")),
    "late_stamps": Kind("stamps half a second behind: no partner", _stamp(lambda stamp: stamp - 0.5)),
    "stamps_back": Kind("stamps half a minute behind: a clock that was set back", _stamp(lambda stamp: stamp - 30.0)),
    "future_stamps": Kind("stamps an hour ahead", _stamp(lambda stamp: stamp + 3600.0)),
    "zero_stamps": Kind("stamps of zero: a driver that does not stamp", _stamp(lambda stamp: -math.inf)),
}
