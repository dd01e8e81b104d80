"""What was made of each part of a text, for people who wonder."""

from __future__ import annotations

from dataclasses import astuple

from ros2_textfuse.prompts.by_rules import by_rules
from ros2_textfuse.prompts.clauses import clauses
from ros2_textfuse.prompts.languages import to_english
from ros2_textfuse.prompts.object_names import COCO
from ros2_textfuse.prompts.prompt import Prompt, Understanding
from ros2_textfuse.prompts.understanding import understand


def explain(text: str) -> list[tuple[str, str]]:
    """Each clause of `text`, and what it does.

    Raises:
        PromptError, EncoderError: as of `understand`.
    """
    whole = understand(text)
    if whole.command and not whole.asks:
        return [(text, _told(whole))]
    return [(clause.text, _told(by_rules(clause.meaning)[0])) for clause in clauses(to_english(text)[0])]


def _told(said: Understanding) -> str:
    parts = []
    if said.command:
        parts.append(f"{said.command.kind}: changes what is in force")
    prompt = Prompt("", said.modes, said.objects, balance=said.balance, tone=said.tone, auto=said.auto)
    if said.modes or said.objects or said.balance or said.auto or any(astuple(said.tone)):
        parts.append(prompt.summary())
    elif said.sets_balance:
        parts.append("balance 0")
    if said.denied:
        denied = "all objects" if set(COCO) <= set(said.denied) else ", ".join(said.denied)
        parts.append(f"not there, or not wanted: {denied}")
    if said.unknown:
        parts.append("not understood")
    return "; ".join([*(parts or ["nothing to do"]), *said.advice])
