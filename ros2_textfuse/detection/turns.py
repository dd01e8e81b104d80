"""Streams looked at in turn, one in each frame: what was seen in the others is carried to the frame of now."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ros2_textfuse.detection.types import Detection
from ros2_textfuse.saliency.carrying import Carried

OLDEST = 0.5  # s for which what was seen is carried on


@dataclass(frozen=True)
class _Look:
    time: float
    """Seconds, of the frame."""
    found: Sequence[Detection]


class Turns:
    """Whose turn it is, and what the last looks at the other streams say of a frame."""

    def __init__(self) -> None:
        self._looks: dict[str, _Look] = {}

    def next(self, streams: Iterable[str]) -> str:
        """The stream that was looked at longest ago."""
        return min(streams, key=lambda stream: self._looks[stream].time if stream in self._looks else float("-inf"))

    def see(
        self, stream: str, found: Sequence[Detection], time: float, streams: Iterable[str], tracks: Carried
    ) -> dict[str, Sequence[Detection]]:
        """Note a look, and say what all streams show at its time, for `join`.

        Args:
            stream: that was looked at.
            found: in it.
            time: seconds, of the frame; where it goes back, all looks from before are forgotten.
            streams: that show what is there now; no others are carried.
            tracks: where objects are at any time, by which the boxes of the other streams are moved.

        Returns:
            Stream -> detections; a stream whose last look is older than OLDEST has no entry.
        """
        self._looks = {name: look for name, look in self._looks.items() if 0 <= time - look.time <= OLDEST}
        self._looks[stream] = _Look(time, found)
        return {
            name: [replace(one, box=tracks.moved(one.box, look.time, time)) for one in look.found]
            for name, look in self._looks.items()
            if name in set(streams) | {stream}
        }
