"""Rules and reader together: who is heard, what is asked back, and that changes are told."""

import numpy as np
from numpy.typing import NDArray

from ros2_textfuse.prompts import Understanding
from ros2_textfuse.prompts.advice import GENERAL
from ros2_textfuse.prompts.prompt import Tone, in_order
from ros2_textfuse.prompts.second_opinion import reconsidered
from ros2_textfuse.prompts.slots import SLOTS


def _shares(**states: int) -> NDArray[np.float32]:
    """A reader that is sure of these states, and of nothing else being asked."""
    shares = np.full((len(SLOTS), 3), 0.005, np.float32)
    for number, slot in enumerate(SLOTS):
        shares[number, states.get(slot, 0)] = 0.99
    return shares


def test_where_both_agree_nothing_changes() -> None:
    said = Understanding(in_order({"haze": 0.7}), ("person",), balance=0.5)
    assert reconsidered(said, _shares(haze=1, person=1, balance=1), "smoke, find people") is said


def test_what_only_the_reader_finds_is_done_and_told() -> None:
    said = Understanding(unknown=("put the bolometer in front",), advice=("say what is wrong",))
    found = reconsidered(said, _shares(balance=1), "put the bolometer in front")
    assert found.balance == 0.5 and found.adds and not found.unknown
    assert found.advice == ('"put the bolometer in front" is read as thermal',)


def test_opposite_directions_are_asked_back() -> None:
    found = reconsidered(Understanding(balance=0.5), _shares(balance=2), "cover the thermal")
    assert found.balance == 0 and found.unknown == ("cover the thermal",) and "which way?" in found.advice[-1]


def test_what_is_only_mentioned_is_not_done_and_that_is_told() -> None:
    said = Understanding(in_order({"haze": 0.5, "rain": 0.5}))
    found = reconsidered(said, _shares(rain=1, haze=2), "rain, the plan is hazy")
    assert dict(found.modes) == {"rain": 0.5} and found.denied == ("haze",) and "haze: mentioned" in found.advice[-1]


def test_a_number_stays_a_number() -> None:
    said = Understanding(balance=0.6, sets_balance=True)
    assert reconsidered(said, _shares(balance=2), "mostly the thermal").balance == 0.6
    said = Understanding(in_order({"haze": 0.4}))
    assert reconsidered(said, _shares(), "haze at 40 %") is said


def test_a_command_is_found_and_beside_others_undo_and_reset_alone() -> None:
    found = reconsidered(Understanding(unknown=("i want the old one",)), _shares(back=1), "i want the old one")
    assert found.command and found.command.kind == "undo" and "is read as undo" in found.advice[-1]
    said = Understanding(in_order({"haze": 0.5}))
    found = reconsidered(said, _shares(haze=1, back=2), "clean slate, then the fog")
    assert found.command and found.command.kind == "reset" and dict(found.modes) == {"haze": 0.5}
    assert reconsidered(said, _shares(haze=1, strength=1), "more against the fog").command is None


def test_more_and_less_stand_beside_wishes_that_they_are_not_about() -> None:
    said = Understanding(unknown=("more of that",), advice=(GENERAL,), tone=Tone(contrast=0.5))
    found = reconsidered(said, _shares(strength=1, contrast=1), "more of that, and add some contrast")
    assert found.command and found.command.kind == "more" and found.tone == said.tone
    assert not found.unknown and not found.advice


def test_equal_shares_and_what_a_few_words_deny_are_the_rules_to_know() -> None:
    said = Understanding(sets_balance=True)
    assert reconsidered(said, _shares(balance=1), "both cameras equally, as ever") is said
    said = Understanding(denied=("haze",))
    assert reconsidered(said, _shares(haze=1), "fog is lifting") is said


def test_what_smoke_does_to_the_balance_the_rules_know() -> None:
    said = Understanding(in_order({"haze": 0.5}), balance=0.5)
    assert reconsidered(said, _shares(haze=1), "smoke on deck") is said
    assert reconsidered(said, _shares(haze=2), "the smoke of yesterday").balance == 0
