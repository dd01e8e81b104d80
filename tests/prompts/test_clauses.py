"""A prompt cut into clauses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ros2_textfuse.prompts import understand
from ros2_textfuse.prompts.clauses import clauses


@given(st.text(max_size=80))
def test_clauses_have_a_letter_and_a_meaning(text: str) -> None:
    for clause in clauses(text):
        assert any(letter.isalnum() for letter in clause.text) and clause.meaning and clause.affirmed


@pytest.mark.parametrize(
    ("text", "meanings"),
    [
        ("the IR image is flat, noisy", ["the thermal image is flat", "thermal image: noisy"]),
        ("noise and stripes in the infrared", ["thermal image: noise", "stripes in the thermal"]),
        ("the thermal image is fine. Noise everywhere", ["the thermal image is fine", "noise everywhere"]),
        ("fuse the RGB and thermal images", ["fuse both images"]),
    ],
)
def test_clauses_keep_the_camera(text: str, meanings: list[str]) -> None:
    assert [clause.meaning for clause in clauses(text)] == meanings


@pytest.mark.parametrize(
    ("text", "negated"),
    [
        ("no rain and fog", [True, True]),
        ("no rain, but it is foggy", [True, False]),
        ("neither rain nor fog", [True, True]),
        ("the rain has stopped", [True]),
        ("I can't see the car in the fog", [False]),
        ("it isn't raining", [True]),
        ("fog over the river", [False]),
    ],
)
def test_negation_is_noticed(text: str, negated: list[bool]) -> None:
    assert [clause.negated for clause in clauses(text)] == negated


@pytest.mark.parametrize("text", ["man it's pouring", "Oh boy, this is foggy", "Dude, it is dark"])
def test_whom_a_sigh_is_addressed_to_is_no_object(text):
    assert not understand(text).objects
    assert understand(text).modes


def test_a_man_who_is_looked_for_is_one():
    assert understand("man at the door, it is dark").objects
