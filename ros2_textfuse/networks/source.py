"""What an engine is built from and a prompt is read for: a network, or the file of one, which brings no torch."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, Union

import numpy as np
from numpy.typing import NDArray

from ros2_textfuse.networks.stored import CHECKPOINTS, StoredNetwork, find_weights, read_stored

if TYPE_CHECKING:
    from ros2_textfuse.networks.family import FusionNetwork

NetworkSource: TypeAlias = Union[StoredNetwork, "FusionNetwork"]


def open_source(name_or_path: str | Path) -> NetworkSource:
    """The weights of a name or a path, as `load_network` takes them; torch is imported for textif alone.

    Raises:
        WeightsError: as of `load_network`.
    """
    path = find_weights(name_or_path)
    if path.suffix in CHECKPOINTS:
        from ros2_textfuse.networks.weights import load_network

        return load_network(path)
    stored = read_stored(path)
    if stored.architecture != "textif":
        return stored
    from ros2_textfuse.networks import weights

    return weights.network_of(stored)  # not by `_made`, which would hold half a gigabyte when nobody needs it any more


def network_of(source: NetworkSource) -> FusionNetwork:
    """The network itself, in eval mode, float32, on the CPU; imports torch.

    Raises:
        WeightsError: the arrays of a file are not those of its architecture.
    """
    return _made(source) if isinstance(source, StoredNetwork) else source


@lru_cache(maxsize=3)  # one that fuses, and those that clear
def _made(stored: StoredNetwork) -> FusionNetwork:
    from ros2_textfuse.networks import weights

    return weights.network_of(stored)


def arrays_of(source: NetworkSource) -> Mapping[str, NDArray]:
    """Parameters and buffers by their names."""
    if isinstance(source, StoredNetwork):
        return source.arrays
    return {name: tensor.detach().cpu().numpy() for name, tensor in source.state_dict().items()}


def reads_sentences(source: NetworkSource) -> bool:
    """Whether prompts reach the network as sentences (textif), not as severities."""
    if isinstance(source, StoredNetwork):
        return source.architecture == "textif"
    from ros2_textfuse.networks.textif import TextIF

    return isinstance(source, TextIF)


def inputs_of(source: NetworkSource) -> int:
    """Length of what a prompt comes to."""
    return source.inputs if isinstance(source, StoredNetwork) else source.config.inputs


def modulation_of(source: NetworkSource, features: NDArray[np.float32]) -> NDArray[np.float32]:
    """What a prompt does to the network's features.

    Args:
        source: of the network.
        features: [B, inputs], as of `PromptInput.features`.

    Returns:
        float32 [B, modulation_size].
    """
    if isinstance(source, StoredNetwork):
        return source.modulation(features)
    import torch

    with torch.inference_mode():
        modulation: NDArray[np.float32] = source.modulation(torch.from_numpy(features)).numpy()
    return modulation
