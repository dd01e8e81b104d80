"""Weights of the networks as safetensors files that say what they are.

The header of a file names the architecture, its config and the order of the severity vector; a file that does not fit
this version is refused with the reason, never loaded half.
"""

import json
import logging
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from ros2_textfuse.degradations.modes import MODES
from ros2_textfuse.errors import WeightsError
from ros2_textfuse.networks.family import FusionNetwork
from ros2_textfuse.networks.guided import GuidedNetwork
from ros2_textfuse.networks.nano import Nano, NanoConfig
from ros2_textfuse.networks.pico import Pico, PicoConfig
from ros2_textfuse.networks.textif import TextIF, TextIFConfig, load_checkpoint
from ros2_textfuse.networks.textif.conversion import SUFFIXES, is_converted, origin
from ros2_textfuse.runtime.output import write_whole

NAMES = ("nano", "nano-open", "pico")  # models that come with the package
GUIDED = ("nano", "pico")  # architectures that can be made untrained
ARCHITECTURES = (*GUIDED, "textif")
LARGEST = 1e4
"""Of a weight's magnitude; trained ones are within a few tens, and float16 ends at 65504."""

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
        WeightsError: the file is missing, truncated or corrupt, of another architecture or other modes, or holds
            numbers that are not finite or beyond all measure.
    """
    path = find_weights(name_or_path)
    if path.suffix in SUFFIXES:
        return _from_checkpoint(path)
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
    except (SafetensorError, OSError) as error:
        raise WeightsError(f"{path}: truncated or corrupt ({error}); fetch or export it again") from error
    for name, tensor in tensors.items():
        if not torch.isfinite(tensor).all() or (tensor.numel() and tensor.abs().max() > LARGEST):
            raise WeightsError(
                f"{path}: {name} holds numbers that no trained network has (not finite, or above {LARGEST:g}): the "
                "training diverged or the file is damaged; train or export it again"
            )
    found = metadata.get("architecture", "unknown (no header of textfuse)")
    if found not in ARCHITECTURES:
        known = " or ".join(ARCHITECTURES)
        raise WeightsError(f"{path}: architecture {found}, expected {known}; give a file of `textfuse train`")
    modes = metadata.get("modes")
    if modes != json.dumps(MODES) and found != "textif":  # which reads sentences
        raise WeightsError(
            f"{path}: trained for the modes {modes}, this version has {json.dumps(MODES)}; "
            "use the textfuse version that it was trained with, or train again"
        )
    try:
        config = json.loads(metadata["config"])
        if found == "textif":
            return TextIF.unfilled(TextIFConfig.from_dict(config)).filled(tensors)
        network = _build(found, **{**config, "widths": tuple(config["widths"])})
        network.load_state_dict(tensors)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise WeightsError(f"{path}: header and tensors do not fit ({error}); export it again") from error
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


def find_weights(name_or_path: str | Path) -> Path:
    """The file of a model name or a path.

    Raises:
        WeightsError: there is no such file.
    """
    named = str(name_or_path) in NAMES
    path = Path(__file__).with_name(f"{name_or_path}.safetensors") if named else Path(name_or_path)
    if path.is_file():
        return path
    if named:
        raise WeightsError(f"{path}: missing; install textfuse again, or make it with `textfuse train`")
    raise WeightsError(f"{path}: no such file; give a safetensors file or one of the names {', '.join(NAMES)}")
