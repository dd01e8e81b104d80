"""What prompts resolve to: named modes, free text, severities, objects, and refusals."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ros2_textfuse.degradations.modes import MODES
from ros2_textfuse.prompts import (
    DEFAULT_SEVERITY,
    MAX_LENGTH,
    Prompt,
    PromptError,
    Tone,
    head,
    resolve,
    understand,
    understanding,
)
from ros2_textfuse.prompts.advice import GENERAL
from ros2_textfuse.prompts.object_names import COCO
from ros2_textfuse.prompts.text_encoder import EncoderError
from tests.helpers.encoder import needs_encoder

WORDS = ("no", "not", "rain", "fog", "and", ",", ".", "but", "thermal", "dark")


# --- named modes -------------------------------------------------------------------------------------------------


def test_nothing_asked_for_is_the_zero_vector() -> None:
    prompt = resolve()
    assert prompt == Prompt() and not prompt.vector().any()
    assert prompt.vector().dtype == np.float32 and prompt.vector().shape == (len(MODES) + 1,)


@pytest.mark.parametrize("mode", MODES)
def test_a_named_mode_takes_its_place_in_the_vector(mode: str) -> None:
    vector = resolve(modes=[mode], severity=0.75).vector()
    assert vector[MODES.index(mode)] == 0.75 and np.count_nonzero(vector) == 1
    assert resolve(modes=(mode, mode)).severities == {mode: DEFAULT_SEVERITY}


def test_none_alone_is_no_mode() -> None:
    assert resolve(modes=["none"]) == Prompt() == resolve(modes=("none", "none"), severity=0.9)
    with pytest.raises(PromptError, match="'none' beside rain"):
        resolve(modes=["none", "rain"])


def test_severity_zero_repairs_nothing() -> None:
    assert not resolve(modes=MODES, severity=0).vector().any()


def test_severities_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        resolve(modes=["rain"]).severities["rain"] = 1.0  # type: ignore[index]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"text": 3}, "expected a string"),
        ({"text": None}, "expected a string"),
        ({"text": "x" * (MAX_LENGTH + 1)}, "1001 characters; at most 1000"),
        ({"text": "rain\x00"}, r"control character U\+0000 at position 4"),
        ({"text": "\x1b[2J"}, r"U\+001B"),
        ({"text": "\ud800"}, r"U\+D800"),
        ({"modes": ["low_ligth"]}, "Did you mean 'low_light'.*Choose from: low_light"),
        ({"modes": ["Rain"]}, "Did you mean 'rain'"),
        ({"modes": ["Auto"]}, "Did you mean 'auto'"),
        ({"modes": [""]}, "Unknown mode ''"),
        ({"modes": [3]}, "Unknown mode 3"),
        ({"modes": [["rain"]]}, "Unknown mode"),
        ({"modes": "rain"}, "expected a list of names"),
        ({"modes": None}, "expected a list of names"),
        ({"severity": True}, "expected a number from 0 to 1"),
        ({"severity": "0.5"}, "expected a number from 0 to 1"),
        ({"severity": -0.01}, "expected a number from 0 to 1"),
        ({"severity": 1.01}, "expected a number from 0 to 1"),
        ({"severity": float("nan")}, "expected a number from 0 to 1"),
        ({"severity": float("inf")}, "expected a number from 0 to 1"),
        ({"objects": "person"}, "expected a list of names"),
        ({"objects": ["persn"]}, "Unknown object 'persn'. Did you mean 'person'"),
        ({"objects": ["gravel"]}, "Unknown object 'gravel'"),
        ({"objects": [3]}, "Unknown object 3"),
        ({"balance": "1"}, "expected a number from -1 to 1"),
        ({"balance": True}, "expected a number from -1 to 1"),
        ({"balance": 1.5}, "expected a number from -1 .visible. to 1 .thermal."),
        ({"balance": float("nan")}, "expected a number from -1"),
    ],
)
def test_refusals_say_what_was_wrong(arguments: dict, message: str) -> None:
    with pytest.raises(PromptError, match=message):
        resolve(**arguments)


def test_numpy_severities_are_numbers() -> None:
    assert resolve(modes=["haze"], severity=np.float32(0.25)).severities == {"haze": 0.25}


def test_named_modes_need_no_torch() -> None:
    code = "import sys, ros2_textfuse.prompts as p; p.resolve('', ['rain'], .5); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


@given(st.lists(st.sampled_from(MODES)), st.none() | st.floats(0, 1))
def test_any_named_modes_resolve_in_order(modes: list[str], severity: float | None) -> None:
    prompt = resolve(modes=modes, severity=severity)
    assert list(prompt.severities) == [mode for mode in MODES if mode in prompt.severities]
    assert all(0 < value <= 1 for value in prompt.severities.values())
    expected = DEFAULT_SEVERITY if severity is None else severity
    wanted = [np.float32(expected if mode in modes else 0) for mode in MODES]
    np.testing.assert_array_equal(prompt.vector(), [*wanted, 0])


@given(st.lists(st.text()), st.floats() | st.booleans() | st.text())
def test_any_other_arguments_are_refused_or_resolve(modes: list[str], severity: object) -> None:
    try:
        vector = resolve(modes=modes, severity=severity).vector()  # type: ignore[arg-type]
    except PromptError:
        return
    assert ((vector >= 0) & (vector <= 1)).all()


# --- free text ---------------------------------------------------------------------------------------------------


@needs_encoder
@pytest.mark.parametrize(
    ("text", "modes"),
    [
        ("We are fusing infrared and visible images, the visible images suffer from low light.", {"low_light"}),
        ("it is raining and foggy", {"rain", "haze"}),
        ("the thermal image is noisy and striped", {"ir_noise", "ir_stripe"}),
        ("rgb noisy", {"visible_noise"}),
        ("there is less contrast in thermal now", {"ir_low_contrast"}),
        ("less colour cast please", {"color_cast"}),
        ("no rain, but it is foggy", {"haze"}),
        ("there is not enough light", {"low_light"}),
        ("no rain today, the image is clear", set()),
        ("show me the person", set()),
        ("good morning", set()),
        ("asdfghjkl", set()),
        ("a torch is dazzling the lens", {"over_exposure"}),
        ("In this fusion task the visible image exhibits very severe low light degradation.", {"low_light"}),
        ("thermal: pedestrians hardly differ from the pavement", {"ir_low_contrast"}),
    ],
)
def test_free_text_is_understood(text: str, modes: set[str]) -> None:
    assert set(understand(text).modes) == modes


@needs_encoder
def test_prompts_say_how_strong() -> None:
    slight, plain, heavy = (understand(f"{word} rain").modes["rain"] for word in ("slight", "", "heavy"))
    assert slight < 0.4 < plain < 0.65 < heavy


@needs_encoder
@pytest.mark.parametrize(
    ("text", "tone"),
    [
        ("make it darker", Tone(brightness=-0.5)),
        ("dim the view a little", Tone(brightness=-0.25)),
        ("brighter", Tone(brightness=0.5)),
        ("much less contrast", Tone(contrast=-0.75)),
        ("richer colours", Tone(colour=0.5)),
        ("black and white", Tone(colour=-1.0)),
        ("darker, with a bit more contrast", Tone(brightness=-0.5, contrast=0.25)),
    ],
)
def test_a_wish_is_tone(text: str, tone: Tone) -> None:
    """These are nearly the same to a sentence encoder as their opposites."""
    said = understand(text)
    assert said.tone == tone and not said.modes and not said.unknown


@needs_encoder
@pytest.mark.parametrize(
    ("text", "mode"),
    [
        ("the image is too bright", "over_exposure"),
        ("reduce the exposure", "over_exposure"),
        ("it gets darker outside", "low_light"),
        ("brighten the visible image", "low_light"),
        ("make the dark image brighter", "low_light"),
        ("the thermal image needs more contrast", "ir_low_contrast"),
    ],
)
def test_a_complaint_and_a_wish_for_one_camera_are_repaired(text: str, mode: str) -> None:
    assert set(understand(text).modes) == {mode}


@needs_encoder
@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("I can't make out anything", "say why: 'it is dark'"),
        ("with less contrast in the thermal image please", "can only be raised"),
        ("make the thermal image darker", "cannot be lowered"),
        ("find the gravel", "nothing that the detector knows"),
        ("очень темно", "this language is not read"),
        ("the moon is made of cheese", "name modes"),
    ],
)
def test_what_cannot_be_served_is_answered_with_what_could(text: str, advice: str) -> None:
    prompt = resolve(text)
    assert not prompt.severities and prompt.unknown and advice in prompt.summary()


@needs_encoder
@pytest.mark.parametrize(
    "text", ["brighter and darker", "more thermal, less thermal", "it is dark, it is not dark", "people, but no people"]
)
def test_contradictions_do_nothing_and_are_told(text: str) -> None:
    said = understand(text)
    assert (said.modes, said.objects, said.balance, said.tone) == ({}, (), 0.0, Tone())
    assert said.unknown and any("contradict" in note or "denied" in note for note in said.advice)


def test_what_was_said_is_seen_to_be_a_quotation_in_the_answer() -> None:
    """Who writes an answer into a prompt does not get it back as one."""
    summary = Prompt("x", unknown=('say "well done"\nrepairing haze 0.90 ' + "x" * 200,)).summary()
    assert summary.startswith("no degradation named: plain fusion; not understood: \"say 'well done' repairing haze")
    assert summary.endswith('..."') and "\n" not in summary and summary.count('"') == 2


@needs_encoder
@pytest.mark.parametrize("text", ["no people", "the image is good"])
def test_what_changes_nothing_is_told_with_what_was_said(text: str) -> None:
    prompt = resolve(text)
    assert not prompt.vector().any() and prompt.summary() == f'nothing to do in "{text}": plain fusion'


@needs_encoder
def test_nothing_is_taken_out_of_an_image() -> None:
    assert "stays to be seen" in resolve("it is dark, blur the people").summary()
    assert set(resolve("it is dark, blur the people").severities) == {"low_light"}


@needs_encoder
def test_a_denial_without_its_apostrophe_is_one() -> None:
    assert resolve("dont brighten").tone == Tone() and not resolve("it isnt foggy").severities


def test_a_blank_prompt_is_none() -> None:
    assert resolve("  \n").summary() == "no prompt: plain fusion"


@needs_encoder
def test_a_slip_is_set_right_and_told() -> None:
    prompt = resolve("thremal image noisy")
    assert set(prompt.severities) == {"ir_noise"} and "'thremal' is read as 'thermal'" in prompt.summary()


@needs_encoder
def test_what_is_not_understood_is_told() -> None:
    prompt = resolve("heavy fog, bring me a sandwich recipe, the moon is made of cheese")
    assert set(prompt.severities) == {"haze"} and prompt.objects == ()  # a recipe is no sandwich
    assert prompt.unknown == ("the moon is made of cheese",)
    assert GENERAL in prompt.advice and any("sandwich: mentioned" in note for note in prompt.advice)
    assert understand("?!").unknown == ("?!",)
    assert understand("").unknown == understand(" \n").unknown == ()


@needs_encoder
def test_named_modes_win_over_words_and_severity_over_both() -> None:
    both = resolve("heavy rain and fog", modes=["rain"])
    assert both.severities["rain"] == DEFAULT_SEVERITY and set(both.severities) == {"haze", "rain"}
    assert resolve("heavy rain and fog", modes=["blur"], severity=0.25).severities == {
        "haze": 0.25,
        "rain": 0.25,
        "blur": 0.25,
    }
    assert not resolve("heavy rain", severity=0).vector().any()
    assert set(resolve("heavy rain", modes=["none"]).severities) == {"rain"}


@needs_encoder
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(max_size=60) | st.lists(st.sampled_from(WORDS)).map(" ".join))
def test_any_text_resolves_or_is_refused(text: str) -> None:
    try:
        prompt = resolve(text)
    except PromptError:
        return
    assert list(prompt.severities) == [mode for mode in MODES if mode in prompt.severities]
    assert all(0 < value <= 1 for value in prompt.severities.values())
    assert set(prompt.objects) <= set(COCO)
    *severities, balance = prompt.vector()
    assert all(0 <= severity <= 1 for severity in severities) and -1 <= balance <= 1


@needs_encoder
def test_the_longest_text_is_read() -> None:
    assert "rain" in understand(("rain. " * MAX_LENGTH)[:MAX_LENGTH]).modes


@needs_encoder
@pytest.mark.parametrize("content", [None, b"", b"not weights"])
def test_a_damaged_head_is_named(tmp_path, monkeypatch, content: bytes | None) -> None:
    path = tmp_path / "words.safetensors"
    if content is not None:
        path.write_bytes(content)
    monkeypatch.setattr(head, "WEIGHTS", path)
    understanding.forget()
    with pytest.raises(EncoderError, match=r"words\.safetensors cannot be read"):
        resolve("it is dark")
    monkeypatch.undo()
    understanding.forget()
    assert resolve(modes=["low_light"]).severities == {"low_light": 0.5}
