import cv2
import numpy as np
import pytest
import torch
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from ros2_textfuse.degradations import synthesis
from ros2_textfuse.degradations.modes import MODES
from ros2_textfuse.errors import WeightsError
from ros2_textfuse.networks.clearing import Clearing, ClearingConfig
from ros2_textfuse.networks.folding import fold, unfold
from ros2_textfuse.networks.source import modulation_of, network_of
from ros2_textfuse.networks.stored import CLEARED, find_weights, read_clearing, read_stored
from ros2_textfuse.recordings.simulated_scene import still


def planes(image):
    return torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1)))[None]


@pytest.fixture(scope="module")
def pair():
    """A part of a simulated pair by day: float32 RGB [240, 320, 3] and [240, 320], 0..1."""
    return tuple(np.float32(image[:240, :320]) / 255 for image in still())


@pytest.fixture(scope="module", params=CLEARED)
def mode(request):
    return request.param


@pytest.fixture(scope="module")
def network(mode):
    """With the shipped weights."""
    return network_of(read_clearing(mode))


@pytest.fixture(scope="module")
def cleared(pair, network):
    """[240, 320, 3] -> cleared at a severity."""
    thermal = fold(torch.from_numpy(pair[1])[None, None])

    def run(image, severity):
        with torch.inference_mode():
            found = network.fuse(fold(planes(image)), thermal, torch.tensor([[severity]]))
        return unfold(found)[0].numpy().transpose(1, 2, 0)

    return run


def test_what_nobody_names_leaves_the_image_as_it_is(pair, cleared):
    np.testing.assert_array_equal(cleared(pair[0], 0.0), pair[0])


def test_it_takes_its_degradation_and_the_more_the_more_severe(mode, pair, cleared):
    scene = pair[0]

    def left(image, severity):
        error = cleared(image, severity) - scene
        return float((error - cv2.GaussianBlur(error, (0, 0), 6)).std())

    degraded = [synthesis.VISIBLE[mode](scene, 0.5, np.random.default_rng(seed)) for seed in range(6)]
    none, little, all_ = (np.mean([left(image, severity) for image in degraded]) for severity in (0.0, 0.2, 0.8))
    assert all_ < little < none
    assert all_ < 0.9 * none


def test_a_clean_scene_keeps_what_is_thin(pair, network, cleared):
    change = 255 * (cleared(pair[0], 1.0) - (1 + network.config.light) * pair[0])
    assert np.sqrt((change**2).mean()) < 5


def test_the_file_makes_the_modulation_that_the_network_makes(mode):
    stored = read_clearing(mode)
    requests = np.random.default_rng(0).uniform(0, 1, (1, len(MODES) + 1)).astype(np.float32)
    found = modulation_of(stored, requests)
    assert found.item() == requests[0, MODES.index(mode)]
    np.testing.assert_array_equal(found, modulation_of(network_of(stored), requests))


def test_it_is_no_model_that_fuses(mode):
    with pytest.raises(WeightsError, match="architecture clearing, expected nano or pico or textif"):
        read_stored(find_weights("nano").with_name(f"{CLEARED[mode]}.safetensors"))


def test_every_size_of_its_config_counts():
    network = Clearing(ClearingConfig("rain", width=8, layers=2))
    assert len(network.layers) == 2 and network.stem.out_channels == 8
    assert network.head.out_channels == 16
    assert Clearing(ClearingConfig("visible_noise", colour=True)).head.out_channels == 16 + 2 * 4


def test_in_colour_all_goes_that_is_finer_than_four_pixels_and_luma_stays():
    """Of a network that has learnt nothing yet."""
    image = torch.rand(1, 3, 24, 32)
    network = Clearing(ClearingConfig("visible_noise", colour=True))
    with torch.inference_mode():
        found = unfold(network.fuse(fold(image), fold(image[:, :1]), torch.full((1, 1), 9.0)))
    luma, before = (0.299 * x[:, 0] + 0.587 * x[:, 1] + 0.114 * x[:, 2] for x in (found, image))
    torch.testing.assert_close(luma, before)
    for channel in (0, 1, 2):
        difference = F.avg_pool2d(image[:, channel] - before, 2)
        expected = difference.repeat_interleave(2, 1).repeat_interleave(2, 2)
        torch.testing.assert_close(found[:, channel] - luma, expected, atol=1e-5, rtol=0)


def test_it_costs_a_small_part_of_what_it_stands_in_front_of(network):
    """Where pico runs because nano is too much, there is to be room for it: model_choice.CLEARING counts on that."""

    def operations(of, modulation):
        with torch.inference_mode(), FlopCounterMode(display=False) as counter:
            of.fuse(torch.zeros(1, 48, 32, 48), torch.zeros(1, 16, 32, 48), modulation)
        return counter.get_total_flops()

    nano = network_of(read_stored("nano"))
    assert operations(network, torch.ones(1, 1)) < 0.36 * operations(nano, torch.zeros(1, nano.modulation_size))
