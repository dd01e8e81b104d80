"""What `textfuse eval` asks before it works."""

from types import SimpleNamespace

import pytest

from ros2_textfuse.commands import eval as verb
from ros2_textfuse.errors import TextfuseError

SOURCE = SimpleNamespace(cameras=("/cam/rgb", "/cam/lwir"))
ASKED = SimpleNamespace(visible_topic="", thermal_topic="")


@pytest.mark.parametrize("answer", ["n", EOFError])
def test_whoever_does_not_confirm_the_topics_is_told_how_to_name_them(monkeypatch, answer):
    """Also after Ctrl-D, which answers nothing."""

    def asked(_):
        if answer is EOFError:
            raise EOFError
        return answer

    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("builtins.input", asked)
    with pytest.raises(TextfuseError, match="--visible-topic and --thermal-topic"):
        verb._confirm(SOURCE, ASKED)
