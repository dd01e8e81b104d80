"""A checkpoint as Text-IF's authors publish them, of a small network with random weights."""

import argparse
from dataclasses import replace

import pytest
import torch

from ros2_textfuse.networks.textif import TextIF, TextIFConfig
from ros2_textfuse.networks.textif.checkpoint import published_name
from ros2_textfuse.networks.textif.text_tower import TextTowerConfig
from ros2_textfuse.prompts.clip_tokenizer import find_vocabulary
from ros2_textfuse.prompts.text_encoder import EncoderError

SMALL = TextIFConfig(8, (1, 1, 1, 1), (1, 2, 4, 8), 1, 2, TextTowerConfig(500, 77, 64, 1, 32))
READING = replace(SMALL, text=replace(SMALL.text, vocabulary=49408))  # all of CLIP's tokens

try:
    find_vocabulary()
    MISSING = ""
except EncoderError as error:
    MISSING = str(error)
needs_vocabulary = pytest.mark.skipif(bool(MISSING), reason=f"needs CLIP's vocabulary: {MISSING}")


def small_network(config: TextIFConfig = SMALL) -> TextIF:
    """Its images have contrast, and what the text says shows in them."""
    torch.manual_seed(0)
    network = TextIF(config).eval()
    with torch.no_grad():
        network.output.weight *= 0.6
        for level in network.sigm.values():
            level[2].weight *= 3
    return network


def state_of(network: TextIF) -> dict[str, torch.Tensor]:
    """By the published names, with a little of what a published checkpoint holds beside."""
    state = {published_name(name): tensor for name, tensor in network.state_dict().items()}
    return {**state, "model_clip.visual.proj": torch.zeros(2, 2), "model_clip.logit_scale": torch.zeros(())}


def write_checkpoint(path, state):
    """As the authors' training writes it, its arguments included."""
    torch.save({"model": state, "epoch": 3, "args": argparse.Namespace(lr=1e-4)}, path)
    return path
