"""Rules and reader together: of each slot the state that both make most probable.

The rules know numbers, names and commands, and the reader directions, negation and what is only mentioned. What the
reader changed is told, so that nobody has to guess why a sentence did what it did.
"""

from __future__ import annotations

from dataclasses import astuple, replace

import numpy as np
from numpy.typing import NDArray

from ros2_textfuse.degradations.modes import MODES
from ros2_textfuse.prompts.advice import GENERAL
from ros2_textfuse.prompts.amounts import plain_numbers, read_amount
from ros2_textfuse.prompts.commands import Command, keeps, read_command
from ros2_textfuse.prompts.degrees import ratio, step
from ros2_textfuse.prompts.prompt import AUTO, Tone, Understanding, in_order, quoted
from ros2_textfuse.prompts.slots import OBJECTS, SIGNED, SLOTS

ASKED, DENIED = 1, 2
SHORTEST, LONGEST = 2, 60  # words that the reader is asked about
_INDEX = {slot: number for number, slot in enumerate(SLOTS)}
_AXES = ("brightness", "contrast", "colour")
_COMMANDS = {("strength", 1): "more", ("strength", 2): "less", ("back", 1): "undo", ("back", 2): "reset"}
_FLOOR = 1e-6  # of a probability
_TRUST = 1.0  # what the rules' finding something adds to the logarithm of the reader's probability
_SHORT, _TRUST_SHORT = 5, 3.0  # in fewer words, where the rules read all of them
_SURE = 0.9  # how probable must be what the reader alone finds
_DENIED = 0.95  # how probable a denial may be of what the rules found
_GROUP = 3  # classes that a word like "animals" stands for at the least
_PLAINLY = {
    "balance": ("more thermal", "less thermal"),
    "brightness": ("brighter", "darker"),
    "contrast": ("more contrast", "less contrast"),
    "colour": ("more colour", "less colour"),
    "strength": ("more", "less"),
    "back": ("undo", "reset"),
}
_REPAIRS = ((ASKED, "low_light"), (DENIED, "over_exposure"))
_DIRECTED = np.array([slot in SIGNED for slot in SLOTS])
_OBJECTS = np.array([slot in OBJECTS for slot in SLOTS])
_MODES = np.array([slot in MODES for slot in SLOTS])
_NAMED = ~_DIRECTED
_NAMED[_INDEX["unserved"]] = False


def states_of(said: Understanding) -> NDArray[np.int64]:
    """The state of each slot by what was made of a text: int64 [slots], 0 nothing, 1 and 2 as `slots` says."""
    states = np.zeros(len(SLOTS), np.int64)
    for name in (*said.modes, *said.objects):
        states[_INDEX.get(name, _INDEX["other"])] = ASKED
    for slot, value in (("balance", said.balance), *zip(_AXES, astuple(said.tone), strict=True)):
        states[_INDEX[slot]] = 0 if value == 0 else ASKED if value > 0 else DENIED
    states[_INDEX["auto"]] = said.auto
    states[_INDEX["unserved"]] = bool(said.unknown)
    if said.command:
        slot, sign = next(place for place, kind in _COMMANDS.items() if kind == said.command.kind)
        states[_INDEX[slot]] = sign
    return states


