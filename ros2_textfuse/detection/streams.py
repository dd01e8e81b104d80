"""The streams that detection can look at: how far each is to be believed, and their images of one frame."""

from collections.abc import Iterable, Mapping
from typing import Generic, TypeVar

from ros2_textfuse.imaging.camera_health import STAMPS
from ros2_textfuse.imaging.cameras import CAMERAS
from ros2_textfuse.sync.pairing import SET_BACK

STREAMS = (*CAMERAS, "fused")
OPEN = 2  # frames that may wait for an image at once: best effort loses some, and topics overtake each other

# What the evidence of the camera that suffers is worth under a degradation of severity 1, fitted at 0.5; the modes that
# are not named here leave boxes as sure as they are.
WORTH = {"over_exposure": 0.8, "rain": 0.7, "visible_noise": 0.4, "ir_noise": 0.6, "ir_stripe": 0.0}

Image = TypeVar("Image")


def trust(degradations: Mapping[str, float]) -> dict[str, float]:
    """What each camera's evidence is worth, 0..1, for `join`; the fused image's is left as it is, since it is repaired.

    Args:
        degradations: mode -> severity, 0..1, as the prompt in force names them.
    """
    worth = dict.fromkeys(CAMERAS, 1.0)
    for mode, severity in degradations.items():
        camera = "thermal" if mode.startswith("ir_") else "visible"
        worth[camera] *= 1 - (1 - WORTH.get(mode, 1.0)) * severity
    return worth


def usable(streams: Iterable[str], state: str, faults: Mapping[str, str]) -> tuple[str, ...]:
    """Those of the streams that show what is before the cameras now.

    A camera that is frozen, black, white or flat is left out, and the fused image with it where the other camera is
    among the streams. So is the fused image while it is one camera's, passed through. Where nothing would be left,
    all streams stay: what they are worth, the fusion node's status says.

    Args:
        streams: of STREAMS.
        state: of FusionStatus.
        faults: camera -> its fault in FusionStatus; empty when there is none.
    """
    bad = {camera for camera, fault in faults.items() if fault and not fault.startswith(STAMPS)}
    if state in ("VISIBLE_ONLY", "THERMAL_ONLY"):
        bad |= set(CAMERAS) - {state.removesuffix("_ONLY").lower()}
    if bad:
        bad.add("fused")
    return tuple(stream for stream in streams if stream not in bad) or tuple(streams)


class FrameCollector(Generic[Image]):
    """Brings together the images of several streams that have one stamp.

    Args:
        expected: streams of which an image belongs to each frame; may be set at any time.
    """

    def __init__(self, expected: Iterable[str]) -> None:
        self.expected = tuple(expected)
        self.incomplete = 0
        """Frames that were given out without an expected image, or not at all because a newer one was whole first."""
        self._open: dict[int, dict[str, Image]] = {}
        self._last = -1  # stamp given out last

    def put(self, stream: str, stamp: int, image: Image) -> dict[str, Image] | None:
        """Add an image.

        Args:
            stream: where it came from.
            stamp: nanoseconds.
            image: kept as it is.

        Returns:
            The frame that it made whole; or, where so many wait that a lost image must be given up, the oldest frame
            with what came of it; by stream. None while there is nothing to give out.
        """
        if self._last - stamp > SET_BACK:
            self._open.clear()
            self._last = -1
        if stream not in self.expected or stamp <= self._last:
            return None
        frame = self._open.setdefault(stamp, {})
        frame[stream] = image
        if all(expected in frame for expected in self.expected):
            return self._give_out(stamp)
        if len(self._open) > OPEN:
            self.incomplete += 1
            return self._give_out(min(self._open))
        return None

    def _give_out(self, stamp: int) -> dict[str, Image]:
        frame = self._open.pop(stamp)
        older = [other for other in self._open if other < stamp]
        self.incomplete += len(older)
        for other in older:
            del self._open[other]
        self._last = stamp
        return {stream: image for stream, image in frame.items() if stream in self.expected}
