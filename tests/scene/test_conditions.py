"""What a prompt leaves open is filled by what the images say; words win where they speak."""

import pytest

from ros2_textfuse.prompts.prompt import Prompt, PromptError, resolve
from ros2_textfuse.scene.conditions import CONDITIONS, balance, completed


def test_a_prompt_that_is_not_auto_stays():
    prompt = resolve(modes=["haze"])
    assert completed(prompt, {"rain": 0.9}) is prompt


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
    assert completed(Prompt(auto=True, balance=-0.5), {"smoke": 0.9}).balance == -0.5
    assert completed(Prompt(auto=True), {"smoke": 0.9}).balance > 0


def test_smoke_is_looked_through_as_haze():
    assert completed(Prompt(auto=True), {"smoke": 0.8}).severities["haze"] == pytest.approx(0.48)
    assert completed(Prompt(auto=True), {"smoke": 0.5, "haze": 0.7}).severities["haze"] == 0.7


def test_auto_is_a_mode_beside_others_but_not_beside_none():
    prompt = resolve(modes=["auto"])
    assert prompt.auto and not prompt.severities and "as the images need it" in prompt.summary()
    with pytest.raises(PromptError, match="none"):
        resolve(modes=["auto", "none"])
