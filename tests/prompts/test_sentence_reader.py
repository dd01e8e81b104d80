"""The reader of whole sentences: NumPy computes what was trained, and damaged weights are named."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer

from ros2_textfuse.prompts import sentence_reader
from ros2_textfuse.prompts.slots import SLOTS
from ros2_textfuse.prompts.text_encoder import EncoderError, find_encoder
from ros2_textfuse.training.sentence_reader import Reader, save
from tests.helpers.encoder import needs_encoder


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    path = tmp_path / "reader.safetensors"
    monkeypatch.setattr(sentence_reader, "WEIGHTS", path)
    sentence_reader.forget()
    yield path
    sentence_reader.forget()


@needs_encoder
def test_a_robot_reads_what_was_trained(weights: Path) -> None:
    torch.manual_seed(0)
    folder = find_encoder()
    reader = Reader(folder / "model.safetensors").eval()
    for parameter in reader.parameters():
        parameter.data = (parameter.data + 0.05 * torch.randn_like(parameter)).half().float()  # as stored
    save(reader, weights, 0)
    text = "no fog, but more of the thermal camera"
    encoding = Tokenizer.from_file(str(folder / "tokenizer.json")).encode(text)
    with torch.no_grad():
        expected = reader(torch.tensor([encoding.ids]), torch.tensor([encoding.attention_mask])).softmax(-1)[0].numpy()
    read = sentence_reader.read_sentence("No fog, but more of the FLIR camera")
    assert read.shape == (len(SLOTS), 3) and abs(read - expected).max() < 1e-4


@needs_encoder
def test_damaged_weights_are_named(weights: Path) -> None:
    weights.write_bytes(b"no weights")
    with pytest.raises(EncoderError, match=r"reader\.safetensors cannot be read"):
        sentence_reader.read_sentence("fog")
