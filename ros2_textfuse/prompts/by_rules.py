"""Free text to what it says, clause by clause.

Text is brought to English, slips are set right, and it is cut into clauses. Each clause is first read by rules, which
know directions and negations (`reading`). What they leave goes through the frozen sentence encoder (`text_encoder`) and
a small head (`head`), which know meanings.

Negation is a rule and not learned here, because a sentence's feature vector hardly knows "rain" from "no rain": a
negated clause is first read without its negation, and what is then found is what is not there. Where nothing is found
("not enough light" holds no complaint without its "not"), the clause is read as it stands.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ros2_textfuse.degradations.modes import MODES
from ros2_textfuse.prompts.advice import GENERAL, advise, asks_the_opposite
from ros2_textfuse.prompts.amounts import read_amount
from ros2_textfuse.prompts.clauses import Clause, clauses
from ros2_textfuse.prompts.commands import Command, is_talk, keeps, read_command
from ros2_textfuse.prompts.head import read
from ros2_textfuse.prompts.languages import UNKNOWN, note_of, to_english
from ros2_textfuse.prompts.object_meaning import sought
from ros2_textfuse.prompts.prompt import DEFAULT_SEVERITY, Tone, Understanding, in_order, quoted
from ros2_textfuse.prompts.reading import Reading, read_clause
from ros2_textfuse.prompts.requests import read_request
from ros2_textfuse.prompts.spelling import corrected

_OF_WHAT = "a number needs what it is of, as in 'haze 50 %' or 'balance 0.3'"
# A clause that the head takes to be about images needs no repair where it says that they are good, or names them only.
_PRAISE = re.compile(
    r"\b(?:fine|ok(?:ay)?|good|great|clear|clean|sharp|crisp|perfect|normal|nice|works?|working|excellent|well|useful|"
    r"in focus|lit|bright enough|natural|healthy|undisturbed|better now|all right|alright|day(?:light|time)?|sunny)\b"
)
_IMAGES = re.compile(r"\b(?:fus\w+|both|combine|blend|overlay|merge)\b")
_OUTSIDE = "a severity goes from 0 to 100 %, or 0 to 1"
_BY_ITSELF = "less of a repair in force, as in 'less denoising', is read where it stands by itself"
_AROUND = re.compile(
    r"(.+?) (?:(?:in|during|through|amid|due to|at(?= (?:night|dusk|dawn))) ((?:the |a |this )?(?:\w+ ){0,3}\w+)|"
    r"(?:after|since|when\w*|until) .+)"
)
_OF_IMAGES = re.compile(
    r"\b(?:in|during|through|amid) .*\b(?:thermal|visible|images?|frames?|pictures?|cameras?|both)\b"
)
# "the noise is fine", "it is noisy but leave it": what is named is to stay.
_WELCOME = re.compile(
    r"\b(?:is|are|'s) (?:just |perfectly |quite |totally )?(?:fine|ok|okay|alright|acceptable|tolerable|intended|"
    r"welcome|on purpose|no problem)(?: (?:with|by|for) (?:me|us))?$"
)
_LET_IT_BE = re.compile(
    r"(?:(?:don't|do not|never|no need to) (?:touch|change|fix|repair|alter|bother|remove|correct)(?: with)? "
    r"(?:it|that|this|them)|(?:leave|keep|let) (?:it|that|this|them)(?: (?:alone|be|in|as is|as it is|like that|so))?|"
    r"(?:it|that|this)(?:'s| is) (?:fine|ok|okay|alright|good|intended|on purpose|no problem)|i (?:like|want) it(?: "
    r"(?:that way|like that|so))?)(?: though| please)?"
)
_BEGINS = re.compile(
    r"(?:(?:ok(?:ay)?|no|please|now|just|let's) )*(?:undo|reset|revert|roll ?back|cancel|scratch that|forget|"
    r"start (?:over|again|anew|from)|(?:go )?back to|go back|take .*back|take back|wipe|drop everything)\b"
)
_ONLY = re.compile(r"^(?:(?:just|only|mainly|mostly) )+(?=(?:\w+ ?){1,3}$)")
_GRAIN = re.compile(r"\b(?:nois|grain|speckl)")
_DISCONTENT = re.compile(r"\b(?:no|nope|worse|wrong|bad|ugly|not good|not better|not it|awful)\b")
_DARK = re.compile(r"\b(?:dark\w*|night|dusk|dim|unlit|black|low.light|dawn|evening)\b")
_HELP = 0.5  # how far a condition moves the balance
_NEVER = {
    "too bright": "low_light",
    "too dark": "over_exposure",
    "less bright": "low_light",
    "less dark": "over_exposure",
    "is white": "color_cast",
    "daylight": "low_light",
}  # the head may take one for the other
_CAMERAS = {"visible": 1.0, "thermal": -1.0}  # where the balance goes when this one suffers


def by_rules(text: str) -> tuple[Understanding, str]:
    """What rules and the small head make of `text`, and what is left for the reader: the text, or nothing.

    The reader was trained on English sentences; other languages, and talk that asks for nothing, it is not given.
    """
    if not text.strip():
        return Understanding(), ""
    english, language = to_english(text)
    if not clauses(english):
        return Understanding(unknown=(text.strip(),), advice=(note_of(language, english) or GENERAL,)), ""
    from ros2_textfuse.prompts.text_encoder import vocabulary

    english, notes = corrected(english, vocabulary())
    if language:
        notes = (*notes, note_of(language, english))
    parts = clauses(english)
    parts = tuple(
        part for part in parts if not is_talk(part.text) or (part is not parts[0] and _LET_IT_BE.fullmatch(part.text))
    )
    if not parts:
        return Understanding(advice=(*notes, "nothing was changed"), adds=True), ""
    command = _command(english, parts)
    if command:
        # Of "too much denoising, do less" the part that names something, since each by itself may be a command.
        named = [part for part in parts if (one := _numbered(part.text)) and one.target]
        modes = _read(named[:1] or parts).modes if command.target else {}
        return Understanding(in_order(modes), advice=notes, command=command), ""
    first = _first(parts)
    said = _read(parts[1:] if first else parts)
    if said.says_nothing and (command := _among_complaints(parts)):
        return Understanding(advice=notes, command=command), ""
    if said.command:
        return Understanding(advice=notes, command=said.command), english
    said = replace(said, command=first)
    if language == UNKNOWN and not (said.modes or said.objects or said.unknown):
        said = replace(said, unknown=(english,))
    if language == UNKNOWN:  # what to write in English is no help to whom English is foreign
        said = replace(said, advice=tuple(advice for advice in said.advice if advice != GENERAL))
    said = replace(said, advice=(*said.advice, *notes), adds=said.adds or keeps(english))
    return said, "" if language else english


def _command(english: str, parts: Sequence[Clause]) -> Command | None:
    """The command that the whole text is, or that each of its clauses is: "too strong, half of it"."""
    command = read_command(_plain(english))
    if command:
        return command
    commands = [_numbered(part.text) for part in parts]
    first = commands[0]
    if all(one and one.kind in ("undo", "reset") for one in commands):  # "forget it, start over"
        return next((one for one in commands if one and one.kind == "reset"), first)
    if not first or any(one is None or one.kind != first.kind for one in commands):
        return None
    targets = {one.target for one in commands if one and one.target}
    if len(targets) > 1:
        return None
    return next((one for one in commands if one and one.target), commands[-1])  # "too much denoising, do less"


def _first(parts: Sequence[Clause]) -> Command | None:
    """The command that goes before the rest: "undo that, and use the thermal camera", "start over, then darker"."""
    return read_command(parts[0].text) if len(parts) > 1 and _BEGINS.match(parts[0].text) else None


def _among_complaints(parts: Sequence[Clause]) -> Command | None:
    """The command of "stronger, I still can't see": the other clauses only say why."""
    commands = [_numbered(part.text) for part in parts]
    others = [part for part, command in zip(parts, commands, strict=True) if command is None]
    found = [command for command in commands if command]
    if len({command.kind for command in found}) != 1:
        return None
    return found[-1] if all(_DISCONTENT.search(part.text) or advise(part.meaning) for part in others) else None


def _numbered(clause: str) -> Command | None:
    """A command, as far as a number says: "20 % more", "less denoising by half", "down to 30 %"."""
    amount = read_amount(clause)
    command = read_command(amount.rest if amount else clause)
    if amount and command and command.kind in ("undo", "reset"):
        return None  # "back to 40 %"
    if not (amount and command and amount.value > 0):
        return command
    if amount.reached and command.kind == "less":
        return replace(command, factor=min(1.0, amount.value))
    if amount.reached:
        return replace(command, level=min(1.0, amount.value))
    factor = 1 + amount.value if command.kind == "more" else max(0.0, 1 - amount.value)
    return replace(command, factor=factor)


def _plain(text: str) -> str:
    return " ".join(re.sub(r"[^\w\s'-]", " ", text.lower()).split())


def _read(parts: Sequence[Clause]) -> Understanding:
    """What the clauses say together."""
    readings = [read_clause(part) for part in parts]
    cannot = any(reading.advice or asks_the_opposite(reading.clause.meaning) for reading in readings)
    meant = _by_meaning(readings)
    for index, reading in enumerate(readings[1:]):
        if _LET_IT_BE.fullmatch(reading.clause.text) and (named := meant[index][0]):
            meant[index] = (named, True, True)
            readings[index].conditions, readings[index].settled, reading.settled = (), True, True
    if len(readings) == 1 and readings[0].command:
        return Understanding(command=readings[0].command)
    present: dict[str, float] = {}
    denied: dict[str, str] = {}  # what -> the clause that denies it
    wanted: dict[str, str] = {}
    unknown: list[str] = []
    advice: list[str] = []
    refused = _in_numbers(readings, meant, denied)
    if len(readings) > 1:  # "too much denoising" beside something else asks for less, and must not give more
        refused |= {
            index: _BY_ITSELF
            for index, reading in enumerate(readings)
            if (command := _numbered(reading.clause.text)) and command.kind == "less" and command.target
        }
    for index, (reading, (severities, absent, about)) in enumerate(zip(readings, meant, strict=True)):
        text = reading.clause.text
        if index in refused:
            unknown.append(text)
            advice.append(refused[index])
            continue
        for mode, value in severities.items():
            if absent:
                denied[mode] = text
            else:
                present[mode] = max(present.get(mode, 0.0), value)
        denied.update(dict.fromkeys(reading.unwanted, text))
        wanted.update(dict.fromkeys(reading.wanted, text))
        advice += [condition.note for condition in reading.conditions if condition.note and not absent]
        if reading.settled or severities or reading.conditions:
            advice += filter(None, [reading.advice])
            continue
        listed = index > 0 and bool(readings[index - 1].wanted) and len(text.split()) < 4
        found = None if reading.wanted else sought(text, listed)
        if found:
            advice.append(found.note)
            if found.classes and not reading.clause.negated:
                wanted.update(dict.fromkeys(found.classes, text))
            if not found.classes:
                unknown.append(text)
            continue
        hint = reading.advice or advise(reading.clause.meaning)
        if reading.amount and reading.amount.alone:
            continue
        fine = about and (bool(_PRAISE.search(text)) != reading.clause.negated or _IMAGES.search(text))
        if hint or not (fine or reading.wanted):
            unknown.append(text)
            advice.append(hint or GENERAL)
    balance, tone, contradictions = _weighed(readings, present)
    helped = {mode for reading in readings for one in reading.conditions for mode in one.modes}
    denied = {name: text for name, text in denied.items() if name not in helped}  # "no fog, but smoke"
    both = [name for name in (*present, *wanted) if name in denied]
    if both:
        contradictions.append((f"{', '.join(both)}: named and denied, so nothing was done about it", ""))
    for name in both:
        unknown.append(denied[name])
        present.pop(name, None)
        wanted.pop(name, None)
    for note, clause in contradictions:
        advice.append(note)
        unknown += [clause] if clause else []
    return Understanding(
        in_order(present),
        tuple(wanted),
        tuple(dict.fromkeys(unknown)),
        tuple(dict.fromkeys(advice)),
        balance,
        tone,
        any(reading.auto for reading in readings),
        tuple(denied),
        None,
        _only_adds(readings, present, wanted),
        any(reading.balance is not None and reading.balance.absolute for reading in readings),
        cannot or bool(refused or contradictions),
    )


def _in_numbers(
    readings: Sequence[Reading], meant: list[tuple[dict[str, float], bool, bool]], denied: dict[str, str]
) -> dict[int, str]:
    """Severities as numbers say, those of 0 moved to `denied`; and why the numbers of which clauses cannot be served.

    A number that stands alone ("fog and rain, severity 0.7") is for every clause that has none of its own.
    """
    alone = next((index for index, reading in enumerate(readings) if reading.amount and reading.amount.alone), None)
    refused: dict[int, str] = {}
    if alone is not None and not any(severities for severities, _, _ in meant) and not readings[alone].settled:
        refused[alone] = _OF_WHAT
    for index, (reading, (severities, absent, about)) in enumerate(zip(readings, meant, strict=True)):
        amount = reading.amount or (readings[alone].amount if alone is not None else None)
        if not (amount and severities) or absent:
            continue
        meant[index] = dict.fromkeys(severities, amount.value) if amount.value > 0 else {}, absent, about
        if amount.value == 0:
            denied.update(dict.fromkeys(severities, reading.clause.text))
            reading.settled = True
        elif not 0 < amount.value <= 1:
            refused[index] = _OUTSIDE
    return refused


def _by_meaning(readings: Sequence[Reading]) -> list[tuple[dict[str, float], bool, bool]]:
    """Of each clause: the degradations it names, whether it says that they are absent, and whether it is about images.

    A negated clause is encoded twice, without and with its negation; one batch for all of the text.
    """
    from ros2_textfuse.prompts.text_encoder import encode

    aside = [[] if reading.affirmed else _halves(reading.rest) for reading in readings]
    sentences = [_ONLY.sub("", reading.rest) for reading in readings]
    sentences += [reading.affirmed for reading in readings if reading.affirmed] + [
        half for halves in aside for half in halves
    ]
    features = encode([sentence or "nothing" for sentence in sentences])
    severities, about = read(features)
    more = iter(range(len(readings), len(sentences)))
    affirmed = iter([next(more) for reading in readings if reading.affirmed])
    found: list[tuple[dict[str, float], bool, bool]] = []
    for index, reading in enumerate(readings):
        row, absent = severities[index], False
        if reading.affirmed:
            without = severities[next(affirmed)]
            absent = bool(without.any() or reading.conditions)
            row = without if absent else row
        halves = [severities[next(more)] for _ in aside[index]]
        if len(halves) == 1:  # "out of focus since the crash": when it began is no degradation
            row = np.where(halves[0] > 0, row, 0) if halves[0].any() else row
        for half in halves:
            row = np.maximum(row, half)
        # A sentence's feature vector hardly knows "less contrast" from "more contrast".
        if not reading.rest or asks_the_opposite(reading.rest):
            row = row * 0
        named = {mode: value for mode, value in zip(MODES, row.tolist(), strict=True) if value > 0}
        for word, mode in _NEVER.items():
            if word in reading.clause.text:
                named.pop(mode, None)
        for condition in reading.conditions:
            if condition.away == "named":  # what it looks like through a dirty lens is not asked for
                named = {mode: value for mode, value in named.items() if mode in condition.modes}
            elif condition.away and "haze" in condition.modes and not _GRAIN.search(reading.clause.text):
                named.pop("visible_noise", None)  # dust is grainy itself
            if "over_exposure" in condition.modes and not _DARK.search(reading.clause.text):
                named.pop("low_light", None)  # the sun is low, and not the light
            named |= {
                mode: max(DEFAULT_SEVERITY, named.get(mode, 0.0)) for mode in condition.modes if mode not in named
            }
        if named and _WELCOME.search(reading.clause.text):
            absent = True
        if absent:
            reading.conditions, reading.settled = (), True
        if not (named or reading.settled or reading.wanted or reading.clause.negated or reading.conditions):
            _request(reading, features[index], len(readings) == 1)
        found.append((named, absent, bool(about[index])))
    return found


def _halves(sentence: str) -> list[str]:
    """What a sentence says, and under which circumstances: "a patrol in light rain" names two things."""
    found = _AROUND.fullmatch(sentence)
    return [] if not found or _OF_IMAGES.search(sentence) else [half for half in found.groups() if half]


def _request(reading: Reading, features: NDArray[np.float32], alone: bool) -> None:
    """What a clause asks for by its meaning, where the rules made nothing of it."""
    request = read_request(features, reading.clause.text)
    if request is None or (request.command and not alone):
        return
    reading.tone, reading.auto, reading.command = dict(request.tone), request.auto, request.command
    reading.advice, reading.settled = request.advice, not request.advice


def _weighed(readings: Sequence[Reading], present: Mapping[str, float]) -> tuple[float, Tone, list[tuple[str, str]]]:
    """Balance and tone of all clauses; where two contradict each other neither counts, and a note says so."""
    wishes: dict[str, list[tuple[float, str]]] = {"balance": [], "brightness": [], "contrast": [], "colour": []}
    said_how_much = any(reading.balance and reading.balance.absolute for reading in readings)
    for reading in readings:
        if reading.balance and (reading.balance.absolute or not said_how_much):
            wishes["balance"].append((reading.balance.value, reading.clause.text))
        for axis, value in reading.tone.items():
            wishes[axis].append((value, reading.clause.text))
    if not wishes["balance"]:  # what a person says of the cameras goes before what helps in smoke
        wishes["balance"] = [(value, reading.clause.text) for reading in readings for value in _helps(reading)][:1]
    contradictions = []
    sums: dict[str, float] = {}
    for axis, said in wishes.items():
        values = [value for value, _ in said]
        if values and min(values) < 0 < max(values):
            clauses_ = " and ".join(quoted(clause) for _, clause in said)
            contradictions += [(f"{clauses_} contradict each other, so neither was done", clause) for _, clause in said]
            values = []
        sums[axis] = max(values, key=abs, default=0.0)
    if present.get("low_light") and sums["brightness"] > 0 and not any(one.amount for one in readings):
        sums["brightness"] = 0.0  # what repairs the dark brightens it, and knows its noise: not twice
    balance = sums.pop("balance")
    return balance, Tone(**sums), contradictions


def _helps(reading: Reading) -> list[float]:
    """Where the conditions of a clause move the balance."""
    found = []
    for condition in reading.conditions:
        if condition.away:
            thermal = condition.away == "named" and "thermal" in reading.clause.meaning
            found.append(_HELP * _CAMERAS["thermal" if thermal else "visible"])
    return found


def _only_adds(readings: Sequence[Reading], present: dict[str, float], wanted: dict[str, str]) -> bool:
    """Whether a text only weighs the cameras, changes the tone, or denies: it keeps the rest of what is in force."""
    settled = any(reading.settled for reading in readings) and not any(reading.auto for reading in readings)
    return settled and not (present or wanted)
