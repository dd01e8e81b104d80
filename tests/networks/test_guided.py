import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from ros2_textfuse.networks.folding import fold, luma, unfold
from ros2_textfuse.networks.weights import GUIDED, make_network

GFLOP = {"nano": 8, "pico": 2.3}


@pytest.fixture(scope="module", params=GFLOP)
def network(request):
    torch.manual_seed(0)
    network = make_network(request.param).eval()
    for name, weight in network.named_parameters():
        if name in ("head.weight", "of_pixels.weight", "of_cells.weight"):
            torch.nn.init.normal_(weight, std=0.01)  # as after training; they start at zero
    return network


def images(height, width, batch=1):
    generator = torch.Generator().manual_seed(1)
    return tuple(torch.rand(batch, channels, height, width, generator=generator) for channels in (3, 1))


def test_a_frame_costs_at_most_what_its_name_promises(network):
    visible, thermal = images(480, 640)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        network(visible, thermal, torch.zeros(1, network.modulation_size))
    assert counter.get_total_flops() <= GFLOP[type(network).__name__.lower()] * 1e9


def test_no_prompt_give_no_modulation(network):
    modulation = network.modulation(torch.zeros(3, network.config.inputs))
    assert modulation.shape == (3, network.modulation_size)
    assert not modulation.any()


def test_prompts_change_the_image(network):
    visible, thermal = images(32, 48)
    words = 50 * network.modulation(torch.ones(1, network.config.inputs))  # larger than a fresh MLP makes them
    silent, loud = (network(visible, thermal, modulation) for modulation in (0 * words, words))
    assert (silent - loud).abs().max() > 1e-4


@pytest.mark.parametrize(("height", "width"), [(16, 16), (48, 80), (480, 640)])
def test_size_stays(network, height, width):
    visible, thermal = images(height, width)
    with torch.inference_mode():
        assert network(visible, thermal, torch.zeros(1, network.modulation_size)).shape == visible.shape


def test_images_of_a_batch_do_not_mix(network):
    visible, thermal = images(32, 32, batch=2)
    modulation = network.modulation(torch.rand(2, network.config.inputs, generator=torch.Generator().manual_seed(2)))
    together = network(visible, thermal, modulation)
    alone = network(visible[1:], thermal[1:], modulation[1:])
    torch.testing.assert_close(together[1:], alone, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("architecture", GUIDED)
def test_an_untrained_network_shows_the_maximum_of_both(architecture):
    visible, thermal = images(32, 32)
    fresh = make_network(architecture)
    fused = fresh(visible, thermal, fresh.modulation(torch.zeros(1, fresh.config.inputs)))
    torch.testing.assert_close(fused, visible + (thermal - unfold(luma(fold(visible)))).clamp(min=0))


def test_bfloat16_stays_close(network):
    visible, thermal = images(64, 64)
    modulation = network.modulation(torch.full((1, network.config.inputs), 0.5))
    with torch.inference_mode():
        exact = network(visible, thermal, modulation)
        with torch.autocast("cpu", torch.bfloat16):
            rough = network(visible, thermal, modulation)
    assert (exact - rough.float()).abs().max() < 0.02
