"""What a prompt leaves open is filled by what the images say; words win where they speak."""

import numpy as np
import pytest

from ros2_textfuse.prompts import resolve
from ros2_textfuse.prompts.prompt import Prompt, PromptError
from ros2_textfuse.prompts.text_encoder import EncoderError
from ros2_textfuse.scene.conditions import CONDITIONS, WORD, balance, borne_out, completed, credible, doubted


def test_a_prompt_that_is_not_auto_gets_nothing_added():
    prompt = resolve(modes=["haze"])
    assert completed(prompt, {"rain": 0.9}) == prompt


@pytest.mark.parametrize(
    ("probability", "expected"), [(0.0, 0.0), (1.0, 1.0), (0.5, WORD / (WORD + 1)), (0.01, WORD / (WORD + 99))]
)
def test_a_word_counts_in_the_odds(probability, expected):
    assert credible(np.array(probability)) == pytest.approx(expected)


def test_what_is_named_and_not_to_be_seen_is_hardly_repaired_and_somebody_is_told():
    prompt = resolve(modes=["low_light", "rain"], severity=0.8)
    found = borne_out(prompt, {"low_light": 1.0, "rain": 0.05})
    assert found.severities == {"low_light": 0.8, "rain": pytest.approx(0.04)}
    assert "rain by 5%" in doubted(prompt, found) and "low_light" not in doubted(prompt, found)
    assert list(borne_out(prompt, {"rain": 0.0}).severities) == ["low_light"]
    assert borne_out(prompt, {}) == prompt


def test_smoke_that_is_seen_bears_out_haze():
    prompt = resolve(modes=["haze"], severity=0.6)
    assert borne_out(prompt, {"haze": 0.1, "smoke": 0.9}).severities["haze"] == pytest.approx(0.54)


def test_auto_takes_what_the_images_say():
    found = completed(resolve(modes=["auto"]), {"low_light": 0.8, "ir_stripe": 0.5})
    assert found.severities == {"low_light": 0.8, "ir_stripe": 0.5} and found.auto


def test_words_win_where_they_speak():
    found = completed(resolve(modes=["auto", "haze"], severity=0.3), {"haze": 0.9, "rain": 0.6})
    assert found.severities == {"haze": 0.3, "rain": 0.6}


def test_severities_are_in_the_order_of_the_network():
    found = completed(resolve(modes=["auto", "ir_noise"]), {"low_light": 0.4, "blur": 0.5})
    assert list(found.severities) == ["low_light", "blur", "ir_noise"]


def test_the_balance_leaves_the_camera_that_sees_less():
    assert balance({"smoke": 0.9}) > 0.5 and balance({"glare": 0.8}) > 0.3
    assert balance({"ir_noise": 0.9}) < 0 and balance({"low_light": 0.9}) == 0
    assert all(-1 <= balance({name: 1.0}) <= 1 for name in CONDITIONS)


def test_a_balance_that_was_asked_for_stays():
    asked = resolve(modes=["auto"], balance=-0.5)
    assert completed(asked, {"smoke": 0.9}).balance == -0.5
    assert completed(resolve(modes=["auto"], balance=0.0), {"smoke": 0.9}).balance == 0
    assert completed(Prompt(auto=True), {"smoke": 0.9}).balance > 0.5


def test_what_a_robot_is_set_to_is_where_the_balance_starts_from():
    assert completed(Prompt(auto=True, balance=-0.3), {"smoke": 0.5}).balance == pytest.approx(0.1)
    assert completed(Prompt(auto=True, balance=0.9), {"smoke": 1.0}).balance == 1.0


def test_what_is_denied_is_not_repaired():
    """Severity 0 of a mode that is named says that it is to be left."""
    prompt = resolve(modes=["auto", "haze"], severity=0)
    assert prompt.denied == ("haze",)
    assert completed(prompt, {"haze": 0.8, "rain": 0.5}).severities == {"rain": 0.5}


def test_a_sentence_denies():
    try:
        prompt = resolve("auto, but there is no haze")
    except EncoderError as error:
        pytest.skip(f"no sentence encoder: {error}")
    assert prompt.auto and completed(prompt, {"haze": 0.8, "rain": 0.5}).severities == {"rain": 0.5}


def test_smoke_is_looked_through_as_haze():
    assert completed(Prompt(auto=True), {"smoke": 0.8}).severities["haze"] == pytest.approx(0.48)
    assert completed(Prompt(auto=True), {"smoke": 0.5, "haze": 0.7}).severities["haze"] == 0.7


def test_auto_is_a_mode_beside_others_but_not_beside_none():
    prompt = resolve(modes=["auto"])
    assert prompt.auto and not prompt.severities and "auto" in prompt.summary()
    with pytest.raises(PromptError, match="none"):
        resolve(modes=["auto", "none"])
