import sys
from dataclasses import asdict

import numpy as np
import pytest
import torch

from ros2_textfuse.networks.stored import CLEARED, CLEARING, read_stored
from ros2_textfuse.training import clearing, rain
from ros2_textfuse.training.data import find_pairs, read_pair
from ros2_textfuse.training.train import make_pairs


@pytest.fixture
def clean():
    return np.random.default_rng(0).uniform(0.1, 0.6, (96, 128, 3)).astype(np.float32)


@pytest.mark.parametrize("mode", CLEARED)
def test_degradations_are_drawn_by_their_seed_and_stay_images(clean, mode):
    for seed in range(30):
        found, again = (clearing.DEGRADE[mode](clean, np.random.default_rng(seed)) for _ in range(2))
        np.testing.assert_array_equal(found, again)
        for image in found:
            assert image.dtype == np.float32 and image.shape == clean.shape
            assert image.min() >= 0 and image.max() <= 1
        assert (found[0] != found[1]).any()


def test_streaks_are_long_and_steep():
    for seed in range(20):
        cover = rain.streaks(96, 128, np.random.default_rng(seed))[..., 0]
        assert cover.min() > -1e-6 and cover.max() <= 0.92
    covers = [rain.streaks(96, 128, np.random.default_rng(seed))[..., 0] for seed in range(60)]
    along, across = (np.mean([np.abs(np.diff(cover, axis=axis)).mean() for cover in covers]) for axis in (0, 1))
    assert along < across


def test_the_loss_is_blind_to_how_bright_it_is_where_it_looks_for_what_is_fine(clean):
    image = torch.from_numpy(clean[:96, :96].transpose(2, 0, 1).copy())[None]
    wet = image.clone()
    wet[..., ::6] += 0.2
    bad, _ = clearing.loss(wet, wet, image)
    good, gain = clearing.loss(image + 0.01, wet, image)
    assert good < bad
    assert gain > 20


@pytest.mark.parametrize("mode", CLEARED)
def test_a_run_of_few_steps_writes_weights_of_the_network(tmp_path, monkeypatch, mode):
    folder, out = make_pairs(tmp_path / "pairs"), tmp_path / "clear.safetensors"
    monkeypatch.setattr(sys, "argv", ["clearing", mode, str(folder), "--steps", "3", "--out", str(out)])
    clearing.main()
    stored = read_stored(out, (CLEARING,))
    assert stored.config == asdict(clearing.CONFIGS[mode])


def test_light_is_given_back_by_what_ships_and_not_while_it_learns(tmp_path, monkeypatch):
    found = []
    fuse = clearing.Clearing.fuse
    monkeypatch.setattr(
        clearing.Clearing, "fuse", lambda self, *given: found.append(self.config.light) or fuse(self, *given)
    )
    pairs = [read_pair(pair) for pair in find_pairs(make_pairs(tmp_path / "pairs"), clearing.CROP)]
    network = clearing.train("rain", pairs, 2, 0)
    assert found == [0, 0] and network.config.light == 0.05
