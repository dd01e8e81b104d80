"""What a sentence can ask for as signed slots, and lines that say what is right: `sentence => item, item`.

An item is a mode; `thermal` or `visible`, where the balance goes; `brighter`,
`darker`, `contrast+`, `contrast-`, `colour+`, `colour-`; `@person`, an object; `auto`; `undo`, `reset`, `more`, `less`;
`?`, some clause is answered as not understood. `[item]` may be found as well, `!item` must not: it is the opposite of
what was said. `haze=0.7` is found at that severity, `thermal=0.4` at that balance; `thermal=0` is a balance in the
middle, so neither camera's. What is found unlisted is wrong.
`or ?` lets a clear answer do, and nothing found.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ros2_textfuse.degradations.modes import MODES

OBJECTS = ("person", "bicycle", "car", "motorcycle", "bus", "truck", "train", "boat", "airplane", "bird", "cat", "dog",
           "horse", "sheep", "cow")  # fmt: skip
# Each is in one of three states: nothing, asked (+), denied or the other direction (-).
SLOTS = (
    *MODES, "balance", "brightness", "contrast", "colour", *OBJECTS, "other", "auto", "strength", "back", "unserved",
)  # fmt: skip
STATES = 3
SIGNED = {  # slot -> its item of either sign
    "balance": ("thermal", "visible"),
    "brightness": ("brighter", "darker"),
    "contrast": ("contrast+", "contrast-"),
    "colour": ("colour+", "colour-"),
    "strength": ("more", "less"),
    "back": ("undo", "reset"),
}
_STATE_OF = {
    **{item: (SLOTS.index(slot), sign) for slot, pair in SIGNED.items() for sign, item in enumerate(pair, 1)},
    **{mode: (SLOTS.index(mode), 1) for mode in MODES},
    **{f"@{name}": (SLOTS.index(name), 1) for name in OBJECTS},
    "auto": (SLOTS.index("auto"), 1),
    "?": (SLOTS.index("unserved"), 1),
}
_OTHER = (SLOTS.index("other"), 1)
_OPPOSITES = (
    ("thermal", "visible"), ("brighter", "darker"), ("contrast+", "contrast-"), ("colour+", "colour-"),
    ("brighter", "over_exposure"), ("darker", "low_light"), ("low_light", "over_exposure"), ("more", "less"),
)  # fmt: skip


@dataclass(frozen=True)
class Labelled:
    """A sentence and what is to be made of it; sets of items as described above.

    Args:
        text: as typed.
        wanted: what must be found.
        allowed: what may be found as well.
        forbidden: the opposite of what was said, written or implied.
        answered: whether something must be reported as not understood.
        answer_does: whether a report and nothing else is right as well.
        amounts: of what is wanted, how much.
        denied: what is forbidden in so many words.
    """

    text: str
    wanted: frozenset[str]
    allowed: frozenset[str]
    forbidden: frozenset[str]
    answered: bool
    answer_does: bool
    amounts: dict[str, float]
    denied: frozenset[str] = frozenset()


def labelled(line: str) -> Labelled:
    """A line as described above."""
    text, _, meant = line.rpartition("=>")
    meant = meant.strip()
    answer_does = meant.endswith(" or ?") or meant == "or ?"
    items = [item.strip() for item in meant.removesuffix("or ?").split(",") if item.strip()]
    items = [item for item in items if not item.strip("[]").endswith("=0")]
    sized = [item.partition("=") for item in items if item[0] != "["]
    amounts = {item: float(amount) for item, _, amount in sized if amount}
    items = [item.partition("=")[0] for item in items]
    plain = frozenset(item for item in items if item[0] not in "[!?")
    allowed = frozenset(item.strip("[]") for item in items if item[0] == "[")
    forbidden = frozenset(item[1:] for item in items if item[0] == "!")
    opposite = {
        other for pair in _OPPOSITES for one, other in (pair, pair[::-1]) if one in plain and other not in plain
    }
    return Labelled(
        text.strip(), plain, allowed, forbidden | (opposite - allowed), "?" in items, answer_does, amounts, forbidden
    )


def in_slots(meant: Labelled, denials_marked: bool = True) -> NDArray[np.bool_]:
    """Which states of each slot are right: bool [slots, states].

    Args:
        meant: the sentence.
        denials_marked: whether `!item` stands for all that it denies; else what is not asked for may be denied.
    """
    right = np.zeros((len(SLOTS), STATES), bool)

    def place(item: str) -> tuple[int, int]:
        return _STATE_OF.get(item, _OTHER)

    for item in meant.wanted | ({"?"} if meant.answered else set()):
        right[place(item)] = True
    settled: NDArray[np.bool_] = np.logical_or.reduce(right, axis=1)
    right[~settled, 0] = True
    if not denials_marked:
        right[[number for number, slot in enumerate(SLOTS) if slot not in SIGNED and not settled[number]], 2] = True
    for item in meant.allowed | ({"?"} if meant.answer_does else set()):
        right[place(item)] = True
    for item in meant.denied:
        number, _ = place(item)
        if SLOTS[number] not in SIGNED and not settled[number]:
            right[number] = [False, False, True]
    return right
