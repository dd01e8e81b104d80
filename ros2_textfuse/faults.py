"""Faults of a camera, to see what a robot makes of them: what a recording shows is spoilt while it plays."""

from array import array
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np

from ros2_textfuse.recordings import Picture

CAMERAS = ("visible", "thermal")


class FaultError(ValueError):
    """A fault cannot be understood; the message says what was expected."""


@dataclass(frozen=True)
class Fault:
    """One camera's pictures of the seconds `start` to `end` are spoilt in one way, a key of KINDS."""

    camera: str
    kind: str
    start: float
    end: float

    @classmethod
    def of(cls, text: str) -> "Fault":
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
        """Whether a camera's picture is spoilt, so many seconds after playing began."""
        return camera == self.camera and self.start <= seconds < self.end


def spoil(picture: Picture, seconds: float, faults: Iterable[Fault]) -> Picture | None:
    """What a picture becomes under all faults of its moment; None when the camera is silent.

    Args:
        picture: as the recording has it; it stays as it is.
        seconds: since playing began.
        faults: all that were asked for.
    """
    spoilt: Picture | None = picture
    for fault in faults:
        if spoilt is not None and fault.at(spoilt.camera, seconds):
            spoilt = KINDS[fault.kind](spoilt)
    return spoilt


def _truncate(picture: Picture) -> Picture:
    data = picture.data or array("B")
    return replace(picture, data=data[: len(data) // 2])


def _halve(picture: Picture) -> Picture:
    """Every other pixel of every other row: a camera whose resolution was changed."""
    pixels = np.frombuffer(picture.data or b"", np.uint8)[: picture.height * picture.step]
    rows = pixels.reshape(picture.height, picture.step)
    size = picture.step // picture.width  # bytes of a pixel
    half = rows[::2, : picture.width * size].reshape(-1, picture.width, size)[:, ::2]
    return replace(
        picture, height=half.shape[0], width=half.shape[1], step=half[0].size, data=array("B", half.tobytes())
    )


KINDS: dict[str, Callable[[Picture], Picture | None]] = {
    "silent": lambda picture: None,
    "truncated": _truncate,
    "half_size": _halve,
    "unknown_encoding": lambda picture: replace(picture, encoding="yuv9"),
    "late_stamps": lambda picture: replace(picture, stamp=picture.stamp - 0.5),
}
