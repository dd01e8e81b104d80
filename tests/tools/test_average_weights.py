import json

import pytest
import torch
from safetensors import safe_open

from ros2_textfuse.degradations.modes import MODES
from ros2_textfuse.errors import WeightsError
from ros2_textfuse.networks.nano import Nano, NanoConfig
from ros2_textfuse.networks.weights import load_network, save_weights
from tools.average_weights import average


def save(path, seed, hidden=8):
    torch.manual_seed(seed)
    network = Nano(NanoConfig(modes=len(MODES), widths=(16, 16, 16), hidden=hidden))
    save_weights(path, network, {"step": "7", "settings": json.dumps({"seed": seed})})
    return path


def test_a_quarter_lies_a_quarter_of_the_way(tmp_path):
    first, second, out = save(tmp_path / "a", 0), save(tmp_path / "b", 1), tmp_path / "mean"
    average(out, first, second, 0.25)
    a, b, mean = (load_network(path).state_dict() for path in (first, second, out))
    for name, tensor in mean.items():
        torch.testing.assert_close(tensor, 0.75 * a[name] + 0.25 * b[name])


def test_the_header_says_what_it_was_made_of(tmp_path):
    out = tmp_path / "mean"
    average(out, save(tmp_path / "a", 0), save(tmp_path / "b", 1), 0.25)
    with safe_open(out, "pt") as file:
        parts = json.loads(file.metadata()["average"])
    assert parts == [
        {"share": 0.75, "settings": {"steps": "7", "seed": 0}},
        {"share": 0.25, "settings": {"steps": "7", "seed": 1}},
    ]


def test_different_shapes_have_no_mean(tmp_path):
    with pytest.raises(WeightsError, match="different shapes"):
        average(tmp_path / "mean", save(tmp_path / "a", 0), save(tmp_path / "b", 0, hidden=16), 0.5)
    assert not (tmp_path / "mean").exists()


def test_a_share_beyond_the_two_is_refused(tmp_path):
    path = save(tmp_path / "a", 0)
    with pytest.raises(WeightsError, match="outside"):
        average(tmp_path / "mean", path, path, 1.5)
