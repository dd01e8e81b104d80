"""Numbers in prompts: which of them say how much, and which do not."""

import pytest

from ros2_textfuse.prompts.amounts import apart, plain_numbers, read_amount
from ros2_textfuse.prompts.balance import read_balance


@pytest.mark.parametrize(
    ("text", "value", "rest"),
    [
        ("low light 80 %", 0.8, "low light"),
        ("haze at half", 0.5, "haze"),
        ("rain: 0,6", 0.6, "rain"),
        ("severity .6 haze", 0.6, "haze"),
        ("low light correction at a third of full strength", 1 / 3, "low light correction"),
        ("turn the denoising up to eighty-five percent", 0.85, "turn the denoising up"),
        ("brightness -0.3", -0.3, "brightness"),
        ("contrast + 20 %", 0.2, "contrast"),
        ("noise 7 out of 10", 0.7, "noise"),
        ("full dehazing", 1.0, "dehazing"),
        ("haze strength 3", 3.0, "haze"),
        ("both at 0.3", 0.3, "both"),
    ],
)
def test_a_number_says_how_much(text: str, value: float, rest: str) -> None:
    amount = read_amount(plain_numbers(text))
    assert amount is not None and amount.value == pytest.approx(value) and amount.rest == rest


@pytest.mark.parametrize(
    "text",
    [
        "two people 30 m ahead", "person at 1.5 m", "camera 1 is noisy", "50% chance of rain", "half of that", "42",
        "80 percent of the image is dark", "fog on the A7", "the bus at 5 o'clock", "2 cars at 30 fps",
    ],
)  # fmt: skip
def test_other_numbers_say_nothing_of_how_much(text: str) -> None:
    assert read_amount(plain_numbers(text)) is None


def test_each_number_goes_with_its_own_words() -> None:
    assert apart("haze 0.7 rain 30 %") == ["haze 0.7", "rain 30 %"]
    assert apart("0.5 haze 0.3 rain") == ["0.5 haze", "0.3 rain"]
    assert apart("haze 0.7") == ["haze 0.7"]


@pytest.mark.parametrize(
    ("clause", "value"),
    [
        ("balance 0.3", 0.3),
        ("balance minus 0.5", -0.5),
        ("balance 0.8 towards visible", -0.8),
        ("use 70 % thermal", 0.4),
        ("thermal 0.8", 0.6),
        ("80/20 thermal to visible", 0.6),
        ("60:40 in favour of thermal", 0.2),
    ],
)
def test_a_balance_in_numbers(clause: str, value: float) -> None:
    found = read_balance(clause)
    assert found is not None and found.absolute and found.value == pytest.approx(value)


@pytest.mark.parametrize("clause", ["balance 5", "thermal noise 0.8", "thermal stripes 50 %"])
def test_no_balance_in_other_numbers(clause: str) -> None:
    assert read_balance(clause) is None


@pytest.mark.parametrize("clause", ["30 % more thermal", "thermal up by 20 %"])
def test_by_how_much_is_no_share(clause: str) -> None:
    found = read_balance(clause)
    assert found is None or found.value > 0
