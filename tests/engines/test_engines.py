"""Every engine against eager float32, and the choice between them."""

import logging

import numpy as np
import pytest
import torch

from ros2_textfuse.engines import EngineError, base, build_engine
from ros2_textfuse.networks.weights import load_network
from ros2_textfuse.prompts import MODES
from tests.messages import noise
from tests.pictures import street

# uint8 levels; bf16 keeps 8 bits of a number, so a level of rounding is what it costs.
MEAN_TOLERANCE, TAIL_TOLERANCE = 0.6, 3

CPU_ONLY = pytest.mark.skipif(torch.cuda.is_available(), reason="auto takes the CUDA device here")


@pytest.fixture(scope="module")
def network():
    return load_network("nano")


def run(name, network, visible, thermal, severities):
    engine = build_engine(name, network, *thermal.shape)
    with torch.inference_mode():
        modulation = network.modulation(torch.tensor([severities])).numpy()
    out = np.empty_like(visible)
    engine.run(visible, thermal, modulation, out)
    return out


@pytest.mark.parametrize("size", [(480, 640), (250, 333), (17, 16)])
@pytest.mark.parametrize("severity", [0.0, 0.8])
def test_openvino_agrees_with_eager(network, size, severity):
    pytest.importorskip("openvino", reason="OpenVINO is not installed")
    visible, thermal = street(*size)
    severities = [severity] + [0.0] * 9
    eager, openvino = (run(name, network, visible, thermal, severities) for name in ("eager", "openvino"))
    difference = np.abs(eager.astype(int) - openvino.astype(int))
    assert difference.mean() <= MEAN_TOLERANCE
    assert np.percentile(difference, 99.9) <= TAIL_TOLERANCE


@pytest.mark.parametrize("mode", ["blur", "color_cast", "ir_stripe"])
def test_openvino_agrees_with_eager_on_what_it_measures_in_the_picture(network, mode):
    pytest.importorskip("openvino", reason="OpenVINO is not installed")
    visible, thermal = street(480, 640)
    severities = [0.6 if mode == other else 0.0 for other in MODES]
    eager, openvino = (run(name, network, visible, thermal, severities) for name in ("eager", "openvino"))
    assert np.abs(eager.astype(int) - openvino.astype(int)).mean() <= MEAN_TOLERANCE


@pytest.mark.parametrize("name", base.ENGINES)
def test_padding_leaves_no_trace(network, name):
    """A picture of an odd size is fused as its part of a larger one is, away from the border."""
    visible, thermal = street(96, 96)
    large = run(name, network, visible, thermal, [0.0] * 10)
    small = run(name, network, visible[:90, :89].copy(), thermal[:90, :89].copy(), [0.0] * 10)
    # The scene's mean, which all pixels share, differs a little.
    assert np.abs(large[:48, :48].astype(int) - small[:48, :48]).mean() < 3


@pytest.mark.parametrize("name", base.ENGINES)
def test_the_same_input_gives_the_same_output(network, name):
    engine = build_engine(name, network, 64, 64)
    modulation = np.zeros((1, network.modulation_size), np.float32)
    outs = [np.empty((64, 64, 3), np.uint8) for _ in range(2)]
    for out in outs:
        engine.run(noise(64, 64, 3), noise(64, 64), modulation, out)
    np.testing.assert_array_equal(*outs)


@pytest.mark.parametrize("name", base.ENGINES)
def test_views_that_are_not_contiguous(network, name):
    engine = build_engine(name, network, 32, 32)
    modulation = np.zeros((1, network.modulation_size), np.float32)
    wide = noise(32, 40, 3)
    outs = [np.empty((32, 32, 3), np.uint8) for _ in range(2)]
    engine.run(wide[:, :32], wide[:, :32, 0], modulation, outs[0])
    engine.run(wide[:, :32].copy(), wide[:, :32, 0].copy(), modulation, outs[1])
    np.testing.assert_array_equal(*outs)


def test_unknown_engine_lists_those_there_are(network):
    with pytest.raises(EngineError, match="auto, openvino or eager"):
        build_engine("warp", network, 16, 16)


@CPU_ONLY
def test_auto_takes_openvino_where_it_is_installed(network):
    pytest.importorskip("openvino", reason="OpenVINO is not installed")
    assert build_engine("auto", network, 16, 16).name.startswith("openvino")


@CPU_ONLY
def test_auto_says_why_it_took_a_slower_engine(network, monkeypatch, caplog):
    from ros2_textfuse.engines import openvino_engine

    def broken(*_):
        raise RuntimeError("no memory")

    monkeypatch.setattr(openvino_engine, "build", broken)
    with caplog.at_level(logging.WARNING):
        assert build_engine("auto", network, 16, 16).name.startswith("eager")
    assert "no memory" in caplog.text
    with pytest.raises(EngineError, match="no memory"):
        build_engine("openvino", network, 16, 16)
