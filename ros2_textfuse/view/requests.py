"""What a browser may send: checked before anything is done with it."""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ros2_textfuse.errors import TextfuseError
from ros2_textfuse.imaging.outside_text import shown
from ros2_textfuse.prompts.prompt import MAX_LENGTH
from ros2_textfuse.view.frames import STREAMS

LARGEST = 16 * 1024  # bytes of a message
MOST_NAMES = 80  # modes or objects in a request; COCO has as many classes
LONGEST_NAME = 64


class RequestError(TextfuseError, ValueError):
    """A message makes no sense; the text says what was expected."""


@dataclass(frozen=True)
class Painted:
    """The browser has shown what it was sent up to a number, and is ready for more."""

    number: int


@dataclass(frozen=True)
class Show:
    """Which streams the page shows; none while its tab is hidden."""

    streams: tuple[str, ...]


@dataclass(frozen=True)
class Clock:
    """The browser asks for the server's time, to measure the latency; `sent` is the browser's own, in ms."""

    sent: float


@dataclass(frozen=True)
class Ask:
    """A new prompt, with the fields of SetPrompt; `number` comes back with the answer."""

    number: int
    prompt: str
    modes: tuple[str, ...]
    severity: float
    objects: tuple[str, ...]
    balance: float


@dataclass(frozen=True)
class Seek:
    """Go to a time of the recording, in seconds from its start."""

    time: float


@dataclass(frozen=True)
class Play:
    """Go on playing the recording, or stand still."""

    on: bool


@dataclass(frozen=True)
class Keep:
    """Keep the last seconds, so that `Record` can write them, or forget them."""

    on: bool


@dataclass(frozen=True)
class Record:
    """Write the last and the next seconds."""


Request = Painted | Show | Clock | Ask | Seek | Play | Keep | Record


def parse(text: str | bytes) -> Request:
    """A message of the browser: a JSON object whose `type` names a request, with its fields.

    Raises:
        RequestError: it is none.
    """
    if not isinstance(text, str):
        raise RequestError("a message is binary: expected JSON as text")
    if len(text) > LARGEST:
        raise RequestError(f"a message has {len(text)} characters: at most {LARGEST} are read")
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RequestError(f"a message is no JSON: {shown(text)}") from error
    if not isinstance(fields, dict):
        raise RequestError(f"a message is no JSON object: {shown(text)}")
    kind = fields.get("type")
    read = _READERS.get(kind) if isinstance(kind, str) else None
    if read is None:
        raise RequestError(f"type is {shown(kind)}: expected one of {', '.join(_READERS)}")
    return read(fields)


def _ask(fields: dict[str, Any]) -> Ask:
    prompt = fields.get("prompt", "")
    if not isinstance(prompt, str) or len(prompt) > MAX_LENGTH:
        raise RequestError(f"prompt: expected text of at most {MAX_LENGTH} characters")
    return Ask(
        _whole(fields, "number"),
        prompt,
        _names(fields, "modes"),
        _number(fields, "severity", 0, 1),
        _names(fields, "objects"),
        _number(fields, "balance", -1, 1),
    )


def _show(fields: dict[str, Any]) -> Show:
    streams = _names(fields, "streams")
    if not set(streams) <= set(STREAMS):
        raise RequestError(f"streams: expected some of {', '.join(STREAMS)}")
    return Show(streams)


_READERS: dict[str, Callable[[dict[str, Any]], Request]] = {
    "painted": lambda fields: Painted(_whole(fields, "number")),
    "show": _show,
    "clock": lambda fields: Clock(_number(fields, "sent", -1e15, 1e15)),
    "ask": _ask,
    "seek": lambda fields: Seek(_number(fields, "time", 0, 1e9)),
    "play": lambda fields: Play(_truth(fields, "on")),
    "keep": lambda fields: Keep(_truth(fields, "on")),
    "record": lambda fields: Record(),
}


def _number(fields: dict[str, Any], name: str, low: float, high: float) -> float:
    value = fields.get(name, 0)
    # A whole number may be too large for a float, so its range is asked first.
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise RequestError(f"{name} is {shown(value)}: expected a number from {low:g} to {high:g}")
    return float(value)


def _whole(fields: dict[str, Any], name: str) -> int:
    value = _number(fields, name, 0, 2**53)
    if not math.isfinite(value) or value != int(value):
        raise RequestError(f"{name} is {value}: expected a whole number")
    return int(value)


def _truth(fields: dict[str, Any], name: str) -> bool:
    value = fields.get(name)
    if not isinstance(value, bool):
        raise RequestError(f"{name} is {shown(value)}: expected true or false")
    return value


def _names(fields: dict[str, Any], name: str) -> tuple[str, ...]:
    values = fields.get(name, [])
    if (
        not isinstance(values, list)
        or len(values) > MOST_NAMES
        or not all(isinstance(value, str) and len(value) <= LONGEST_NAME for value in values)
    ):
        raise RequestError(f"{name}: expected a list of at most {MOST_NAMES} names")
    return tuple(values)
