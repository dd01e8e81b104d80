"""The checkpoints that the authors of Text-IF publish: PyTorch's own format, by their names of the layers.

Nothing in such a file is executed: torch reads tensors and plain values and refuses the rest.
"""

import argparse
import pickle
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ros2_textfuse.errors import WeightsError
from ros2_textfuse.networks.textif.network import LEVELS, TextIF, TextIFConfig
from ros2_textfuse.networks.textif.text_tower import TextTowerConfig

TOWER = "model_clip."
IMAGE_TOWER = ("model_clip.visual.", "model_clip.logit_scale")  # of CLIP, for which a prompt has no use
SOURCE = "https://github.com/XunpengYi/Text-IF"

# From our names to the published ones, in this order. `N+` stands for the number found, plus one.
_NAMES = (
    (r"^text\.tokens\.", TOWER + "token_embedding."),
    (r"^text\.positions$", TOWER + "positional_embedding"),
    (r"^text\.projection$", TOWER + "text_projection"),
    (r"^text\.layers\.norm\.", TOWER + "ln_final."),
    (r"^text\.layers\.layers\.", TOWER + "transformer.resblocks."),
    (r"\.self_attn\.", ".attn."),
    (r"(resblocks\.\d+)\.norm(\d)\.", r"\1.ln_\2."),
    (r"\.linear1\.", ".mlp.c_fc."),
    (r"\.linear2\.", ".mlp.c_proj."),
    (r"^visible\.", "encoder_A."),
    (r"^thermal\.", "encoder_B."),
    (r"\.embed\.", ".patch_embed.proj."),
    (r"\.levels\.(\d)\.", r".encoder_level\1."),
    (r"^cross\.visible\.(\w+)\.", r"cross_attention.\1_A."),
    (r"^cross\.thermal\.(\w+)\.", r"cross_attention.\1_B."),
    (r"^attention\.fused\.", "attention_spatial."),
    (r"^merges\.(\d)\.", r"feature_fusion_\1.fusion_proj."),
    (r"^sigm\.(\d)\.", r"prompt_guidance_\1.MLP."),
    (r"^reductions\.(\d)\.", r"reduce_chan_level\1."),
    (r"^decoders\.(\d)\.", r"decoder_level\1."),
    (r"\.(norm\d)\.", r".\1.body."),
    (r"\.attention\.spread\.", ".attn.qkv_dwconv."),
    (r"\.attention\.out\.", ".attn.project_out."),
    (r"\.attention\.", ".attn."),
    (r"\.widen\.", ".ffn.project_in."),
    (r"\.mix\.", ".ffn.dwconv."),
    (r"\.narrow\.", ".ffn.project_out."),
)


def published_name(name: str) -> str:
    """What the authors call a tensor of `TextIF`'s state."""
    for pattern, replacement in _NAMES:
        name = re.sub(pattern, replacement, name)
    name = re.sub(r"\.downs\.(\d)\.", lambda found: f".down{found[1]}_{int(found[1]) + 1}.body.0.", name)
    return re.sub(r"^ups\.(\d)\.", lambda found: f"up{found[1]}_{int(found[1]) - 1}.body.0.", name)


def load_checkpoint(path: str | Path) -> TextIF:
    """Build the network from a published checkpoint, or one trained by the authors' code.

    Args:
        path: of a file that holds a state, or a dict whose entry `model` is one; names may begin with `module.`.
            Numbers may be of any floating-point type.

    Returns:
        The network in evaluation mode, float32, on the CPU.

    Raises:
        WeightsError: the file is missing, truncated, holds other things than weights, is of another network, lacks
            CLIP's text tower, or its tensors do not fit; the message names those that are missing or unexpected.
    """
    path = Path(path)
    state = {name: tensor for name, tensor in _read_state(path).items() if not name.startswith(IMAGE_TOWER)}
    network = TextIF.unfilled(_config(path, state))
    expected = {published_name(name): name for name in network.state_dict()}
    missing, unexpected = sorted(expected.keys() - state.keys()), sorted(state.keys() - expected.keys())
    wrong = [f"missing {name}" for name in missing] + [f"unexpected {name}" for name in unexpected]
    wrong += [
        f"{theirs} is {list(state[theirs].shape)}, expected {list(tensor.shape)}"
        for theirs, tensor in ((theirs, network.state_dict()[ours]) for theirs, ours in expected.items())
        if theirs in state and state[theirs].shape != tensor.shape
    ]
    if wrong:
        raise WeightsError(f"{path}: no checkpoint of {SOURCE} as published: {'; '.join(wrong)}")
    return network.filled({expected[name]: tensor.float() for name, tensor in state.items()})


