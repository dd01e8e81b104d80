"""Sentences as people type them, with what is to be made of each: tests/prompts/sentences/*.yaml.

A line is `sentence => item, item`. An item is a mode; `thermal` or `visible`, where the balance goes; `brighter`,
`darker`, `contrast+`, `contrast-`, `colour+`, `colour-`; `@person`, an object; `auto`; `undo`, `reset`, `more`, `less`;
`?`, some clause is answered as not understood. `[item]` may be found as well, `!item` must not: it is the opposite of
what was said. `haze=0.7` is found at that severity, `thermal=0.4` at that balance. What is found unlisted is wrong.
`or ?` lets a clear answer do, and nothing found.
"""

from dataclasses import astuple, dataclass
from pathlib import Path

import yaml

from ros2_textfuse.prompts import Understanding

FOLDER = Path(__file__).parents[1] / "prompts" / "sentences"
_OPPOSITES = (
    ("thermal", "visible"), ("brighter", "darker"), ("contrast+", "contrast-"), ("colour+", "colour-"),
    ("brighter", "over_exposure"), ("darker", "low_light"), ("low_light", "over_exposure"), ("more", "less"),
)  # fmt: skip


@dataclass(frozen=True)
class Sentence:
    """A sentence and what is to be made of it; sets of items as described above."""

    text: str
    wanted: frozenset[str]
    allowed: frozenset[str]
    forbidden: frozenset[str]
    answered: bool  # whether something must be reported as not understood
    answer_does: bool  # whether a report and nothing else is right as well
    amounts: dict[str, float]  # of what is wanted, how much


def sentences(half: str) -> list[Sentence]:
    """Those of `tuning` or `held_out`."""
    content = yaml.safe_load((FOLDER / f"{half}.yaml").read_text(encoding="utf-8"))
    return [_sentence(line) for lines in content.values() for line in lines]


def _sentence(line: str) -> Sentence:
    text, _, meant = line.rpartition("=>")
    meant = meant.strip()
    answer_does = meant.endswith(" or ?")
    items = [item.strip() for item in meant.removesuffix(" or ?").split(",") if item.strip()]
    amounts = {item: float(amount) for item, _, amount in (item.partition("=") for item in items) if amount}
    items = [item.partition("=")[0] for item in items]
    plain = frozenset(item for item in items if item[0] not in "[!?")
    allowed = frozenset(item.strip("[]") for item in items if item[0] == "[")
    forbidden = frozenset(item[1:] for item in items if item[0] == "!")
    opposite = {
        other for pair in _OPPOSITES for one, other in (pair, pair[::-1]) if one in plain and other not in plain
    }
    return Sentence(text.strip(), plain, allowed, forbidden | (opposite - allowed), "?" in items, answer_does, amounts)


def amounts(said: Understanding) -> dict[str, float]:
    """What was made of a sentence and has a size, by item."""
    values = (said.balance, *astuple(said.tone))
    names = (("visible", "thermal"), ("darker", "brighter"), ("contrast-", "contrast+"), ("colour-", "colour+"))
    sized = {pair[value > 0]: abs(value) for pair, value in zip(names, values, strict=True) if value}
    return {**said.modes, **sized}


def items(said: Understanding) -> set[str]:
    """What was made of a sentence, as items."""
    found = set(amounts(said)) | {f"@{name}" for name in said.objects}
    if said.command:
        found = {said.command.kind}
    return found | ({"auto"} if said.auto else set())


def judge(sentence: Sentence, said: Understanding) -> str:
    """`right`, `wrong`, or `opposite` where it does what was not to be done."""
    found = items(said)
    if found & sentence.forbidden:
        return "opposite"
    reported = bool(said.unknown)
    if sentence.answer_does and reported and not found:
        return "right"
    found_at = amounts(said)
    fits = sentence.wanted <= found <= sentence.wanted | sentence.allowed
    fits &= all(abs(found_at.get(item, 0.0) - amount) < 0.01 for item, amount in sentence.amounts.items())
    return "right" if fits and (reported or not sentence.answered) else "wrong"
