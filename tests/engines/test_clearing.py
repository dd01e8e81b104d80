"""Networks that clear in front of one that fuses, as one engine."""

import cv2
import numpy as np
import pytest
import torch

from ros2_textfuse import Fuser
from ros2_textfuse.degradations.modes import MODES
from ros2_textfuse.degradations.synthesis import rain
from ros2_textfuse.engines import EngineConfig, build_engine, clearing
from ros2_textfuse.engines.verification import check_pair
from ros2_textfuse.imaging.stretching import stretched
from ros2_textfuse.networks.source import modulation_of
from ros2_textfuse.networks.stored import CLEARED, read_clearing, read_stored
from ros2_textfuse.recordings.simulated_scene import still
from tests.helpers.textif import small_network

SIZE = 48, 64


def features(**severities):
    return np.array([[*(severities.get(mode, 0.0) for mode in MODES), 0.0]], np.float32)


@pytest.fixture(scope="module")
def stored():
    return read_stored("pico")


@pytest.fixture(scope="module")
def whole(stored):
    return clearing.build("eager", EngineConfig(stored, *SIZE))[0]


def fused(engine, visible, thermal, modulation):
    out = np.empty_like(visible)
    engine.run(visible, thermal, modulation, out)
    return out


def test_where_nothing_is_to_be_cleared_it_is_the_engine_that_fuses(stored, whole):
    alone, _ = build_engine("eager", EngineConfig(stored, *SIZE))
    pair = check_pair(*SIZE)
    for asked in (features(), features(haze=0.7)):
        expected = fused(alone, *pair, modulation_of(stored, asked))
        found = fused(whole, *pair, clearing.modulation_in_parts(stored, asked))
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("named", [{"rain": 0.6}, {"visible_noise": 0.4}, {"rain": 0.6, "visible_noise": 0.4}])
def test_one_fuses_what_the_others_have_cleared_and_hears_nothing_of_it(stored, whole, named):
    alone, _ = build_engine("eager", EngineConfig(stored, *SIZE))
    visible, thermal = check_pair(*SIZE)
    clear = visible
    for mode in CLEARED:  # noise, the last that came upon the image, goes first
        if mode in named:
            one, _ = build_engine("eager", EngineConfig(read_clearing(mode), *SIZE))
            clear = fused(one, clear, thermal, np.array([[named[mode]]], np.float32))
    assert (clear != visible).any()
    expected = fused(alone, clear, thermal, modulation_of(stored, features(haze=0.7)))
    asked = clearing.modulation_in_parts(stored, features(haze=0.7, **named))
    for _ in range(2):  # the second time it has seen the modulation before
        np.testing.assert_array_equal(fused(whole, visible, thermal, asked), expected)


def test_they_are_built_when_they_are_asked_for_once(stored):
    built = []

    def build(mode):
        built.append(mode)
        return OnDevice()

    engine = clearing.Cleared(build, OnDevice())
    pair = check_pair(*SIZE)
    fused(engine, *pair, np.array([[0.0, 0.0, 0.0, 5.0]], np.float32))
    assert built == []
    for _ in range(2):
        fused(engine, *pair, np.array([[0.0, 0.4, 0.0, 5.0]], np.float32))
    assert built == ["rain"]
    engine.complete()
    assert built == ["rain", "visible_noise"]


def test_where_there_is_no_time_for_them_the_network_that_fuses_is_told(stored):
    asked = features(rain=0.6, haze=0.7)
    found = clearing.modulation_in_parts(stored, asked, clears=False)
    np.testing.assert_array_equal(found, np.concatenate([[[0, 0, 0]], modulation_of(stored, asked)], 1))


def test_what_is_hardly_there_is_not_worth_their_time(stored, whole):
    pair = check_pair(*SIZE)
    alone, _ = build_engine("eager", EngineConfig(stored, *SIZE))
    found = fused(whole, *pair, clearing.modulation_in_parts(stored, features(rain=0.09)))
    np.testing.assert_array_equal(found, fused(alone, *pair, modulation_of(stored, features())))


@pytest.mark.parametrize("clears", [False, True])
def test_a_flat_thermal_image_is_stretched_and_the_network_that_fuses_hears_nothing_of_it(stored, whole, clears):
    alone, _ = build_engine("eager", EngineConfig(stored, *SIZE))
    visible, thermal = check_pair(*SIZE)
    flat = np.uint8(80 + thermal // 4)
    expected = fused(alone, visible, stretched(flat, 0.6), modulation_of(stored, features(haze=0.7)))
    asked = clearing.modulation_in_parts(stored, features(haze=0.7, ir_low_contrast=0.6), clears)
    np.testing.assert_array_equal(fused(whole, visible, flat, asked), expected)


def test_textif_clears_by_itself():
    network = small_network()
    engine, _ = clearing.build("eager", EngineConfig(network, *SIZE))
    assert not isinstance(engine, clearing.Cleared)
    sentence = np.zeros((1, network.config.inputs), np.float32)
    np.testing.assert_array_equal(clearing.modulation_in_parts(network, sentence), modulation_of(network, sentence))


class OnDevice:
    """A stand-in for an engine on a CUDA device: adds the first number of its modulation to the visible image."""

    name = "stand-in"

    def run(self, visible, thermal, modulation, out):
        out[...] = visible + int(modulation[0, 0])

    def run_on_device(self, visible, thermal, modulation, out):
        return visible + int(modulation[0, 0])


def test_tensors_stay_on_the_device():
    engine = clearing.ClearedOnDevice(lambda mode: OnDevice(), OnDevice())
    visible, thermal = torch.zeros(4, 4, 3, dtype=torch.uint8), torch.zeros(4, 4, dtype=torch.uint8)
    for noise, streaks, expected in ((0.0, 0.0, 5), (1.0, 0.0, 6), (1.0, 2.0, 8)):
        found = engine.run_on_device(visible, thermal, np.array([[noise, streaks, 0.0, 5.0]], np.float32), None)
        assert (found == expected).all()


def test_a_thermal_tensor_is_stretched_as_an_array_is():
    class Thermal(OnDevice):
        def run_on_device(self, visible, thermal, modulation, out):
            return thermal

    engine = clearing.ClearedOnDevice(lambda mode: OnDevice(), Thermal())
    visible, thermal = check_pair(*SIZE)
    flat = np.uint8(80 + thermal // 4)
    asked = np.array([[0.0, 0.0, 0.6, 5.0]], np.float32)
    found = engine.run_on_device(torch.from_numpy(visible), torch.from_numpy(flat), asked, None)
    np.testing.assert_array_equal(found.numpy(), stretched(flat, 0.6))


def test_a_prompt_of_rain_takes_streaks_away():
    visible, thermal = (image[:240, :320].copy() for image in still())
    wet = np.uint8(255 * rain(np.float32(visible) / 255, 0.5, np.random.default_rng(2)))
    fuser = Fuser("pico", "eager")

    def fine(image):
        fused = fuser.fuse_prepared(image, thermal).astype(np.float32)  # without a look at the weather
        return fused - cv2.GaussianBlur(fused, (0, 0), 6)

    clean, before = fine(visible), fine(wet)
    fuser.set_prompt(modes=["rain"], severity=0.5)
    assert (fine(wet) - clean).std() < 0.9 * (before - clean).std()
