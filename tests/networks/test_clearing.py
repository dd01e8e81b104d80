import cv2
import numpy as np
import pytest
import torch
from torch.nn import functional as F

from ros2_textfuse.degradations import synthesis
from ros2_textfuse.degradations.modes import MODES
from ros2_textfuse.errors import WeightsError
from ros2_textfuse.networks.clearing import Clearing, ClearingConfig, _folded, _halved
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


@pytest.mark.parametrize("channels", [1, 3])
def test_folded_by_two_and_back(channels):
    image = torch.rand(2, channels, 24, 32)
    assert torch.equal(_halved(fold(image)), F.pixel_unshuffle(image, 2))
    assert torch.equal(_folded(_halved(fold(image))), fold(image))


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
    network = Clearing(ClearingConfig("rain", width=8, dilations=(1, 3)))
    assert len(network.layers) == 2 and network.layers[1].dilation == (3, 3)
    assert network.stem.out_channels == 8
    assert Clearing(ClearingConfig("visible_noise", colour=True)).head.out_channels == 3 * network.head.out_channels
