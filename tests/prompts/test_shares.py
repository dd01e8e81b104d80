"""Shares of the cameras, in whatever way they are put."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ros2_textfuse.prompts.by_rules import by_rules
from ros2_textfuse.prompts.clauses import clauses
from ros2_textfuse.prompts.shares import in_percent
from tests.helpers.encoder import needs_encoder


@needs_encoder
@pytest.mark.parametrize(
    ("text", "balance"),
    [
        ("a fifth heat", -0.6),
        ("one tenth of infrared is plenty", -0.8),
        ("two thirds RGB, one third IR", -0.34),
        ("three quarters thermal", 0.5),
        ("no more than a third thermal", -0.34),
        ("60-40 in favour of the thermal", 0.2),
        ("70/30 for the colour camera", -0.4),
        ("30 visible, 70 thermal", 0.4),
        ("90% colour, 10% heat", -0.8),
        ("RGB 20, IR 80", 0.6),
        ("one part RGB to three parts heat", 0.5),
        ("80 % heat", 0.6),
        ("zero percent colour camera", 1.0),
        ("raise thermal from 30 to 60 percent", 0.2),
        ("half thermal, half visible", 0.0),
        ("a third heat, rest colour", -0.34),
        ("20 % visible and the rest to thermal", 0.6),
    ],
)
def test_a_share_is_a_balance(text: str, balance: float) -> None:
    said, _ = by_rules(text)
    assert said.sets_balance and said.balance == pytest.approx(balance, abs=0.011) and not said.unknown


@pytest.mark.parametrize(
    "text",
    [
        "a third more thermal",
        "30 % darker",
        "20 people, 80 cars",
        "50 % haze",
        "half of the visible noise",
        "a tenth of heat haze",
        "0 parts heat, 0 parts colour",
    ],
)
def test_what_is_no_share_stays(text: str) -> None:
    assert in_percent(text) == text


@given(
    st.integers(0, 100),
    st.sampled_from(["heat", "thermal"]),
    st.sampled_from(["colour", "visible", "the daylight camera"]),
)
def test_two_shares_are_one_number(first: int, thermal: str, visible: str) -> None:
    assert in_percent(f"{first} {thermal}, {100 - first} {visible}") == f"{first} % thermal"
    assert in_percent(f"{first} % {visible} and {100 - first} % {thermal}") == f"{first} % visible"


@given(st.text("0123456789 %-/:,.abcdefthermalvisbonqu", max_size=60))
def test_any_text_is_taken(text: str) -> None:
    in_percent(text)
    clauses(text)
