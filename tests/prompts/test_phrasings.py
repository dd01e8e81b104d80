"""The words that train and test the head: the split is clean, the head holds on the side it never saw."""

from pathlib import Path

import numpy as np
import pytest

from ros2_textfuse import cli
from ros2_textfuse.degradations.modes import MODES
from ros2_textfuse.prompts import head, resolve, understanding
from ros2_textfuse.prompts.head import WEIGHTS
from ros2_textfuse.prompts.phrasings import TEST, TRAIN, Part, handwritten, prompts
from ros2_textfuse.prompts.text_encoder import FEATURES
from ros2_textfuse.training import severity_head
from ros2_textfuse.training.severity_head import evaluate
from tests.helpers.encoder import needs_encoder


def _plain(text: str) -> str:
    return " ".join(text.lower().split()).strip(" .!?") or text


def _pieces(part: Part) -> dict[str, set[str]]:
    """Everything a person wrote in a part, by field, without severities, capitals and full stops."""
    pieces: dict[str, set[str]] = {}
    for name, value in vars(part).items():
        lists = value.values() if isinstance(value, dict) else [value]
        lines = [line if isinstance(line, str) else line[0] for listed in lists for line in listed]
        pieces[name] = {_plain(line.split("|")[0]) for line in lines}
    return pieces


def test_no_phrasing_is_on_both_sides() -> None:
    train, test = _pieces(TRAIN), _pieces(TEST)
    for name in train:
        assert not train[name] & test[name], name


def test_no_test_sentence_is_ever_generated_for_training() -> None:
    trained = {_plain(prompt.text) for prompt in prompts(TRAIN, 9000, 0)}
    assert not trained & {_plain(prompt.text) for prompt in handwritten(TEST)}


@pytest.mark.parametrize("part", [TRAIN, TEST])
def test_prompts_are_well_formed(part: Part) -> None:
    made = prompts(part, 300, 3)
    assert made == prompts(part, 300, 3) and made != prompts(part, 300, 4)
    assert len({prompt.text for prompt in made}) == len(made)
    for prompt in made:
        assert prompt.text.strip() and not set(prompt.text) & set("{}|")
        assert set(prompt.severities) <= set(MODES) and (prompt.about or not prompt.severities)
        assert all(0 < severity <= 1 for severity in prompt.severities.values())
    assert {mode for prompt in made for mode in prompt.severities} == set(MODES)


@needs_encoder
def test_the_head_holds_on_unseen_sentences() -> None:
    figures = evaluate(list(handwritten(TEST)))
    assert figures["precision"] >= 0.95
    assert figures["recall"] >= 0.95
    assert figures["false_alarms"] <= 0.02
    assert figures["severity_mae"] <= 0.1


@needs_encoder
def test_neutral_words_are_exactly_no_prompt() -> None:
    for text in ("good morning", "show me the person", "fuse the two cameras", "the parking lot by the river", "qwrtz"):
        assert (resolve(text).vector() == resolve().vector()).all(), text


@needs_encoder
def test_training_writes_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of features drawn at random: those of all sentences take the encoder a quarter of a minute."""
    rng = np.random.default_rng(0)
    monkeypatch.setattr(severity_head, "encode", lambda texts: rng.normal(size=(len(texts), FEATURES)).astype("f4"))
    path = tmp_path / "words.safetensors"
    command = ["train-words", "--output", str(path), "--count", "0", "--epochs", "1", "--test-count", "1"]
    try:
        assert cli.main(command) == 0
    finally:
        head.use(None)
        understanding.forget()
    assert path.stat().st_size == pytest.approx(WEIGHTS.stat().st_size, abs=200)


def test_training_never_writes_over_what_is_installed(capsys: pytest.CaptureFixture[str]) -> None:
    before = WEIGHTS.read_bytes()
    assert cli.main(["train-words", "--output", str(WEIGHTS), "--count", "0", "--epochs", "1"]) == 1
    assert "installed" in capsys.readouterr().err and WEIGHTS.read_bytes() == before
