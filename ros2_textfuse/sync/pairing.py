"""Stamps to pairs.

The same calls as message_filters: a `SimpleFilter` for each camera and an `ApproximateTimeSynchronizer` over them,
so that a node has one path where the distribution has no message_filters. `HoldLast`, for cameras of different rates,
is called in the same way; message_filters has nothing like it. Nothing here imports ROS: a message is anything with
`header.stamp.sec` and `.nanosec`.
"""

from collections.abc import Callable, Sequence
from typing import Any

SET_BACK = 1_000_000_000  # ns; stamps that go back by less are late images, by more a clock that was set back


def stamp_ns(message: Any) -> int:
    """The header stamp of a message in nanoseconds."""
    return message.header.stamp.sec * 1_000_000_000 + message.header.stamp.nanosec


class SimpleFilter:
    """A source of messages that others can listen to."""

    def __init__(self) -> None:
        self._callback: Callable[[Any], None] = lambda message: None

    def registerCallback(self, callback: Callable[[Any], None]) -> None:
        """Call `callback(message)` for each message from now on."""
        self._callback = callback

    def signalMessage(self, message: Any) -> None:
        """Hand a message on."""
        self._callback(message)


class ApproximateTimeSynchronizer:
    """Pair each message with the one of the other source whose stamp is nearest, at most `slop` away.

    Pairs come in the order of their stamps, and every message is in at most one. What is older than a pair has
    missed its partner and is forgotten, so that a late message never brings an old image back.

    Args:
        filters: the two sources.
        queue_size: messages of a source kept while they wait.
        slop: seconds.
    """

    def __init__(self, filters: Sequence[SimpleFilter], queue_size: int, slop: float) -> None:
        self.queues: tuple[dict[int, Any], dict[int, Any]] = ({}, {})  # stamp in ns -> message, oldest first
        self._queue_size = queue_size
        self._slop = round(slop * 1e9)
        self._callback: Callable[[Any, Any], None] = lambda first, second: None
        first, second = filters
        first.registerCallback(lambda message: self._add(message, 0))
        second.registerCallback(lambda message: self._add(message, 1))

    def registerCallback(self, callback: Callable[[Any, Any], None]) -> None:
        """Call `callback(first, second)` for each pair from now on."""
        self._callback = callback

    def _add(self, message: Any, source: int) -> None:
        stamp, own, others = stamp_ns(message), self.queues[source], self.queues[1 - source]
        if own and max(own) - stamp > SET_BACK:
            # Time was set back: a looped recording, a restarted simulation.
            own.clear()
            others.clear()
        nearest = min(others, key=lambda other: abs(other - stamp), default=None)
        if nearest is None or abs(nearest - stamp) > self._slop:
            own[stamp] = message
            if len(own) > self._queue_size:
                del own[min(own)]
            return
        partner = others[nearest]
        for queue, limit in ((own, stamp), (others, nearest)):
            for old in [other for other in queue if other <= limit]:
                del queue[old]
        self._callback(*((message, partner) if source == 0 else (partner, message)))


class HoldLast:
    """Pair each message of the first source, at once, with the newest of the second: for a second one that is slower.

    A message of the second source may be in many pairs.

    Args:
        filters: the two sources.
        hold: seconds by which the second message of a pair may be older than the first.
        slop: seconds by which it may be newer.
    """

    def __init__(self, filters: Sequence[SimpleFilter], hold: float, slop: float) -> None:
        self.queues: tuple[dict[int, Any], dict[int, Any]] = ({}, {})  # what has no partner yet, as above
        self._hold, self._slop = round(hold * 1e9), round(slop * 1e9)
        self._newest: Any = None
        self._callback: Callable[[Any, Any], None] = lambda first, second: None
        first, second = filters
        first.registerCallback(self._pair)
        second.registerCallback(self._keep)

    def registerCallback(self, callback: Callable[[Any, Any], None]) -> None:
        """Call `callback(first, second)` for each pair from now on."""
        self._callback = callback

    def _keep(self, message: Any) -> None:
        if self._newest is not None and stamp_ns(message) < stamp_ns(self._newest):
            return  # it was overtaken on its way
        self._newest = message
        self.queues[1].clear()
        self.queues[1][stamp_ns(message)] = message

    def _pair(self, message: Any) -> None:
        if self._newest is not None and -self._slop <= stamp_ns(message) - stamp_ns(self._newest) <= self._hold:
            self.queues[1].clear()
            self._callback(message, self._newest)
