"""How much: "a bit", "much", "half as much", in free text."""

from __future__ import annotations

import re

_LITTLE = re.compile(
    r"\b(?:a (?:little|tiny|wee)? ?(?:bit|touch|notch|tad|hair|smidgen|smidge|hint|shade|fraction)|"
    r"slightly|a little|little|somewhat|marginally|tad)\b"
)
_MUCH = re.compile(
    r"\b(?:much|a lot|lots|far|way|very|strongly|heavily|really|considerably|significantly|plenty|loads)\b"
)
_TWICE = re.compile(r"\b(?:twice|double|two times)\b")
_HALF = re.compile(r"\b(?:half|halve)\b")


def step(text: str) -> float:
    """How far a wish goes on a scale of -1..1: 0.25 for "a bit", 0.75 for "much", else 0.5."""
    return 0.25 if _LITTLE.search(text) else 0.75 if _MUCH.search(text) else 0.5


def ratio(text: str) -> float:
    """How many times as much "more" is: 1.25 for "a bit more", 2 for "much more", else 1.5; its inverse is less."""
    if _TWICE.search(text) or _HALF.search(text):
        return 2.0
    return 1.25 if _LITTLE.search(text) else 2.0 if _MUCH.search(text) else 1.5