def decided(
    states: NDArray[np.int64], shares: NDArray[np.float32], trust: float = _TRUST
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """The states of both, int64 [slots], and which slots are in doubt, bool [slots]: of those nothing is done.

    Args:
        states: the rules', as `states_of` gives them.
        shares: the reader's, float32 [slots, states], as `read_sentence` gives them.
        trust: what the rules' finding something adds to the logarithm of its share.
    """
    rows = np.arange(len(SLOTS))
    odds, likeliest = np.log(shares + _FLOOR), shares.argmax(1)
    odds[rows, states] += np.where(states > 0, trust, 0)
    after = odds.argmax(1)
    gone = bool((_MODES & (states > 0)).any()) and not (_MODES & (after == ASKED)).any()
    after = np.where(_known(states, gone) & (likeliest == 0), states, after)
    if states[_INDEX["unserved"]]:  # what the rules cannot read is never passed over
        after[_INDEX["unserved"]] = ASKED
    brightness = _INDEX["brightness"]
    for direction, mode in _REPAIRS:  # brighten, or darken, by themselves: not twice
        if after[_INDEX[mode]] == ASKED and after[brightness] == direction and not states[brightness]:
            after[brightness] = 0
    asserted = (_DIRECTED & (after > 0)) | (_NAMED & (after == ASKED))
    contradicted = _DIRECTED & (states > 0) & (likeliest > 0) & (likeliest != states)
    unsure = asserted & (states == 0) & (shares[rows, after] < _SURE)
    doubt = contradicted | unsure | (asserted & _NAMED & (shares[:, DENIED] > _DENIED))
    return np.where(doubt, 0, after), doubt


def _known(states: NDArray[np.int64], gone: bool) -> NDArray[np.bool_]:
    """Slots of which the reader's silence says nothing, bool [slots].

    What smoke or a dirty lens does to the balance, unless they are `gone`, and the classes of a word for many, are for
    the rules to know.
    """
    asked = _OBJECTS & (states == ASKED)
    known = asked if asked.sum() >= _GROUP else np.zeros(len(SLOTS), bool)
    known[_INDEX["balance"]] = states[_INDEX["balance"]] > 0 and not gone
    return known


def reconsidered(said: Understanding, shares: NDArray[np.float32], text: str) -> Understanding:
    """What the rules made of `text`, where the reader agrees, and else what both make most probable.

    Args:
        said: the rules' understanding.
        shares: of each slot's states, float32 [slots, states].
        text: English, lower case; its words say how much.
    """
    if said.command and not said.asks:
        return said
    before = states_of(said)
    whole = len(text.split()) < _SHORT and not said.unknown
    after, doubt = decided(before, shares, _TRUST_SHORT if whole else _TRUST)
    if said.sets_balance or read_amount(plain_numbers(text)):  # what is said in numbers was read by the rules
        after, doubt = np.where(before > 0, before, after), doubt & (before == 0)
    # "Equal shares" are of neither camera; and what a few words deny is not asked for.
    certain = ["balance"] * said.sets_balance + [name for name in said.denied if whole and name in _INDEX]
    for number in map(_INDEX.__getitem__, certain):
        after[number], doubt[number] = before[number], False
    changed = {SLOTS[number]: int(after[number]) for number in np.flatnonzero(after != before)}
    command = next((_COMMANDS[slot, state] for slot, state in changed.items() if (slot, state) in _COMMANDS), "")
    if command and not _asks(after):
        return Understanding(advice=(*_slips(said), _read_as(text, [command])), command=_sized(command, text))
    if "strength" in changed:
        kind = _COMMANDS.get(("strength", changed.pop("strength")), "")
        # "More against the fog" is about the fog, and not about all that is in force.
        beside = kind and "back" not in changed and not (after[_MODES] == ASKED).any()
        said = _with_strength(said, _sized(kind, text)) if beside else replace(said, command=None)
    if "back" in changed:
        kind = _COMMANDS.get(("back", changed["back"]), "")
        said = replace(said, command=Command(kind) if kind else None)
    if changed:
        said = _changed(said, changed, text, int(shares[_INDEX["unserved"]].argmax()) == ASKED)
    asked_back = [_ask(SLOTS[number]) for number in np.flatnonzero(doubt & (_DIRECTED | (before == 0)))]
    if asked_back:
        said = replace(said, unknown=said.unknown or (text,), advice=(*said.advice, *asked_back))
    return said


def _sized(command: str, text: str) -> Command:
    """A command, and of more and less how much."""
    size = ratio(text)
    return Command(command, {"more": size, "less": 1 / size}.get(command, 1.0))


def _with_strength(said: Understanding, command: Command) -> Understanding:
    """`said` with a command beside its other wishes, of which the rules could make nothing there."""
    unknown = tuple(part for part in said.unknown if not read_command(part))
    advice = said.advice if unknown else tuple(one for one in said.advice if one != GENERAL)
    return replace(said, command=command, unknown=unknown, advice=advice)


def _slips(said: Understanding) -> tuple[str, ...]:
    """What was read as what, word by word."""
    return tuple(note for note in said.advice if "read as" in note)


def _read_as(text: str, items: list[str]) -> str:
    return f"{quoted(text)} is read as {', '.join(items)}"


def _ask(slot: str) -> str:
    """What to say for a slot that is in doubt."""
    if slot in SIGNED:
        return "which way? Say '{}' or '{}'".format(*_PLAINLY[slot])
    return f"is {slot} asked for? Say '{slot}' by itself"


def _asks(states: NDArray[np.int64]) -> bool:
    """Whether anything but a command is asked for."""
    signed = [_INDEX[slot] for slot in SIGNED if slot not in ("strength", "back")]
    named = [_INDEX[slot] for slot in (*MODES, *OBJECTS, "other", "auto")]
    return bool((states[signed] > 0).any() or (states[named] == ASKED).any())


def _changed(said: Understanding, changed: dict[str, int], text: str, unserved: bool) -> Understanding:
    """`said` with the slots of `changed` in their new states; `unserved` is whether a part of the text stays unread."""
    size = step(text)
    modes, objects, denied = dict(said.modes), dict.fromkeys(said.objects), dict.fromkeys(said.denied)
    tone = dict(zip(_AXES, astuple(said.tone), strict=True))
    balance, auto = said.balance, said.auto
    found: list[str] = []
    dropped: list[str] = []
    for slot, state in changed.items():
        value = (0.0, size, -size)[state]
        if slot == "balance":
            balance = value
        elif slot in tone:
            tone[slot] = value
        elif slot == "auto":
            auto = state == ASKED
        elif slot == "other":
            dropped += [name for name in objects if name not in OBJECTS]
        elif slot in MODES or slot in OBJECTS:
            dropped += [slot] * (slot in modes or slot in objects)
            if state == ASKED:
                (modes if slot in MODES else objects)[slot] = size
        if slot in SIGNED and state:
            found.append(SIGNED[slot][state - 1])
        elif state == ASKED and slot in (*MODES, *OBJECTS, AUTO):
            found.append(slot)
        if state == DENIED and slot in (*MODES, *OBJECTS, AUTO):
            denied[slot] = None
    for name in dropped:
        modes.pop(name, None)
        objects.pop(name, None)
    denied = {name: None for name in denied if name not in modes and name not in objects}
    unknown, advice = said.unknown, said.advice
    if found:
        if not unserved:
            unknown, advice = (), _slips(said)
        advice = (*advice, _read_as(text, found))
    if dropped:
        advice = (*advice, f"{', '.join(dropped)}: mentioned, and not asked for; if it is, name it alone")
    if changed.get("unserved") == ASKED and not unknown:
        unknown, advice = (text,), (*advice, GENERAL)
    asks = modes or objects or auto
    return replace(
        said, modes=in_order(modes), objects=tuple(objects), unknown=unknown, advice=advice, balance=balance,
        tone=Tone(**tone), auto=auto, denied=tuple(denied), adds=keeps(text) or not asks,
    )  # fmt: skip
