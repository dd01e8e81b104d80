"""Weights of the networks: networks made of their files, and written to them; `stored` says what a file holds."""

import json
import logging
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save

from ros2_textfuse.degradations.modes import MODES
from ros2_textfuse.networks.clearing import Clearing, ClearingConfig
from ros2_textfuse.networks.family import FusionNetwork
from ros2_textfuse.networks.guided import GuidedNetwork
from ros2_textfuse.networks.nano import Nano, NanoConfig
from ros2_textfuse.networks.pico import Pico, PicoConfig
from ros2_textfuse.networks.stored import CHECKPOINTS, CLEARING, StoredNetwork, find_weights, misfit, read_stored
from ros2_textfuse.networks.textif import TextIF, TextIFConfig, load_checkpoint
from ros2_textfuse.networks.textif.conversion import is_converted, origin
from ros2_textfuse.runtime.output import write_whole

GUIDED = ("nano", "pico")  # architectures that can be made untrained

logger = logging.getLogger(__name__)


def make_network(architecture: str) -> GuidedNetwork:
    """A fresh network, untrained, of one of GUIDED."""
    return _build(architecture, modes=len(MODES))


def _build(architecture: str, **sizes: Any) -> GuidedNetwork:
    return Nano(NanoConfig(**sizes)) if architecture == "nano" else Pico(PicoConfig(**sizes))


def save_weights(path: str | Path, network: FusionNetwork, extra: Mapping[str, str] | None = None) -> None:
    """Write a network's weights with a header from which `load_network` can build it again.

    Args:
        path: of the safetensors file; its folder must exist.
        network: the network.
        extra: further facts for the header, such as the training step.
    """
    metadata = {
        **(extra or {}),
        "architecture": type(network).__name__.lower(),
        "config": json.dumps(asdict(network.config)),
        "modes": json.dumps(MODES),
    }
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()}
    write_whole(Path(path), save(tensors, metadata))  # save_file would leave it readable to its owner alone


def load_network(name_or_path: str | Path = "nano") -> FusionNetwork:
    """Build a network from its weights, in eval mode, fp32, on the CPU.

    Args:
        name_or_path: one of NAMES for weights of this package, or the path of a safetensors file; or of a checkpoint of
            Text-IF's authors (.pth), which is converted once to a safetensors file beside it.

    Raises:
        WeightsError: as of `read_stored`; or header and tensors are not of one network.
    """
    path = find_weights(name_or_path)
    return _from_checkpoint(path) if path.suffix in CHECKPOINTS else network_of(read_stored(path))


def network_of(stored: StoredNetwork) -> FusionNetwork:
    """A new network of a file's content, in eval mode, fp32, on the CPU.

    Raises:
        WeightsError: header and tensors are not of one network.
    """
    tensors = {name: torch.from_numpy(array) for name, array in stored.arrays.items()}
    try:
        if stored.architecture == "textif":
            return TextIF.unfilled(TextIFConfig.from_dict(dict(stored.config))).filled(tensors)
        sizes: dict[str, Any] = {name: tuple(x) if isinstance(x, list) else x for name, x in stored.config.items()}
        clears = stored.architecture == CLEARING
        network: FusionNetwork = Clearing(ClearingConfig(**sizes)) if clears else _build(stored.architecture, **sizes)
        network.load_state_dict(tensors)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise misfit(stored.path, error) from error
    return network.eval()


def _from_checkpoint(path: Path) -> FusionNetwork:
    """The network of a published checkpoint, converted where it has not been yet."""
    converted = path.with_suffix(".safetensors")
    if is_converted(converted, path):
        return load_network(converted)
    network = load_checkpoint(path)
    try:
        save_weights(converted, network, origin(path))
        logger.info("%s is converted to %s, which is read from now on", path, converted)
    except OSError as error:
        logger.warning("%s cannot be kept converted and is read anew each time: %s", path, error)
    return network
