import sys

import numpy as np
import pytest
import torch

from ros2_textfuse.networks.stored import read_stored
from ros2_textfuse.training import derain, rain
from ros2_textfuse.training.train import make_pairs


@pytest.fixture
def clean():
    return np.random.default_rng(0).uniform(0.1, 0.6, (96, 128, 3)).astype(np.float32)


def test_rain_is_drawn_by_its_seed_and_stays_an_image(clean):
    for seed in range(30):
        wet, again = (rain.fall(clean, np.random.default_rng(seed)) for _ in range(2))
        np.testing.assert_array_equal(wet, again)
        assert wet.dtype == np.float32 and wet.shape == clean.shape
        assert wet.min() >= 0 and wet.max() <= 1
        assert (wet != clean).any()


def test_streaks_are_long_and_steep():
    for seed in range(20):
        cover = rain.streaks(96, 128, np.random.default_rng(seed))[..., 0]
        assert cover.min() > -1e-6 and cover.max() <= 0.92
    covers = [rain.streaks(96, 128, np.random.default_rng(seed))[..., 0] for seed in range(60)]
    along, across = (np.mean([np.abs(np.diff(cover, axis=axis)).mean() for cover in covers]) for axis in (0, 1))
    assert along < across


def test_the_loss_is_blind_to_how_bright_it_is_where_it_looks_for_streaks(clean):
    image = torch.from_numpy(clean[:96, :96].transpose(2, 0, 1).copy())[None]
    wet = image.clone()
    wet[..., ::6] += 0.2
    bad, _ = derain.loss(wet, wet, image)
    good, gain = derain.loss(image + 0.01, wet, image)
    assert good < bad
    assert gain > 20


def test_a_run_of_few_steps_writes_weights_of_the_network(tmp_path, monkeypatch):
    folder, out = make_pairs(tmp_path / "pairs"), tmp_path / "derain.safetensors"
    monkeypatch.setattr(sys, "argv", ["derain", str(folder), "--steps", "3", "--out", str(out)])
    derain.main()
    assert read_stored(out, ("derain",)).config["dilations"] == [1, 2, 4]
