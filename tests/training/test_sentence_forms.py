"""What makes many sentences of one keeps what they ask for right."""

import random

from ros2_textfuse.prompts.slots import SLOTS, in_slots, labelled
from ros2_textfuse.training.sentence_forms import Example, joined, varied


def _example(line: str) -> Example:
    one = labelled(line)
    return Example(one.text, in_slots(one))


def _states(example: Example) -> dict[str, list[int]]:
    return {slot: row.nonzero()[0].tolist() for slot, row in zip(SLOTS, example.right, strict=True) if not row[0]}


def test_joined_sentences_ask_for_what_both_ask() -> None:
    both = joined(_example("fog => haze"), _example("no cars => !@car"), random.Random(0))
    assert both is not None and _states(both) == {"haze": [1], "car": [2]}


def test_contradictions_and_commands_are_not_joined() -> None:
    rng = random.Random(0)
    assert joined(_example("brighter => brighter"), _example("darker => darker"), rng) is None
    assert joined(_example("fog => haze"), _example("undo => undo"), rng) is None


def test_exchanged_cameras_exchange_the_balance() -> None:
    seen = {}
    for seed in range(60):
        (one,) = varied([_example("lean on the thermal => thermal")], random.Random(seed))
        seen["visible" in one.text] = _states(one)["balance"]
    assert seen == {False: [1], True: [2]}


def test_another_object_takes_its_slot_along() -> None:
    found: set[str] = set()
    for seed in range(80):
        (one,) = varied([_example("find the dog => @dog")], random.Random(seed))
        found.update(_states(one))
    assert "dog" in found and len(found) > 2
