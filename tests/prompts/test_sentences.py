"""Sentences as people type them: how many are understood, and that few do the opposite of what was said."""

from collections import Counter

import pytest

from ros2_textfuse.prompts import understand
from ros2_textfuse.prompts.phrasings import words
from ros2_textfuse.prompts.slots import labelled
from tests.helpers.encoder import needs_encoder
from tests.helpers.sentences import judge, sentences


def test_the_parts_are_apart_and_large() -> None:
    tuning, held_out, first_met = (
        {one.text.lower() for one in sentences(part)} for part in ("tuning", "held_out", "first_met")
    )
    assert not (tuning & held_out or tuning & first_met or held_out & first_met)
    assert len(tuning) + len(held_out) >= 300 and abs(len(tuning) - len(held_out)) < 60 and len(first_met) >= 200


@pytest.mark.parametrize("part", ["held_out", "first_met"])
def test_no_sentence_is_trained_on(part: str) -> None:
    trained = {text for listed in words("requests").values() for text in listed}
    trained |= {labelled(line).text.lower() for listed in words("sentences").values() for line in listed}
    assert not trained & {one.text.lower() for one in sentences(part)}


@needs_encoder
@pytest.mark.parametrize(
    ("part", "least", "opposites"), [("tuning", 0.95, 0), ("held_out", 0.92, 0), ("first_met", 0.65, 6)]
)
def test_sentences_are_understood(part: str, least: float, opposites: int) -> None:
    judged = {one.text: judge(one, understand(one.text)) for one in sentences(part)}
    count = Counter(judged.values())
    assert count["opposite"] <= opposites, [text for text, verdict in judged.items() if verdict == "opposite"]
    assert count["right"] / len(judged) >= least, [text for text, verdict in judged.items() if verdict == "wrong"]
