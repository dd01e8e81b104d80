"""The prompts that were in force, so that "undo" finds the one before."""

from dataclasses import replace

from ros2_textfuse.prompts.prompt import Prompt

KEPT = 20


def remembered(history: tuple[Prompt, ...], prompt: Prompt) -> tuple[Prompt, ...]:
    """The history, oldest first and at most KEPT, after a prompt that `resolve` made of it has come into force.

    An earlier one of it undoes what came after. One that does what the last one does ("thanks", or what was not
    understood) takes its place: there is nothing to undo about it.
    """
    earlier = [index for index, other in enumerate(history) if other is prompt]
    same = len(history) - 1 if history and _effect(prompt) == _effect(history[-1]) else None
    return (*history[: earlier[-1] if earlier else same], prompt)[-KEPT:]


def _effect(prompt: Prompt) -> Prompt:
    """What it does, without the words."""
    return replace(prompt, text="", unknown=(), advice=())
