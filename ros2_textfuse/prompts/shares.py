"""Shares of the two cameras, however they are put: "a fifth heat", "60-40 in favour of thermal", "30 colour, 70 IR".

All of them become one: "20 % thermal", which `balance` reads.
"""

from __future__ import annotations

import re

_NUMBERS = {name: number for number, name in enumerate(
    ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine"), 1)} | {"a": 1, "an": 1}  # fmt: skip
_PARTS = {"half": 2, "third": 3, "quarter": 4, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8,
          "ninth": 9, "tenth": 10}  # fmt: skip
_KIND = r"(?: (?:images?|cameras?|cams?|ones?|pictures?|views?|channels?|streams?|feeds?|sensors?|side|part|share))?"
_DEFECT = r"(?! (?:nois|grain|contrast|strip|line|blur|cast|tint|haze|shimmer|saturation))"  # a share of that is none
_THERMAL = r"(?:thermal|heat|warmth)"
_NAME = rf"(?:{_THERMAL}|visible|colou?r|daylight|optical|normal)"


def _camera(group: str) -> str:
    return rf"(?:of )?(?:the )?(?P<{group}>{_NAME})\b{_KIND}{_DEFECT}"


_OF = r" ?(?:%|percent|per cent)"
_COUNT = rf"(?:{'|'.join(_NUMBERS)}|\d{{1,2}})"
_FRACTION = re.compile(
    rf"\b(?:(?P<count>{'|'.join(_NUMBERS)}) )?(?P<part>{'|'.join(_PARTS)})s?,? (?={_camera('camera')})"
)
_ZERO = re.compile(rf"\bzero(?={_OF}| {_NAME}\b)|(?<= share )zero\b")
_NO_MORE = re.compile(r"\b(?:no more than|not more than|at most|at least|up to|no less than)(?: about)? (?=[\d.]+ ?%)")
_FROM = re.compile(rf"\bfrom \d{{1,3}}(?:{_OF})? (?=to \d)")
_IN_FAVOUR = re.compile(
    rf"\b(?P<first>\d{{1,3}})(?: ?[-/:] ?| to )(?P<second>\d{{1,3}}),? (?:(?:in favou?r of|for|to|towards?|on|with) )?"
    rf"{_camera('camera')}(?:(?: first| ahead| leading)\b)?"
)
_JOINT = r"(?:,|;| and| to|/| plus| \+|:|, and| against)? ?"
_BOTH = (
    re.compile(rf"\b(?P<first>\d{{1,3}})(?:{_OF})? {_camera('camera')}{_JOINT}(?P<second>\d{{1,3}})(?:{_OF})? "
               rf"{_camera('other')}"),
    re.compile(rf"{_camera('camera')}:? (?:at )?(?P<first>\d{{1,3}})(?:{_OF})?{_JOINT}{_camera('other')}:? (?:at )?"
               rf"(?P<second>\d{{1,3}})(?:{_OF})?(?!\d)"),
    re.compile(rf"\b(?P<first>{_COUNT}) parts? {_camera('camera')}{_JOINT}(?P<second>{_COUNT})(?: parts?)? "
               rf"{_camera('other')}"),
)  # fmt: skip
_REST = re.compile(rf"(?<=% thermal|% visible),?(?: and)? (?:the )?(?:rest|remainder)(?: is| to)? {_camera('camera')}")
_HEAT = re.compile(rf"(?<=%) (?:of )?(?:the )?{_THERMAL}\b{_KIND}{_DEFECT}")
_COLOUR = re.compile(rf"(?<=%) (?:of )?(?:the )?(?:colou?r|daylight|optical|normal)\b{_KIND}{_DEFECT}")


def in_percent(text: str) -> str:
    """`text` with shares of the cameras as "N % thermal" or "N % visible".

    Args:
        text: lower case, the cameras called thermal and visible where they are named as cameras.
    """
    text = _FROM.sub("", _ZERO.sub("0 %" if not re.search(rf"\bzero{_OF}", text) else "0", text))
    for pattern in _BOTH:
        text = pattern.sub(_first_of_both, text)
    text = _IN_FAVOUR.sub(_favoured, text)
    text = _FRACTION.sub(lambda found: f"{_percent(found['count'], found['part'])} % ", text)
    text = _NO_MORE.sub("", text)
    text = _HEAT.sub(" thermal", text)
    text = _COLOUR.sub(" visible", text) if re.search(r"\b(?:thermal|visible|rest)\b", text) else text
    return _REST.sub("", text)


def _percent(count: str | None, part: str) -> int:
    return round(100 * _NUMBERS.get(count or "a", 1) / _PARTS[part])


def _number(word: str) -> int:
    return _NUMBERS.get(word) or int(word)


def _is_thermal(name: str) -> bool:
    return bool(re.fullmatch(_THERMAL, name))


def _first_of_both(found: re.Match[str]) -> str:
    """Of two numbers for two cameras the first; as they are where they are no shares of one whole."""
    first, second = _number(found["first"]), _number(found["second"])
    whole = first + second == 100 or (" part" in found[0] and first + second > 0)
    if _is_thermal(found["camera"]) == _is_thermal(found["other"]) or not whole:
        return found[0]
    return f"{round(100 * first / (first + second))} % {'thermal' if _is_thermal(found['camera']) else 'visible'}"


def _favoured(found: re.Match[str]) -> str:
    first, second = int(found["first"]), int(found["second"])
    if first + second != 100:
        return found[0]
    return f"{max(first, second)} % {'thermal' if _is_thermal(found['camera']) else 'visible'}"
