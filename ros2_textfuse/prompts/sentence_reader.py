"""What a whole sentence asks for, by a model that was trained on sentences: direction, negation and scope.

The sentence encoder with low-rank updates of its layers (Hu et al., LoRA, ICLR 2022), then for each slot of `slots` a
look over the tokens and one linear layer. The encoder's own weights are shared with `text_encoder`.
"""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ros2_textfuse.prompts.clauses import cameras_named
from ros2_textfuse.prompts.slots import SLOTS, STATES

WEIGHTS = Path(__file__).with_name("sentence_reader.safetensors")
_LOW_RANK = ("up", "down")


def read_sentence(text: str) -> NDArray[np.float32]:
    """How probable each state of each slot is: float32 [slots, states], rows of sum 1.

    Args:
        text: English, slips set right.

    Raises:
        EncoderError: no sentence encoder (`text_encoder.find_encoder`), or damaged weights.
    """
    from ros2_textfuse.prompts.text_encoder import shared_encoder

    weights, updates = _weights()
    tokens = shared_encoder().tokens(as_read(text), updates)
    look = np.exp(tokens @ weights["look.weight"].T + weights["look.bias"])  # [T, slots]
    seen = (look / look.sum(0)).T @ tokens  # [slots, 384]
    logits = np.einsum("sw,skw->sk", seen, weights["state"]) + weights["state_bias"]
    odds = np.exp(logits - logits.max(1, keepdims=True))
    shares: NDArray[np.float32] = odds / odds.sum(1, keepdims=True)
    return shares


def as_read(text: str) -> str:
    """`text` as the reader was trained on it: lower case, the cameras called thermal and visible."""
    return cameras_named(" ".join(text.replace("’", "'").lower().replace("_", " ").split()))


@functools.lru_cache(maxsize=1)
def _weights() -> tuple[dict[str, NDArray[np.float32]], dict[str, tuple[NDArray[np.float32], NDArray[np.float32]]]]:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    from ros2_textfuse.prompts.text_encoder import EncoderError

    try:
        loaded = {name: array.astype(np.float32) for name, array in load_file(WEIGHTS).items()}
    except (OSError, SafetensorError) as error:
        raise EncoderError(f"{WEIGHTS} cannot be read ({error}): install textfuse again") from error
    layers = {name.removesuffix(".up") for name in loaded if name.endswith(".up")}
    updates = {layer: (loaded[f"{layer}.up"], loaded[f"{layer}.down"]) for layer in layers}
    if loaded["state"].shape[:2] != (len(SLOTS), STATES):
        raise EncoderError(f"{WEIGHTS} has the slots of another version: install textfuse again")
    return loaded, updates


def forget() -> None:
    """Reads the weights anew at the next text, after they were written."""
    _weights.cache_clear()
