"""message_filters' pairing, where the distribution has it, behind the calls of `sync.pairing`."""

from dataclasses import dataclass
from typing import Any

from rclpy.time import Time
from std_msgs.msg import Header

from ros2_textfuse.sync.pairing import CAMERAS, Pair, Pairing, Stamped
from ros2_textfuse.sync.policy import PairingSettings

try:
    import message_filters
except ImportError:  # not on PyPI; a distribution has it
    message_filters = None


@dataclass
class _Message:
    """What message_filters reads of a message."""

    header: Header
    image: Stamped[Any]


class MessageFilters:
    """`message_filters.ApproximateTimeSynchronizer` over two cameras.

    Args:
        queue_size: images of a camera kept while they wait.
        slop: seconds.
    """

    def __init__(self, queue_size: int, slop: float) -> None:
        self._filters = {camera: message_filters.SimpleFilter() for camera in CAMERAS}
        filters = list(self._filters.values())
        self._synchronizer = message_filters.ApproximateTimeSynchronizer(filters, queue_size, slop)
        self._synchronizer.registerCallback(self._found)
        self._pair: Pair[Any] | None = None

    def add(self, camera: str, image: Stamped[Any]) -> Pair[Any] | None:
        """See `sync.pairing.Pairing`."""
        self._pair = None
        header = Header(stamp=Time(nanoseconds=max(0, image.stamp)).to_msg())
        self._filters[camera].signalMessage(_Message(header, image))
        return self._pair

    def waiting(self, camera: str, after: int) -> int:
        """See `sync.pairing.Pairing`."""
        queue = self._synchronizer.queues[CAMERAS.index(camera)]
        return sum(message.image.stamp > after for message in queue.values())

    def _found(self, visible: _Message, thermal: _Message) -> None:
        self._pair = visible.image, thermal.image


def make_pairing(settings: PairingSettings) -> Pairing:
    """What pairs under these settings on this machine; message_filters has nothing that holds an image."""
    if message_filters is None or settings.hold:
        return settings.pairing()
    return MessageFilters(settings.queue_size, settings.slop)
