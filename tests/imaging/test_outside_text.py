"""Text that comes from outside."""

import pytest

from ros2_textfuse.imaging.outside_text import shown


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("rgb8", "rgb8"),
        ("\x1b[31mred\n", "\\x1b[31mred\\n"),
        ("grün", "grün"),
        ("\u202eright to left", "\\u202eright to left"),
        ("x" * 1_000_000, "x" * 60 + "... (1000000 characters)"),
    ],
)
def test_it_is_one_short_printable_line(text, expected):
    assert shown(text) == expected
