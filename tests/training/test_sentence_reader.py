"""Training of the reader: it learns what it is shown, and the verb writes what a robot reads."""

from pathlib import Path

import pytest

from ros2_textfuse import cli
from ros2_textfuse.prompts import sentence_reader as robot
from ros2_textfuse.prompts.slots import SLOTS, in_slots, labelled
from ros2_textfuse.training import sentence_reader
from ros2_textfuse.training.sentence_forms import Example
from tests.helpers.encoder import needs_encoder

SHOWN = ("trust the heat => thermal", "fog everywhere => haze", "no people please => !@person", "go back => undo")


@needs_encoder
def test_the_verb_trains_and_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = [Example(one.text, in_slots(one)) for one in map(labelled, SHOWN)]
    monkeypatch.setattr(sentence_reader, "sentences", lambda: shown)
    monkeypatch.setattr(sentence_reader, "phrasings", lambda seed: [])
    path = tmp_path / "reader.safetensors"
    assert cli.main(["train-words", "--part", "reader", "--steps", "40", "--output", str(path)]) == 0
    assert path.stat().st_size == pytest.approx(780_000, rel=0.01)
    monkeypatch.setattr(robot, "WEIGHTS", path)
    robot.forget()
    try:
        shares = dict(zip(SLOTS, robot.read_sentence("fog everywhere"), strict=True))
    finally:
        robot.forget()
    assert shares["haze"].argmax() == 1 and shares["rain"].argmax() == 0


def test_it_never_writes_over_what_is_installed(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["train-words", "--part", "reader", "--output", str(robot.WEIGHTS)]) == 1
    assert "installed" in capsys.readouterr().err
