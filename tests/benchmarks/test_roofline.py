"""What the roofline benchmark counts, against PyTorch's own counter and by hand."""

import pytest
from roofline import Layer, Peak, cost, openvino_layers, share_of

from ros2_textfuse.engines import EngineConfig
from ros2_textfuse.networks.weights import load_network

PEAK = Peak({"float32": 100.0, "bf16": 200.0}, 10.0)


@pytest.mark.parametrize(
    ("layer", "share"),
    [
        (Layer("product", "Convolution", "bf16", 2.0, 2e8, 1e6), 0.5),  # 1 ms at the peak, 0.1 ms of memory
        (Layer("product", "Convolution", "f32", 4.0, 2e8, 1e6), 0.5),
        (Layer("copy", "Reorder", "f32", 4.0, 0.0, 1e7), 0.25),
        (Layer("from a cache", "Reorder", "f32", 0.5, 0.0, 1e7), 1.0),
    ],
)
def test_a_layer_is_bounded_by_arithmetic_or_by_memory(layer, share):
    assert share_of(layer, PEAK) == pytest.approx(share)


def test_openvinos_layers_hold_the_arithmetic_of_the_network():
    pytest.importorskip("openvino", reason="OpenVINO is not installed")
    config = EngineConfig(load_network("nano"), 64, 96, threads=1)
    flops, moved = cost(config)
    layers = openvino_layers(config)
    assert sum(layer.flops for layer in layers) == pytest.approx(flops, rel=0.02)
    assert moved > 64 * 96 * 7  # the images alone
    assert layers == sorted(layers, key=lambda layer: -layer.ms) and layers[0].ms > 0
