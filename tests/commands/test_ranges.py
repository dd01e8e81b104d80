"""Numbers on the command line that make no sense, before anything is started for them."""

import pytest

from ros2_textfuse import cli


@pytest.mark.parametrize(
    "words",
    [
        ("demo", "--seconds", "-3"),
        ("demo", "--seconds", "nan"),
        ("demo", "--rate", "0"),
        ("prompt", "dark", "--timeout", "nan"),
        ("prompt", "dark", "--timeout", "-1"),
    ],
    ids=" ".join,
)
def test_a_number_out_of_range_is_refused(words, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli.main([*words]) == 1
    assert f"textfuse {words[0]}: {words[-2]} is {words[-1]}: expected " in capsys.readouterr().err
    assert not [*tmp_path.iterdir()]
