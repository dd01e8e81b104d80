"""What prompts resolve to: named modes, free text, severities, objects, and refusals."""

import subprocess
import sys
import time

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ros2_textfuse.degradations.modes import MODES
from ros2_textfuse.prompts import prompt
from ros2_textfuse.prompts.advice import GENERAL
from ros2_textfuse.prompts.object_names import COCO
from ros2_textfuse.prompts.prompt import DEFAULT_SEVERITY, MAX_LENGTH, Prompt, PromptError, resolve, understand
from ros2_textfuse.prompts.text_encoder import EncoderError, find_encoder

try:
    find_encoder()
    MISSING = ""
except EncoderError as error:
    MISSING = str(error)
WORDS = ("no", "not", "rain", "fog", "and", ",", ".", "but", "thermal", "dark")
needs_encoder = pytest.mark.skipif(bool(MISSING), reason=f"needs the sentence encoder: {MISSING}")


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
        ({"modes": ["auto"]}, "Unknown mode 'auto'"),
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
@pytest.mark.parametrize("text", ["make it darker", "darker", "turn the brightness down", "dim the view a little"])
def test_the_direction_of_a_wish_counts(text: str) -> None:
    """These are nearly the same to a sentence encoder as their opposites."""
    assert set(understand(text).modes) == {"over_exposure"}


@needs_encoder
@pytest.mark.parametrize("text", ["brighter", "make it brighter", "it gets darker outside"])
def test_complaints_about_the_dark_are_no_wish_for_it(text: str) -> None:
    assert set(understand(text).modes) == {"low_light"}


@needs_encoder
@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("I can't make out anything", "say why: 'it is dark'"),
        ("rely on the rgb camera", "cannot be weighed"),
        ("my camera lens is smudged", "clean it"),
        ("with less contrast please", "can only be raised"),
        ("richer colours", "corrected, not strengthened"),
        ("undo", "mode 'none'"),
        ("the moon is made of cheese", "name modes"),
    ],
)
def test_what_cannot_be_served_is_answered_with_what_could(text: str, advice: str) -> None:
    prompt = resolve(text)
    assert not prompt.severities and prompt.unknown and advice in prompt.summary()


@needs_encoder
def test_what_is_not_understood_is_told() -> None:
    prompt = resolve("heavy fog, bring me a sandwich recipe, the moon is made of cheese")
    assert set(prompt.severities) == {"haze"} and prompt.objects == ("sandwich",)
    assert prompt.unknown == ("the moon is made of cheese",)
    assert prompt.advice == (GENERAL,)
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
    assert ((prompt.vector() >= 0) & (prompt.vector() <= 1)).all()


@needs_encoder
def test_the_longest_text_is_read() -> None:
    assert "rain" in understand(("rain. " * MAX_LENGTH)[:MAX_LENGTH]).modes


@needs_encoder
def test_a_prompt_takes_milliseconds() -> None:
    understand("warm up")
    times = []
    for number in range(15):
        start = time.thread_time()  # this thread's own work, whatever else the machine does
        understand(f"The visible image number {number} is dark and noisy.")
        times.append(time.thread_time() - start)
    assert min(times) < 0.02


@needs_encoder
@pytest.mark.parametrize("content", [None, b"", b"not weights"])
def test_a_damaged_head_is_named(tmp_path, monkeypatch, content: bytes | None) -> None:
    path = tmp_path / "words.safetensors"
    if content is not None:
        path.write_bytes(content)
    monkeypatch.setattr(prompt, "WEIGHTS", path)
    prompt.forget()
    with pytest.raises(EncoderError, match=r"words\.safetensors cannot be read"):
        resolve("it is dark")
    monkeypatch.undo()
    prompt.forget()
    assert resolve(modes=["low_light"]).severities == {"low_light": 0.5}
