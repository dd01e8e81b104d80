"""What is in force after several prompts: commands, additions, undo."""

import numpy as np
import pytest

from ros2_textfuse.prompts import Prompt, Tone, resolve
from ros2_textfuse.prompts.history import KEPT, remembered
from tests.helpers.encoder import needs_encoder

ASK_NOTHING = ("thermal is fine", "the visible image looks good", "both cameras work", "combine both images")


def _after(*texts: str) -> Prompt:
    history: tuple[Prompt, ...] = ()
    for text in texts:
        history = remembered(history, resolve(text, history=history))
    return history[-1]


@needs_encoder
def test_a_text_replaces_what_is_in_force() -> None:
    assert set(_after("heavy fog", "it rains").severities) == {"rain"}


@needs_encoder
@pytest.mark.parametrize(
    ("then", "expected"),
    [
        ("a bit more", 0.5),
        ("much more", 0.8),
        ("less of that", 0.4 / 1.5),
        ("half of that", 0.2),
        ("less dehazing", 0.4 / 1.5),
        ("down", 0.4 / 1.5),
        ("down by half", 0.2),
        ("increase to 80 %", 0.8),
        ("increase dehazing to 0.7", 0.7),
        ("20 % more", 0.48),
    ],
)
def test_more_and_less_scale_what_is_in_force(then: str, expected: float) -> None:
    before = Prompt("fog", {"haze": 0.4})
    assert resolve(then, history=[before]).severities == {"haze": pytest.approx(expected)}


@needs_encoder
def test_less_of_one_repair_leaves_the_others() -> None:
    before = Prompt("fog and rain", {"haze": 0.4, "rain": 0.6}, balance=0.5)
    after = resolve("stronger dehazing", history=[before])
    assert after.severities == {"haze": pytest.approx(0.6), "rain": 0.6} and after.balance == 0.5


@needs_encoder
@pytest.mark.parametrize("text", ["too much denoising, do less", "less denoising", "too much denoising"])
def test_less_of_one_that_is_complained_about_leaves_the_others(text: str) -> None:
    before = Prompt("fog and noise", {"haze": 0.6, "visible_noise": 0.4})
    after = resolve(text, history=[before])
    assert after.severities["haze"] == 0.6 and after.severities["visible_noise"] < 0.4


@needs_encoder
@pytest.mark.parametrize("text", ["down to 30 %", "down by 20 %"])
def test_down_is_not_dark(text: str) -> None:
    before = Prompt("fog", {"haze": 0.6}, objects=("person",))
    after = resolve(text, history=[before])
    assert set(after.severities) == {"haze"} and after.severities["haze"] < 0.6 and after.objects == ("person",)


@needs_encoder
def test_back_to_a_number_undoes_nothing() -> None:
    after = _after("heavy fog", "it rains", "back to 40 %")
    assert set(after.severities) == {"rain"} and after.unknown


@needs_encoder
@pytest.mark.parametrize(
    ("resting", "text", "balance"),
    [
        (0.5, "a bit more thermal", 0.75),
        (0.5, "less thermal", 0.0),
        (-0.6, "a bit less thermal", -0.85),
        (-0.6, "more visible", -1.0),
        (0.8, "smoke everywhere", 1.0),
        (0.8, "thermal only", 1.0),
        (0.8, "balance 0.3", 0.3),
    ],
)
def test_what_is_relative_starts_from_the_balance_of_the_robot(resting: float, text: str, balance: float) -> None:
    assert resolve(text, resting=resting).balance == pytest.approx(balance)


@needs_encoder
def test_more_of_everything_stays_in_range() -> None:
    before = Prompt("x", {"haze": 0.9}, balance=-0.8, tone=Tone(contrast=0.75))
    after = resolve("much more", history=[before])
    assert (after.severities, after.balance, after.tone) == ({"haze": 1.0}, -1.0, Tone(contrast=1.0))


@needs_encoder
@pytest.mark.parametrize("text", ["a bit more", "less of that", "undo"])
def test_a_command_about_nothing_is_told(text: str) -> None:
    prompt = resolve(text)
    assert prompt.unknown == (text,) and "nothing" in prompt.summary()


