"""Sentences as people type them: how many are understood, and that none does the opposite of what was said."""

from collections import Counter

import pytest

from ros2_textfuse.prompts import understand
from ros2_textfuse.prompts.phrasings import words
from tests.helpers.encoder import needs_encoder
from tests.helpers.sentences import judge, sentences


def test_the_halves_are_apart_and_large() -> None:
    tuning, held_out = ({one.text.lower() for one in sentences(half)} for half in ("tuning", "held_out"))
    assert not tuning & held_out and len(tuning) + len(held_out) >= 300 and abs(len(tuning) - len(held_out)) < 60


@pytest.mark.parametrize("half", ["tuning", "held_out"])
def test_no_sentence_is_trained_on(half: str) -> None:
    trained = {text for listed in words("requests").values() for text in listed}
    assert not trained & {one.text.lower() for one in sentences(half)}


@needs_encoder
@pytest.mark.parametrize(("half", "least"), [("tuning", 0.95), ("held_out", 0.92)])
def test_sentences_are_understood(half: str, least: float) -> None:
    judged = {one.text: judge(one, understand(one.text)) for one in sentences(half)}
    count = Counter(judged.values())
    assert not count["opposite"], [text for text, verdict in judged.items() if verdict == "opposite"]
    assert count["right"] / len(judged) >= least, [text for text, verdict in judged.items() if verdict == "wrong"]
