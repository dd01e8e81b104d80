"""Sentences as people type them: how many are understood, and that few do the opposite of what was said."""

from collections import Counter

import pytest

from ros2_textfuse.prompts import understand
from ros2_textfuse.prompts.phrasings import words
from ros2_textfuse.prompts.slots import labelled
from tests.helpers.campaign import campaign
from tests.helpers.encoder import needs_encoder
from tests.helpers.sentences import judge, sentences

PARTS = ("held_out", "first_met", "strangers", "thresholds", "unseen")


def test_the_parts_are_apart_and_large() -> None:
    parts = [{one.text.lower() for one in sentences(part)} for part in PARTS]
    assert sum(map(len, parts)) == len(set.union(*parts)) and min(map(len, parts)) > 150


@pytest.mark.parametrize("part", PARTS)
def test_no_sentence_is_trained_on(part: str) -> None:
    trained = {text for listed in words("requests").values() for text in listed}
    listed = [*words("sentences").values(), *words("tuning").values()]
    trained |= {labelled(line).text.lower() for lines in listed for line in lines}
    assert not trained & {one.text.lower() for one in sentences(part)}


@needs_encoder
@pytest.mark.parametrize(
    ("part", "least", "opposites"),
    [
        pytest.param("held_out", 0.96, 1, marks=campaign),
        pytest.param("first_met", 0.83, 3, marks=campaign),
        pytest.param("strangers", 0.91, 3, marks=campaign),
        pytest.param("thresholds", 0.93, 0, marks=campaign),
        ("unseen", 0.89, 2),
    ],
)
def test_sentences_are_understood(part: str, least: float, opposites: int) -> None:
    judged = {one.text: judge(one, understand(one.text)) for one in sentences(part)}
    count = Counter(judged.values())
    assert count["opposite"] <= opposites, [text for text, verdict in judged.items() if verdict == "opposite"]
    assert count["right"] / len(judged) >= least, [text for text, verdict in judged.items() if verdict == "wrong"]
