import json

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from ros2_textfuse.degradations.modes import MODES
from ros2_textfuse.errors import WeightsError
from ros2_textfuse.networks.nano import Nano, NanoConfig
from ros2_textfuse.networks.stored import NAMES, find_weights
from ros2_textfuse.networks.weights import load_network, save_weights


@pytest.fixture
def network():
    torch.manual_seed(0)
    return Nano(NanoConfig(modes=len(MODES), widths=(16, 16, 16), hidden=8))


@pytest.fixture
def path(network, tmp_path):
    path = tmp_path / "small.safetensors"
    save_weights(path, network, {"step": "7"})
    return path


def rewrite(path, **changes):
    with safe_open(path, "pt") as file:
        metadata = file.metadata()
    save_file(load_file(path), path, {**metadata, **changes})


def test_what_was_saved_is_loaded(network, path):
    loaded = load_network(path)
    assert not loaded.training
    assert loaded.config == network.config
    for name, tensor in network.state_dict().items():
        torch.testing.assert_close(loaded.state_dict()[name], tensor, atol=0, rtol=0)


def test_header_says_what_the_file_is(path):
    with safe_open(path, "pt") as file:
        metadata = file.metadata()
    assert metadata["architecture"] == "nano"
    assert json.loads(metadata["modes"]) == list(MODES)
    assert json.loads(metadata["config"])["widths"] == [16, 16, 16]
    assert metadata["step"] == "7"


@pytest.mark.parametrize("name", NAMES)
def test_the_weights_of_the_package_load_and_leave_the_image_whole(name):
    network = load_network(name)
    visible, thermal = torch.rand(1, 3, 64, 64), torch.rand(1, 1, 64, 64)
    with torch.inference_mode():
        fused = network(visible, thermal, network.modulation(torch.zeros(1, network.config.inputs)))
    assert torch.isfinite(fused).all()


def test_missing_file(tmp_path):
    with pytest.raises(WeightsError, match=r"none\.safetensors: no such file; give a safetensors file or .* nano"):
        load_network(tmp_path / "none.safetensors")


def test_home_is_found_where_no_shell_looks_for_it(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "mine.safetensors").touch()
    assert find_weights("~/mine.safetensors") == tmp_path / "mine.safetensors"


@pytest.mark.parametrize("keep", [0, 5, 200, -100])
def test_truncated_file(path, keep):
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(WeightsError, match=r"small\.safetensors: truncated or corrupt .*export it again"):
        load_network(path)


def test_other_architecture_names_both(path):
    rewrite(path, architecture="other")
    with pytest.raises(WeightsError, match="architecture other, expected nano or pico or textif"):
        load_network(path)


def test_file_without_a_header_of_ours(path):
    save_file(load_file(path), path)
    with pytest.raises(WeightsError, match=r"unknown \(no header of textfuse\), expected nano"):
        load_network(path)


def test_other_modes_are_refused(path):
    rewrite(path, modes=json.dumps(["snow"]))
    with pytest.raises(WeightsError, match=r'trained for the modes \["snow"\], this version has \["low_light"'):
        load_network(path)


def test_config_that_does_not_fit_the_tensors(path):
    rewrite(path, config=json.dumps({"modes": len(MODES), "widths": [16, 16, 32], "hidden": 8}))
    with pytest.raises(WeightsError, match="header and tensors do not fit"):
        load_network(path)


def test_others_may_read_what_was_saved(path):
    (path.parent / "plain").touch()
    assert path.stat().st_mode == (path.parent / "plain").stat().st_mode


def test_saving_leaves_no_partial_file(path):
    assert [file.name for file in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), 1e20])
def test_numbers_that_no_trained_network_has_are_refused(network, path, value):
    with torch.no_grad():
        next(network.parameters()).view(-1)[0] = value
    save_weights(path, network)
    with pytest.raises(WeightsError, match=r"small\.safetensors: .*not finite, or above"):
        load_network(path)
