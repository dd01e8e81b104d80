"""What is computed from a weights file without torch is what the network computes."""

import numpy as np
import pytest
import torch

from ros2_textfuse.networks.source import inputs_of, modulation_of, network_of
from ros2_textfuse.networks.stored import NAMES, read_stored
from ros2_textfuse.prompts.gelu import gelu


@pytest.mark.parametrize("name", NAMES)
def test_modulation_is_the_networks(name):
    stored = read_stored(name)
    requests = np.random.default_rng(0).uniform(-1, 1, (50, inputs_of(stored))).astype(np.float32)
    requests[0] = 0
    found, expected = modulation_of(stored, requests), modulation_of(network_of(stored), requests)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=3e-6)
    assert not found[0].any()  # no prompt changes nothing


def test_gelu_is_torchs():
    x = np.linspace(-9, 9, 4001, dtype=np.float32)
    np.testing.assert_allclose(gelu(x), torch.nn.functional.gelu(torch.from_numpy(x)).numpy(), atol=1e-6)
