"""What faults make of images: functions from a message and its number to the messages that are sent instead."""

from array import array
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rclpy.time import Time
from sensor_msgs.msg import Image

from ros2_textfuse.imaging import encodings
from ros2_textfuse.sync.pairing import stamp_ns
from tests.helpers.rig import Spoil


def as_it_is(message: Image, number: int) -> Iterable[Image]:
    """Spoilt elsewhere, by the driver."""
    return (message,)


def silent(message: Image, number: int) -> Iterable[Image]:
    """A camera that sends nothing."""
    return ()


def twice(message: Image, number: int) -> Iterable[Image]:
    """A driver that sends each image twice."""
    return message, message


def changed(**fields: Any) -> Spoil:
    """Fields of the message overwritten."""

    def spoil(message: Image, number: int) -> Iterable[Image]:
        for field, value in fields.items():
            setattr(message, field, value)
        return (message,)

    return spoil


def shown(pixels: Callable[[int], NDArray], encoding: str) -> Spoil:
    """Other pixels, made from the image's number."""

    def spoil(message: Image, number: int) -> Iterable[Image]:
        encodings.fill_message(message, pixels(number), encoding)
        return (message,)

    return spoil


def alternating(*spoils: Spoil) -> Spoil:
    """One spoil after the other, image by image."""
    return lambda message, number: spoils[number % len(spoils)](message, number)


def one_in(period: int, spoil: Spoil) -> Spoil:
    """Every so many images one that is spoilt."""
    return lambda message, number: spoil(message, number) if number % period == 0 else (message,)


def every(period: int) -> Spoil:
    """A camera of a lower rate."""
    return lambda message, number: () if number % period else (message,)


def truncated(message: Image, number: int) -> Iterable[Image]:
    """A transfer that was cut off."""
    message.data = message.data[: len(message.data) // 2]
    return (message,)


def unstamped(message: Image, number: int) -> Iterable[Image]:
    """A driver that leaves the stamp at zero."""
    message.header.stamp.sec = message.header.stamp.nanosec = 0
    return (message,)


def padded(message: Image, number: int) -> Iterable[Image]:
    """Rows that are longer than their pixels, as many capture cards send them; not a fault."""
    rows = np.frombuffer(message.data, np.uint8).reshape(message.height, message.step)
    message.data = array("B", np.pad(rows, ((0, 0), (0, 64)), constant_values=255).tobytes())
    message.step += 64
    return (message,)


def shifted(seconds: float | Callable[[int], float]) -> Spoil:
    """Stamps that are off."""

    def spoil(message: Image, number: int) -> Iterable[Image]:
        late = seconds(number) if callable(seconds) else seconds
        message.header.stamp = Time(nanoseconds=stamp_ns(message) + round(late * 1e9)).to_msg()
        return (message,)

    return spoil


class Reordered:
    """Each second image comes after the one that follows it."""

    def __init__(self) -> None:
        self._held: list[Image] = []

    def __call__(self, message: Image, number: int) -> Iterable[Image]:
        if number % 2 == 0:
            self._held = [message]
            return ()
        images = message, *self._held
        self._held = []
        return images


class Frozen:
    """The first image again and again, with new stamps."""

    def __init__(self) -> None:
        self._data: array | None = None

    def __call__(self, message: Image, number: int) -> Iterable[Image]:
        self._data = self._data or message.data
        message.data = self._data
        return (message,)
