"""Free text to what it says: by rules for its clauses, and by a reader of the whole sentence; both together decide."""

from __future__ import annotations

import functools

from ros2_textfuse.prompts import checks
from ros2_textfuse.prompts.by_rules import by_rules
from ros2_textfuse.prompts.prompt import Understanding
from ros2_textfuse.prompts.second_opinion import LONGEST, SHORTEST, reconsidered
from ros2_textfuse.prompts.sentence_reader import read_sentence


def understand(text: str) -> Understanding:
    """What free text says; the sentence encoder is loaded at the first call.

    Raises:
        PromptError: not a string, too long, or with control characters.
        EncoderError: no sentence encoder (`text_encoder.find_encoder`); empty text needs none.
    """
    return _understand(checks.text_of(text))


def forget() -> None:
    """Reads every text anew, after weights were written."""
    from ros2_textfuse.prompts import head, sentence_reader

    head.forget()
    sentence_reader.forget()
    _understand.cache_clear()


@functools.lru_cache(maxsize=64)  # operators and configurations repeat themselves
def _understand(text: str) -> Understanding:
    said, english = by_rules(text)
    length = len(english.split())
    if not english or said.refused or length > LONGEST:
        return said
    if length < SHORTEST and not said.unknown:  # what is that short has no scope to get wrong
        return said
    return reconsidered(said, read_sentence(english), english.lower())
