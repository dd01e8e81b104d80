import cv2
import numpy as np
import pytest
import torch
from torch.nn import functional as F

from ros2_textfuse.degradations import synthesis
from ros2_textfuse.degradations.modes import MODES
from ros2_textfuse.errors import WeightsError
from ros2_textfuse.networks.derain import LIGHT, Derain, DerainConfig, _folded, _halved
from ros2_textfuse.networks.folding import fold, unfold
from ros2_textfuse.networks.source import modulation_of, network_of
from ros2_textfuse.networks.stored import find_weights, read_derain, read_stored
from ros2_textfuse.recordings.simulated_scene import still


def planes(image):
    return torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1)))[None]


@pytest.fixture(scope="module")
def pair():
    """A part of a simulated pair by day: float32 RGB [240, 320, 3] and [240, 320], 0..1."""
    return tuple(np.float32(image[:240, :320]) / 255 for image in still())


@pytest.fixture(scope="module")
def cleared(pair):
    """[240, 320, 3] -> without streaks, as the shipped weights take them at a severity."""
    network, thermal = network_of(read_derain()), fold(torch.from_numpy(pair[1])[None, None])

    def run(image, severity):
        with torch.inference_mode():
            found = network.fuse(fold(planes(image)), thermal, torch.tensor([[severity]]))
        return unfold(found)[0].numpy().transpose(1, 2, 0)

    return run


def test_folded_by_two_and_back():
    image = torch.rand(2, 1, 24, 32)
    assert torch.equal(_halved(fold(image)), F.pixel_unshuffle(image, 2))
    assert torch.equal(_folded(_halved(fold(image))), fold(image))


def test_no_rain_leaves_the_image_as_it_is(pair, cleared):
    np.testing.assert_array_equal(cleared(pair[0], 0.0), pair[0])


def test_streaks_are_taken_and_the_more_the_more_severe(pair, cleared):
    scene = pair[0]

    def left(wet, severity):
        error = cleared(wet, severity) - scene
        return float((error - cv2.GaussianBlur(error, (0, 0), 6)).std())

    wet = [synthesis.rain(scene, 0.5, np.random.default_rng(seed)) for seed in range(6)]
    none, little, all_ = (np.mean([left(image, severity) for image in wet]) for severity in (0.0, 0.1, 0.8))
    assert all_ < little < none
    assert all_ < 0.9 * none


def test_a_scene_without_rain_keeps_what_is_thin_and_upright(pair, cleared):
    change = 255 * (cleared(pair[0], 1.0) - (1 + LIGHT) * pair[0])
    assert np.sqrt((change**2).mean()) < 5


def test_the_file_makes_the_modulation_that_the_network_makes():
    stored = read_derain()
    requests = np.random.default_rng(0).uniform(0, 1, (1, len(MODES) + 1)).astype(np.float32)
    np.testing.assert_array_equal(modulation_of(stored, requests), modulation_of(network_of(stored), requests))


def test_it_is_no_model_that_fuses():
    with pytest.raises(WeightsError, match="architecture derain, expected nano or pico or textif"):
        read_stored(find_weights("nano").with_name("derain.safetensors"))


def test_every_size_of_its_config_counts():
    network = Derain(DerainConfig(len(MODES), width=8, dilations=(1, 3)))
    assert len(network.layers) == 2 and network.layers[1].dilation == (3, 3)
    assert network.stem.out_channels == 8
