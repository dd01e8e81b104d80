import pytest
import torch

from ros2_textfuse.degradations.modes import MODES
from ros2_textfuse.networks.nano import Nano, NanoConfig
from tools.deepen_weights import deepened


def test_a_deeper_network_makes_the_same_images_until_it_is_trained():
    torch.manual_seed(0)
    network = Nano(NanoConfig(modes=len(MODES), widths=(16, 24, 32)))
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.05)
    deeper = deepened(network, 4)
    assert len(deeper.blocks) == len(network.blocks) + 2
    visible, thermal, request = torch.rand(1, 3, 48, 64), torch.rand(1, 1, 48, 64), torch.rand(1, len(MODES) + 1)
    with torch.inference_mode():
        images = [one(visible, thermal, one.modulation(request)) for one in (network, deeper)]
    torch.testing.assert_close(*images)
    assert all(block.conv1.weight.abs().sum() > 0 for block in deeper.blocks)


def test_what_is_as_deep_already():
    with pytest.raises(ValueError, match="above 2 expected, got 2"):
        deepened(Nano(NanoConfig(modes=len(MODES), widths=(8, 8, 8))), 2)
