"""What is computed from a weights file without torch is what the network computes."""

import gc
import weakref

import numpy as np
import pytest
import torch

from ros2_textfuse.networks.source import inputs_of, modulation_of, network_of, open_source
from ros2_textfuse.networks.stored import NAMES, read_stored
from ros2_textfuse.networks.textif import TextIF
from ros2_textfuse.networks.weights import save_weights
from ros2_textfuse.prompts.gelu import gelu
from tests.helpers.textif import small_network


@pytest.mark.parametrize("name", NAMES)
def test_modulation_is_the_networks(name):
    stored = read_stored(name)
    requests = np.random.default_rng(0).uniform(-1, 1, (50, inputs_of(stored))).astype(np.float32)
    requests[0] = 0
    found, expected = modulation_of(stored, requests), modulation_of(network_of(stored), requests)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=3e-6)
    assert not found[0].any()  # no prompt changes nothing


def test_nothing_holds_textif_when_it_is_given_back(tmp_path):
    """127 million weights; a node that was configured anew with another network held them to its end."""
    save_weights(tmp_path / "small.safetensors", small_network())
    source = open_source(tmp_path / "small.safetensors")
    assert isinstance(source, TextIF)
    held = weakref.ref(source)
    del source
    gc.collect()
    assert held() is None


def test_gelu_is_torchs():
    x = np.linspace(-9, 9, 4001, dtype=np.float32)
    np.testing.assert_allclose(gelu(x), torch.nn.functional.gelu(torch.from_numpy(x)).numpy(), atol=1e-6)