def _read_state(path: Path) -> dict[str, Tensor]:
    if not path.is_file():
        raise WeightsError(f"{path}: no such file; the authors' checkpoints are linked at {SOURCE}")
    try:
        # Beside the weights, the authors' training leaves its arguments: plain values.
        with torch.serialization.safe_globals([argparse.Namespace]):
            content: Any = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        found = re.search(r"GLOBAL (\S+)|Unsupported global: (?:GLOBAL )?(\S+)", str(error))
        what = f" ({found[1] or found[2]})" if found else ""
        raise WeightsError(
            f"{path}: holds other things than weights{what} and was not read further, since that could execute code in "
            f"it; give a checkpoint as published at {SOURCE}"
        ) from error
    except (RuntimeError, EOFError, OSError, ValueError, KeyError, AttributeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise WeightsError(f"{path}: truncated or no checkpoint of PyTorch ({reason}); fetch it again") from error
    state = content.get("model", content) if isinstance(content, Mapping) else content
    if not isinstance(state, Mapping) or not all(isinstance(tensor, Tensor) for tensor in state.values()):
        raise WeightsError(
            f"{path}: holds no state of a network, neither by itself nor as 'model'; give a checkpoint as published at "
            f"{SOURCE}"
        )
    return {str(name).removeprefix("module."): tensor for name, tensor in state.items()}


def _config(path: Path, state: Mapping[str, Tensor]) -> TextIFConfig:
    """The sizes of the network that a state is of, as its tensors show them."""
    names = "\n".join(state)

    def count(stem: str) -> int:
        return len(set(re.findall(rf"^{re.escape(stem)}(\d+)\.", names, re.MULTILINE)))

    if not any(name.startswith("encoder_A.") for name in state):
        few = ", ".join(sorted(state)[:3]) or "nothing"
        raise WeightsError(
            f"{path}: of another network ({few} ...); a checkpoint of Text-IF has tensors such as "
            "encoder_A.patch_embed.proj.weight"
        )
    if not any(name.startswith(TOWER) for name in state):
        raise WeightsError(
            f"{path}: without CLIP's text tower ({TOWER}*), so that no prompt could be read; the checkpoints published "
            f"at {SOURCE} hold it: give one, or save the whole model"
        )

    def size(name: str, dimension: int, usual: int) -> int:
        """Of a tensor that the state has; what is missing is told with all else that is."""
        return state[name].shape[dimension] if name in state and state[name].dim() > dimension else usual

    usual = TextIFConfig()
    width = size("encoder_A.patch_embed.proj.weight", 0, usual.width)
    heads = (f"encoder_A.encoder_level{level}.0.attn.temperature" for level in LEVELS)
    text = TextTowerConfig(
        vocabulary=size(f"{TOWER}token_embedding.weight", 0, usual.text.vocabulary),
        context=size(f"{TOWER}positional_embedding", 0, usual.text.context),
        width=size(f"{TOWER}token_embedding.weight", 1, usual.text.width),
        layers=count(f"{TOWER}transformer.resblocks."),
        features=size(f"{TOWER}text_projection", 1, usual.text.features),
    )
    return TextIFConfig(
        width=width,
        blocks=tuple(count(f"encoder_A.encoder_level{level}.") for level in LEVELS),
        heads=tuple(size(name, 0, count) for name, count in zip(heads, usual.heads, strict=True)),
        refinement=count("refinement."),
        expansion=size("encoder_A.encoder_level1.0.ffn.project_in.weight", 0, usual.expansion * width) // width,
        text=text,
    )
