"""What is in force after a prompt: the text's meaning, named modes and objects, and what was in force before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, replace

from ros2_textfuse.degradations.modes import MODES
from ros2_textfuse.prompts import checks
from ros2_textfuse.prompts.prompt import AUTO, DEFAULT_SEVERITY, Prompt, Tone, Understanding, in_order
from ros2_textfuse.prompts.understanding import understand


def resolve(
    text: str = "",
    modes: Iterable[str] = (),
    severity: float | None = None,
    objects: Iterable[str] = (),
    balance: float | None = None,
    history: Sequence[Prompt] = (),
    resting: float = 0.0,
) -> Prompt:
    """What `text` and the named `modes` ask for.

    Text alone takes its severities from its words ("slightly", "heavily"); `severity` replaces them. Named modes take
    `severity`, or DEFAULT_SEVERITY. With both, the union holds, and named modes win. Severity 0 repairs nothing.
    A text replaces what is in force, unless it is a command ("a bit more", "undo"), adds ("also people"), or only
    weighs the cameras, changes the tone or denies.

    Args:
        text: at most MAX_LENGTH characters; newlines and tabs count as spaces, other control characters are refused.
        modes: names of MODES; "auto" leaves them to the images; "none" alone stands for no mode. A name given twice
            counts once.
        severity: 0..1, or None.
        objects: what to bring out, beside what the text names: names of COCO's classes, or words for them.
        balance: -1 (visible) .. 1 (thermal), which camera counts more; None to take it from the text.
        history: prompts that were in force, oldest first; the last one is. "undo" returns the one before it.
        resting: -1..1, the balance while no prompt weighs the cameras, from which "more thermal" starts.

    Raises:
        PromptError: one of the arguments is not as described.
        EncoderError: there is text, and no sentence encoder (`text_encoder.find_encoder`), or the head's weights are
            missing or damaged.
    """
    text = checks.text_of(text)
    names = checks.modes_of(modes)
    amount = checks.severity_of(severity)
    named = checks.objects_of(objects)
    weight = checks.balance_of(balance)
    said = understand(text)
    prompt = _in_words(text, said, amount, history, resting)
    if not (names or named) and weight is None:
        return prompt
    found = dict(prompt.severities)
    found.update(
        dict.fromkeys((name for name in names if name != AUTO), DEFAULT_SEVERITY if amount is None else amount)
    )
    denied = [*prompt.denied, *(name for name in names if amount == 0 and name != AUTO)]
    return replace(
        prompt,
        severities=in_order(found),
        objects=tuple(dict.fromkeys((*prompt.objects, *named))),
        balance=prompt.balance if weight is None else weight,
        auto=prompt.auto or AUTO in names,
        weighed=prompt.weighed or weight is not None,
        denied=tuple(dict.fromkeys(mode for mode in denied if not found.get(mode))),
    )


def _in_words(
    text: str, said: Understanding, severity: float | None, history: Sequence[Prompt], resting: float
) -> Prompt:
    """What the text alone asks for, on what is in force."""
    before = history[-1] if history else Prompt()
    adds, unknown, advice = said.adds, said.unknown, said.advice
    if said.command:
        before, notes, done = _commanded(said, before, history)
        adds, advice = True, (*advice, *notes)
        unknown = unknown if done else (*unknown, text)
        if not said.asks:
            undone = done and said.command.kind == "undo"
            return before if undone else replace(before, text=text, unknown=unknown, advice=advice)
    found = dict(said.modes if severity is None else dict.fromkeys(said.modes, severity))
    nothing = bool(text.strip()) and not (said.asks or said.command)
    if nothing and before != Prompt() and (unknown or not adds):
        adds, advice = True, (*advice, "what was in force stays")
    base = before if adds else Prompt()
    if adds:
        kept = {mode: value for mode, value in base.severities.items() if mode not in said.denied}
        found = {mode: max(found.get(mode, 0.0), kept.get(mode, 0.0)) for mode in (*kept, *found)}
    balance = said.balance
    if not said.sets_balance:
        start = base.balance if base.weighed or not said.balance else resting
        balance = _within(start + said.balance)
    objects = dict.fromkeys(name for name in (*base.objects, *said.objects) if name not in said.denied)
    return Prompt(
        text,
        in_order(found),
        tuple(objects),
        unknown,
        advice,
        balance,
        _sum(base.tone, said.tone),
        said.auto or (base.auto and AUTO not in said.denied),
        base.weighed or said.sets_balance or said.balance != 0,
        tuple(mode for mode in MODES if mode in (*base.denied, *said.denied) and not found.get(mode)),
    )


def _commanded(said: Understanding, before: Prompt, history: Sequence[Prompt]) -> tuple[Prompt, tuple[str, ...], bool]:
    """What is in force after the command of `said` alone, what there is to say of it, and whether it could be done."""
    command = said.command
    assert command is not None
    if command.kind == "reset":
        return Prompt(), ("reset: nothing of the earlier prompts is left",), True
    if command.kind == "undo":
        return (history[-2], (), True) if len(history) > 1 else (before, ("there is nothing to undo",), False)
    affected = _about(said, before)
    if affected == Prompt():
        return before, (f"nothing is in force that could be {command.kind}",), False
    if command.level:
        raised = {mode: max(value, command.level) for mode, value in affected.severities.items() if value}
        return replace(before, severities=in_order({**before.severities, **raised})), (), bool(raised)
    return _scaled(before, affected, command.factor), (), True


def _about(said: Understanding, before: Prompt) -> Prompt:
    """The part of what is in force that "more" and "less" are about: all of it, unless the text names modes."""
    if said.command and said.command.target and said.modes:
        return Prompt(severities=in_order({mode: before.severities.get(mode, 0.0) for mode in said.modes}))
    return Prompt(severities=before.severities, balance=before.balance, tone=before.tone)


def _scaled(before: Prompt, part: Prompt, factor: float) -> Prompt:
    scaled: Mapping[str, float] = {mode: min(1.0, value * factor) for mode, value in part.severities.items()}
    return replace(
        before,
        severities=in_order({**before.severities, **scaled}),
        balance=_within(part.balance * factor) if part.balance else before.balance,
        tone=Tone(*(_within(value * factor) for value in astuple(part.tone))) if part.tone != Tone() else before.tone,
    )


def _sum(first: Tone, second: Tone) -> Tone:
    return Tone(*(_within(a + b) for a, b in zip(astuple(first), astuple(second), strict=True)))


def _within(value: float) -> float:
    return min(1.0, max(-1.0, value))
