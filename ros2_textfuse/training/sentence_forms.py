"""What makes many sentences of one: other words for its objects, the cameras exchanged, two sentences joined, slips."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ros2_textfuse.degradations.modes import MODES
from ros2_textfuse.prompts.object_names import OBJECT_WORDS
from ros2_textfuse.prompts.slots import OBJECTS, SLOTS

_JOINTS = (". ", ". ", ", ", ", ", " and ", " and ", " but ", "; ", " - ", ", and ", "! ", " also ", ", then ")
_POLITE = ("please ", "hey, ", "ok, ", "hi, ", "can you ", "could you ", "well ", "sir, ", "right, ", "um, ")
_THANKS = (" please", ", thanks", " thank you", " now", ", ok?", " asap", "!", "...", " for me")
_THERMAL, _VISIBLE = re.compile(r"\bthermal\b"), re.compile(r"\bvisible\b")
_OF_ONE_CAMERA = re.compile(r"heat|warm|hot|smoke|dark|night|fog|colou?r")
_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?")
_BALANCE = SLOTS.index("balance")
_COMMANDS = (SLOTS.index("strength"), SLOTS.index("back"))


def _by_classes() -> dict[tuple[str, ...], list[str]]:
    found: dict[tuple[str, ...], list[str]] = {}
    for word, classes in OBJECT_WORDS.items():
        if " " not in word and len(word) > 2:
            found.setdefault(classes, []).append(word)
    return found


_WORDS_OF = _by_classes()


@dataclass(frozen=True)
class Example:
    """A sentence as the reader gets it, and which states of its slots are right.

    Args:
        text: as `sentence_reader.as_read` gives it.
        right: bool [slots, states]; all True where nothing is known of a slot.
        weight: how much it counts.
    """

    text: str
    right: NDArray[np.bool_]
    weight: float = 1.0


def varied(examples: Sequence[Example], rng: random.Random) -> Iterator[Example]:
    """One pass over `examples`, each in a form of its own."""
    for one in examples:
        one = _other_words(_other_camera(one, rng), rng)
        if rng.random() < 0.3:
            one = joined(one, _other_words(rng.choice(examples), rng), rng) or one
        yield Example(_spoken(one.text, rng), one.right, one.weight)


def joined(first: Example, second: Example, rng: random.Random) -> Example | None:
    """Two sentences said together; None where they contradict each other, or one is a command."""
    idle, idle_too = first.right[:, 0], second.right[:, 0]
    right = np.where(
        (idle & ~idle_too)[:, None],
        second.right,
        np.where((~idle & idle_too)[:, None], first.right, first.right & second.right),
    )
    if not right.any(1).all() or not all(right[slot, 0] for slot in _COMMANDS):
        return None
    text = first.text.rstrip(" .!?") + rng.choice(_JOINTS) + second.text
    return Example(text, right, min(first.weight, second.weight))


def _other_camera(one: Example, rng: random.Random) -> Example:
    """The cameras exchanged, where nothing but the balance hangs on them."""
    weighs = not one.right[_BALANCE, 0] and not one.right[: len(MODES), 1].any()
    if not weighs or _OF_ONE_CAMERA.search(one.text) or rng.random() < 0.65:
        return one
    text = _THERMAL.sub("visible", _VISIBLE.sub("\0", one.text)).replace("\0", "thermal")
    if text == one.text:
        return one
    right = one.right.copy()
    right[_BALANCE, 1:] = right[_BALANCE, :0:-1]
    return Example(text, right, one.weight)


def _other_words(one: Example, rng: random.Random) -> Example:
    """Another word for an object, or another object where it is the only one."""
    words = [word for word in _WORD.findall(one.text) if _classes(word)]
    if not words or rng.random() < 0.5:
        return one
    word = rng.choice(words)
    singular, classes = _classes(word)  # type: ignore[misc]
    other, right = rng.choice(_WORDS_OF[classes]), one.right
    if len(words) == 1 and len(classes) == 1 and classes[0] in OBJECTS and rng.random() < 0.4:
        target = rng.choice([name for name in OBJECTS if right[SLOTS.index(name), 0]] or [classes[0]])
        here, there = SLOTS.index(classes[0]), SLOTS.index(target)
        right = right.copy()
        right[[here, there]] = right[[there, here]]
        other = rng.choice(_WORDS_OF[(target,)])
    plural = word[len(singular) :]
    if plural and re.search(r"(?:s|men|people)$", other):
        return one
    return Example(re.sub(rf"\b{word}\b", other + plural, one.text, count=1), right, one.weight)


def _classes(word: str) -> tuple[str, tuple[str, ...]] | None:
    """The word of the lists that `word` is, be it in the plural, and its classes."""
    for singular in (word, word.removesuffix("s")):
        classes = OBJECT_WORDS.get(singular)
        if classes in _WORDS_OF:
            return singular, classes
    return None


def _spoken(text: str, rng: random.Random) -> str:
    """The same words with politeness, without punctuation, or with a slip."""
    if rng.random() < 0.12:
        text = rng.choice(_POLITE) + text
    if rng.random() < 0.12:
        text = text.rstrip(" .") + rng.choice(_THANKS)
    if rng.random() < 0.2:
        text = " ".join(re.sub(r"[.,;:!?]+(?=\s|$)", " ", text).split())
    if rng.random() < 0.1 and len(text) > 8:
        place = rng.randrange(1, len(text) - 2)
        text = text[:place] + text[place + 1] + text[place] + text[place + 2 :]
    return text
