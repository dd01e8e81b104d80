"""Stamps to pairs, each image with the one of the other camera that belongs to it.

Images are whatever the caller has; only stamps are looked at, in nanoseconds.
"""

from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from ros2_textfuse.imaging.cameras import CAMERAS, other_camera

SET_BACK = 1_000_000_000  # ns; stamps that go back by less are late images, by more a clock that was set back

Image = TypeVar("Image")


def stamp_ns(message: Any) -> int:
    """The header stamp of a ROS message in nanoseconds."""
    return int(message.header.stamp.sec * 1_000_000_000 + message.header.stamp.nanosec)


@dataclass(frozen=True)
class Stamped(Generic[Image]):
    """An image under its stamp, in nanoseconds on the visible camera's clock."""

    stamp: int
    image: Image


Pair = tuple[Stamped[Image], Stamped[Image]]
"""The visible and the thermal image."""


class Pairing(Protocol[Image]):
    """A way to find partners."""

    def add(self, camera: str, image: Stamped[Image]) -> Pair[Image] | None:
        """Take an image of a camera, `visible` or `thermal`; returns the pair that it completes, if any."""

    def waiting(self, camera: str, after: int) -> int:
        """How many images of a camera, with stamps above `after`, may still find a partner."""


class NearestStamp(Generic[Image]):
    """Pair each image with the one of the other camera whose stamp is nearest, at most `slop` away.

    Pairs come in the order of their stamps, and every image is in at most one. What is older than a pair has
    missed its partner and is forgotten, so that a late image never brings an old one back.

    Args:
        queue_size: images of a camera kept while they wait.
        slop: seconds.
    """

    def __init__(self, queue_size: int, slop: float) -> None:
        self._queues: dict[str, dict[int, Stamped[Image]]] = {camera: {} for camera in CAMERAS}  # by stamp
        self._queue_size, self._slop = queue_size, round(slop * 1e9)

    def add(self, camera: str, image: Stamped[Image]) -> Pair[Image] | None:
        """See Pairing."""
        stamp, own, others = image.stamp, self._queues[camera], self._queues[other_camera(camera)]
        if own and max(own) - stamp > SET_BACK:
            # Time was set back: a looped recording, a restarted simulation.
            own.clear()
            others.clear()
        nearest = min(others, key=lambda other: abs(other - stamp), default=None)
        if nearest is None or abs(nearest - stamp) > self._slop:
            own[stamp] = image
            if len(own) > self._queue_size:
                del own[min(own)]
            return None
        partner = others[nearest]
        for queue, limit in ((own, stamp), (others, nearest)):
            for old in [other for other in queue if other <= limit]:
                del queue[old]
        return (image, partner) if camera == "visible" else (partner, image)

    def waiting(self, camera: str, after: int) -> int:
        """See Pairing."""
        return sum(stamp > after for stamp in self._queues[camera])


class HoldLast(Generic[Image]):
    """Pair each visible image, at once, with the newest thermal one: for a thermal camera that is slower.

    A thermal image may be in many pairs.

    Args:
        hold: seconds by which the thermal image of a pair may be older than the visible one.
        slop: seconds by which it may be newer.
    """

    def __init__(self, hold: float, slop: float) -> None:
        self._hold, self._slop = round(hold * 1e9), round(slop * 1e9)
        self._newest: Stamped[Image] | None = None
        self._used = True  # whether the newest thermal image has been in a pair

    def add(self, camera: str, image: Stamped[Image]) -> Pair[Image] | None:
        """See Pairing."""
        newest = self._newest
        if camera == "thermal":
            if newest is None or image.stamp >= newest.stamp:  # else it was overtaken on its way
                self._newest, self._used = image, False
            return None
        if newest is None or not -self._slop <= image.stamp - newest.stamp <= self._hold:
            return None
        self._used = True
        return image, newest

    def waiting(self, camera: str, after: int) -> int:
        """See Pairing."""
        unused = camera == "thermal" and self._newest is not None and not self._used
        return int(unused and self._newest is not None and self._newest.stamp > after)
