"""The tokenizer of CLIP (Radford et al., ICML 2021): byte pairs of lower-case text.

The library tokenizers does the work; the vocabulary is read out of an installed package that brings it.
"""

from __future__ import annotations

import gzip
import importlib.util
import os
from collections.abc import Sequence
from pathlib import Path

from ros2_textfuse.prompts.text_encoder import EncoderError

ENVIRONMENT = "TEXTFUSE_CLIP_VOCABULARY"
PACKAGES = ("open_clip", "clip")
FILE = "bpe_simple_vocab_16e6.txt.gz"
CURE = f"Install it with `pip install --no-deps open_clip_torch==3.3.0`, or set {ENVIRONMENT} to the path of {FILE}."

CONTEXT = 77  # tokens, those at both ends included
_MERGES = 48894
_START, _END = "<|startoftext|>", "<|endoftext|>"
_PIECES = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"


def find_vocabulary() -> Path:
    """The file of byte pairs: what TEXTFUSE_CLIP_VOCABULARY names, else that of an installed package.

    Raises:
        EncoderError: there is none.
    """
    if named := os.environ.get(ENVIRONMENT):
        if not Path(named).is_file():
            raise EncoderError(f"CLIP's vocabulary: {named}, which {ENVIRONMENT} names, is no file. {CURE}")
        return Path(named)
    # Found without importing them: they import torchvision and more, which a robot does not have.
    for package in PACKAGES:
        spec = importlib.util.find_spec(package)
        for folder in (spec and spec.submodule_search_locations) or ():
            if (path := Path(folder) / FILE).is_file():
                return path
    raise EncoderError(f"CLIP's vocabulary, with which textif reads prompts, was not found. {CURE}")


class ClipTokenizer:
    """Sentences to the numbers of CLIP's tokens.

    Args:
        path: of the byte pairs; None for `find_vocabulary`.

    Raises:
        EncoderError: not found, damaged, or the library tokenizers is not installed.
    """

    def __init__(self, path: Path | None = None) -> None:
        try:
            from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors
        except ImportError as error:
            raise EncoderError(f"textif reads prompts with tokenizers, which cannot be imported ({error}): "
                               "pip install tokenizers") from error  # fmt: skip
        path = path or find_vocabulary()
        merges = _read_merges(path)
        letters = sorted(pre_tokenizers.ByteLevel.alphabet())  # one for each byte
        words = [*letters, *(f"{letter}</w>" for letter in letters), *map("".join, merges), _START, _END]
        vocabulary = {word: number for number, word in enumerate(words)}
        self._tokenizer = Tokenizer(models.BPE(vocabulary, merges, end_of_word_suffix="</w>", unk_token=_END))
        self._tokenizer.normalizer = normalizers.Sequence(
            [normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()]
        )
        self._tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [
                pre_tokenizers.Split(Regex(_PIECES), behavior="removed", invert=True),
                pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
            ]
        )
        ends = ((_END, vocabulary[_END]), (_START, vocabulary[_START]))
        self._tokenizer.post_processor = processors.RobertaProcessing(*ends, trim_offsets=False, add_prefix_space=False)

    def encode(self, sentence: str) -> Sequence[int]:
        """The numbers of a sentence's tokens, start and end included; more than CONTEXT where it is long."""
        return self._tokenizer.encode(sentence).ids


def _read_merges(path: Path) -> list[tuple[str, str]]:
    try:
        lines = gzip.decompress(path.read_bytes()).decode().splitlines()[1 : 1 + _MERGES]
        merges = [(first, second) for first, second in map(str.split, lines)]
    except (OSError, EOFError, ValueError) as error:
        raise EncoderError(f"CLIP's vocabulary {path} cannot be read ({error}). {CURE}") from error
    if len(merges) < _MERGES:
        raise EncoderError(f"CLIP's vocabulary {path} has {len(merges)} of {_MERGES} byte pairs. {CURE}")
    return merges
