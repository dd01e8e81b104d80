"""Sentences as people type them, and what is to be made of each: `ros2_textfuse.prompts.slots` says how a line is read.

`tuning` are those the rules were tuned on; no training sees the others. `unseen` was judged once, at the end.
"""

from dataclasses import astuple
from pathlib import Path

import yaml

from ros2_textfuse.prompts import Understanding
from ros2_textfuse.prompts.phrasings import words
from ros2_textfuse.prompts.slots import Labelled, labelled

FOLDER = Path(__file__).parents[1] / "prompts" / "sentences"


def sentences(part: str) -> list[Labelled]:
    """Those of one of these parts."""
    file = FOLDER / f"{part}.yaml"
    content = yaml.safe_load(file.read_text(encoding="utf-8")) if file.exists() else words(part)
    return [labelled(line) for lines in content.values() for line in lines]


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
        found = found | {said.command.kind} if said.asks else {said.command.kind}
    return found | ({"auto"} if said.auto else set())


def judge(sentence: Labelled, said: Understanding) -> str:
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