@needs_encoder
def test_a_wish_about_cameras_or_tone_keeps_the_rest() -> None:
    after = _after("heavy fog, bring out people", "more thermal", "a bit more thermal", "darker")
    assert set(after.severities) == {"haze"} and after.objects == ("person",)
    assert (after.balance, after.tone) == (0.75, Tone(brightness=-0.5))
    assert _after("more thermal", "visible only").balance == -1
    assert _after("more thermal", "both cameras equally").balance == 0


@needs_encoder
def test_also_adds_and_a_denial_takes_away() -> None:
    assert set(_after("it is foggy", "and rain too").severities) == {"haze", "rain"}
    assert _after("show people", "also bring out cars").objects == ("person", "car")
    assert _after("show people and cars", "no cars").objects == ("person",)
    assert set(_after("fog and rain", "the rain has stopped").severities) == {"haze"}


@needs_encoder
@pytest.mark.parametrize("text", [*ASK_NOTHING, "record this", "thanks, looks good", "leave it as is", "😀"])
def test_what_asks_for_nothing_keeps_what_is_in_force(text: str) -> None:
    after = _after("heavy fog, bring out people, more thermal", text)
    assert set(after.severities) == {"haze"} and after.objects == ("person",) and after.balance == 0.5
    assert ("what was in force stays" in after.advice) == bool(after.unknown or text in ASK_NOTHING)


@needs_encoder
@pytest.mark.parametrize(
    ("text", "left"),
    [("stop highlighting", ()), ("stop highlighting people", ("car",)), ("don't bother with parked cars", ("person",))],
)
def test_objects_are_let_go(text: str, left: tuple[str, ...]) -> None:
    assert _after("fog, bring out people and cars", text).objects == left


@needs_encoder
def test_undo_and_reset() -> None:
    assert set(_after("it is foggy", "it rains", "undo").severities) == {"haze"}
    assert set(_after("it is foggy", "it rains", "a bit more", "undo", "undo").severities) == {"haze"}
    after = _after("it is foggy, more thermal, darker, show people", "reset")
    assert (dict(after.severities), after.objects, after.balance, after.tone) == ({}, (), 0.0, Tone())


@needs_encoder
@pytest.mark.parametrize("text", ["thanks", "record this", "😀"])
def test_what_changes_nothing_leaves_nothing_to_undo(text: str) -> None:
    assert set(_after("it is foggy", "it rains", text, "undo").severities) == {"haze"}


@needs_encoder
@pytest.mark.parametrize(
    ("text", "modes", "balance"),
    [
        ("undo that, and use the thermal camera", {"haze"}, 1),
        ("start over and then give me mostly infrared", set(), 1),
        ("reset, then visible only", set(), -1),
        ("back to default, it is dark", {"low_light"}, 0),
    ],
)
def test_a_command_goes_before_the_rest(text: str, modes: set[str], balance: int) -> None:
    after = _after("it is foggy", "it rains", text)
    assert set(after.severities) == modes and np.sign(after.balance) == balance and not after.unknown
    after = _after("it is foggy", "it rains", text, "undo")
    assert set(after.severities) == {"rain"}


@needs_encoder
def test_what_cannot_be_undone_is_told_and_the_rest_done() -> None:
    after = _after("undo that, and use the thermal camera")
    assert after.balance > 0 and after.unknown and "nothing to undo" in " ".join(after.advice)


@needs_encoder
def test_what_merely_begins_like_a_command_is_none() -> None:
    assert set(_after("it is foggy", "stop, it is too dark").severities) == {"low_light"}
    assert _after("it is foggy", "forget the cars, show people").objects == ("person",)


def test_the_history_is_short() -> None:
    history: tuple[Prompt, ...] = ()
    prompts = [Prompt(balance=number / 100) for number in range(2 * KEPT)]
    for prompt in prompts:
        history = remembered(history, prompt)
    assert list(history) == prompts[-KEPT:]
    history = remembered(history, history[-3])
    assert list(history) == prompts[-KEPT:-2]


def test_arguments_go_before_the_text() -> None:
    prompt = resolve(modes=["auto", "haze"], objects=["pedestrian", "car"], balance=-0.25)
    assert (prompt.auto, dict(prompt.severities), prompt.objects) == (True, {"haze": 0.5}, ("person", "car"))
    assert prompt.balance == -0.25 and prompt.weighed


@needs_encoder
def test_arguments_and_text_are_joined() -> None:
    prompt = resolve("more thermal, show people", objects=["car"], balance=-1)
    assert prompt.objects == ("person", "car") and prompt.balance == -1
