"""The small heads on the sentence encoder: feature vectors to severities, requests and kinds of objects."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ros2_textfuse.degradations.modes import MODES

WEIGHTS = Path(__file__).with_name("severity_head.safetensors")

_used: Path | None = None


def use(weights: Path | None) -> None:
    """Read a file of weights in this process, or with None those that are installed."""
    global _used
    _used = weights
    forget()


def read(features: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """The head: feature vectors to severities.

    Args:
        features: float32 [N, 384], as the sentence encoder makes them.

    Returns:
        severities, float32 [N, len(MODES)], 0 or 0.05..1, in the order of MODES; and whether each sentence speaks of
        the images at all, bool [N].
    """
    weights = _head()

    def linear(x: NDArray[np.float32], layer: str) -> NDArray[np.float32]:
        # Not `@`: OpenBLAS wakes a thread for every core even for this little, which then spins beside the fusion.
        return np.einsum("ni,oi->no", x, weights[f"{layer}.weight"]) + weights[f"{layer}.bias"]

    output = linear(np.maximum(linear(features, "hidden"), 0), "output")
    count = len(MODES)
    present, strength = output[:, : count + 1], output[:, count + 1 :]
    severity = np.clip(1 / (1 + np.exp(-strength.clip(-30, 30))), 0.05, 1)
    # Below the threshold a mode is exactly 0, so that a neutral prompt is the same as none.
    severities = np.where(present[:, :count] > weights["threshold"], severity, 0).astype(np.float32)
    return severities, present[:, count] > 0


@functools.lru_cache(maxsize=1)
def _head() -> dict[str, NDArray[np.float32]]:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    from ros2_textfuse.prompts.text_encoder import EncoderError

    try:
        return {name: array.astype(np.float32) for name, array in load_file(_used or WEIGHTS).items()}
    except (OSError, SafetensorError) as error:
        raise EncoderError(f"{_used or WEIGHTS} cannot be read ({error}): install textfuse again") from error


def classify(features: NDArray[np.float32], task: str) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The most probable class of each feature vector.

    Args:
        features: float32 [N, 384], as the sentence encoder makes them.
        task: `requests` or `nouns`, whose classes `training.severity_head` writes in the order of its phrasings.

    Returns:
        numbers of classes, int64 [N], and their probabilities, float32 [N], 0..1.
    """
    weights = _head()
    logits = np.einsum("ni,oi->no", features, weights[f"{task}.weight"]) + weights[f"{task}.bias"]
    odds = np.exp(logits - logits.max(1, keepdims=True))
    shares = odds / odds.sum(1, keepdims=True)
    return shares.argmax(1), shares.max(1)


def forget() -> None:
    """Reads the weights anew at the next text, after they were written."""
    _head.cache_clear()
