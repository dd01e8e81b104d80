"""Slips of the keyboard in the words that matter: "thremal" is read as "thermal", and the answer says so."""

from __future__ import annotations

import re
from functools import lru_cache

_LIST = (
    "contrasty thermal visible infrared camera image contrast brightness brighter darker colour colours noise noisy "
    "grain grainy stripes stripe lines banding blur blurred blurry sharp sharper fog foggy haze hazy mist smoke "
    "dust rain raining drizzle snow snowing spray glare dazzled blinded headlights overexposed underexposed "
    "exposure bright dark darkness night light people person pedestrian pedestrians vehicle vehicles bicycle "
    "bicycles motorcycle truck animals cyclist cyclists highlight emphasise undo reset automatic saturation heavy "
    "slight slightly strong brighten darken dazzle dazzling darkening brightening lighten desaturate greyscale "
    "overexposure grayscale monochrome dehaze denoise sharpen unsharp overexpose lens dirty windscreen show find more "
    "less rgb the very remove reduce increase"
)
_WORDS = frozenset(_LIST.split())
_SLIPS = {"les": "less", "moar": "more", "mroe": "more", "teh": "the"}  # words of other languages, or too far off
_ENDING = re.compile(r"(?:es|s|ed|d|ing)$")


def _near(word: str, other: str, most: int) -> bool:
    """Whether at most so many letters are wrong, missing, extra or swapped with their neighbour."""
    if abs(len(word) - len(other)) > most:
        return False
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(word, 1):
        last, row, before_last = row, [i], before
        for j, wanted in enumerate(other, 1):
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (letter != wanted))
            if i > 1 and j > 1 and letter == other[j - 2] and word[i - 2] == wanted:
                cost = min(cost, before_last[j - 2] + 1)
            row.append(cost)
        before = last
    return row[-1] <= most


@lru_cache(maxsize=1024)
def _corrected(word: str) -> str:
    from ros2_textfuse.prompts.object_names import OBJECT_WORDS

    if len(word) < 3 or word in OBJECT_WORDS or _is_form_of(word, _WORDS):
        return word
    most = 1 if len(word) < 7 else 2
    close = sorted(other for other in _WORDS if other[0] == word[0] and abs(len(other) - len(word)) <= most)
    one = [other for other in close if _near(word, other, 1)]
    if len(word) < 5:  # a short word is another word more easily than a slip
        one = [other for other in one if sorted(other) == sorted(word) or (len(word) == 4 and len(other) == 5)]
    return (one or [other for other in close if most > 1 and _near(word, other, 2)] or [word])[0]


def _is_form_of(word: str, known: frozenset[str]) -> bool:
    """Whether a word is a known one, or one of its forms: "drizzling" of "drizzle"."""
    stem = _ENDING.sub("", word)
    return word in known or (3 < len(stem) < len(word) and not known.isdisjoint((stem, f"{stem}e")))


def corrected(text: str, known: frozenset[str]) -> tuple[str, tuple[str, ...]]:
    """`text` with slips set right, and what was read as what.

    Args:
        text: as typed.
        known: words that are no slips, whatever they look like: the sentence encoder's vocabulary.
    """
    read: dict[str, str] = {}

    def one(found: re.Match[str]) -> str:
        word = found[0].lower()
        if word in _SLIPS:
            return read.setdefault(word, _SLIPS[word])
        if _is_form_of(word, known):
            return found[0]
        meant = _corrected(word)
        if meant != word:
            read[word] = meant
            return meant
        return found[0]

    text = re.sub(r"(?<![\w'-])[A-Za-z]{3,}(?![\w'-])", one, text)
    return text, tuple(f"'{word}' is read as '{meant}'" for word, meant in read.items())
