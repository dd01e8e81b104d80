"""What rules and meaning make of cameras, conditions, objects, languages."""

import pytest

from ros2_textfuse.prompts import understand
from ros2_textfuse.prompts.explanation import explain
from ros2_textfuse.prompts.object_meaning import KINDS
from ros2_textfuse.prompts.phrasings import words
from ros2_textfuse.prompts.prompt import Tone
from ros2_textfuse.prompts.requests import REQUESTS
from tests.helpers.encoder import needs_encoder


def test_classes_stand_in_the_order_of_their_phrasings() -> None:
    assert tuple(words("requests")) == REQUESTS and tuple(words("nouns")) == tuple(KINDS)


@needs_encoder
@pytest.mark.parametrize(
    ("text", "balance"),
    [
        ("use more thermal", 0.5),
        ("a bit more thermal", 0.25),
        ("thermal only", 1.0),
        ("trust the colour camera", -0.5),
        ("ignore the infrared", -1.0),
        ("show me the hot spots", 0.5),
        ("70 % thermal", 0.4),
        ("the colour camera is dead", 0.75),
        ("the thermal lens is dirty", -0.5),
        ("glare from headlights", 0.5),
        ("no smoke any more", 0.0),
        ("less noise in the thermal image", 0.0),
        ("the visible camera is out of focus", 0.0),
        ("cars should be more visible", 0.0),
        ("smoke, but use only the visible camera", -1.0),
    ],
)
def test_the_cameras_are_weighed(text: str, balance: float) -> None:
    assert understand(text).balance == pytest.approx(balance)


@needs_encoder
def test_where_rules_and_reader_contradict_each_other_it_is_asked_back() -> None:
    said = understand("don't ignore the infrared")
    assert said.balance == 0 and said.unknown and "which way?" in said.advice[-1]


@needs_encoder
@pytest.mark.parametrize(
    ("text", "mode"),
    [
        ("smoke", "haze"),
        ("dust cloud", "haze"),
        ("it is snowing", "rain"),
        ("spray", "rain"),
        ("glare", "over_exposure"),
    ],
)
def test_conditions_resolve_to_what_helps(text: str, mode: str) -> None:
    assert set(understand(text).modes) == {mode}


@needs_encoder
@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("people, not cars", {"person"}),
        ("show people not cars", {"person"}),
        ("cars rather than people", {"car"}),
        ("spray from the lorry ahead", set()),
        ("highlight the chef", {"person"}),
        ("find the exit", set()),
        ("hide the people", set()),
        ("remove all the people", set()),
        ("don't hide the people", {"person"}),
        ("anything that moves", {"person", "bicycle", "car", "truck", "bus", "motorcycle"}),
    ],
)
def test_objects_are_wanted_or_not(text: str, wanted: set[str]) -> None:
    assert set(understand(text).objects) == wanted


@needs_encoder
@pytest.mark.parametrize("text", ["es ist dunkel und es regnet", "está oscuro y llueve", "很暗，下雨", "暗い、雨"])
def test_other_languages_are_read_word_by_word(text: str) -> None:
    said = understand(text)
    assert set(said.modes) == {"low_light", "rain"} and any("read as" in note for note in said.advice)


@needs_encoder
def test_each_part_is_explained() -> None:
    rows = dict(explain("it is dark, more thermal, no cars, the moon is made of cheese"))
    assert "low_light" in rows["it is dark"] and "balance +0.50" in rows["more thermal"]
    assert "car" in rows["no cars"] and "not understood" in rows["the moon is made of cheese"]


@needs_encoder
@pytest.mark.parametrize(
    ("text", "said"), [("brightness 0", "'undo' takes"), ("contrast 120 %", "from -100 % to +100 %")]
)
def test_a_tone_that_cannot_be_set_is_answered_with_what_helps(text: str, said: str) -> None:
    found = understand(text)
    assert found.unknown and said in " ".join(found.advice) and found.tone == Tone()
