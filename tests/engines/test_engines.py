"""Every engine that this machine has, against eager float32 and against the interface."""

import numpy as np
import pytest
import torch

from ros2_textfuse.degradations.modes import MODES
from ros2_textfuse.engines import ENGINES, EngineConfig, EngineError, build_engine
from ros2_textfuse.engines.base import start
from ros2_textfuse.engines.verification import MEAN_TOLERANCE, TAIL_TOLERANCE, difference
from tests.helpers.images import street
from tests.helpers.messages import noise


def build(name, network, height, width):
    """The engine; the test is skipped, by name and with the reason, where this machine has none."""
    try:
        return build_engine(name, EngineConfig(network, height, width))[0]
    except EngineError as error:
        if name in ("openvino", "eager") and torch.cuda.is_available():
            raise
        pytest.skip(f"engine {name}: {error}")


def run(name, network, visible, thermal, severities):
    engine = build(name, network, *thermal.shape)
    with torch.inference_mode():
        modulation = network.modulation(torch.tensor([[*severities, 0.0]])).numpy()
    out = np.empty_like(visible)
    engine.run(visible, thermal, modulation, out)
    return out


@pytest.mark.parametrize("name", [name for name in ENGINES if name != "eager"])
@pytest.mark.parametrize("size", [(480, 640), (250, 333), (17, 16)])
@pytest.mark.parametrize("severity", [0.0, 0.8])
def test_agrees_with_eager(name, network, size, severity):
    visible, thermal = street(*size)
    severities = [severity] + [0.0] * 9
    other, eager = (run(engine, network, visible, thermal, severities) for engine in (name, "eager"))
    mean, tail = difference(other, eager)
    assert mean <= MEAN_TOLERANCE
    assert tail <= TAIL_TOLERANCE


@pytest.mark.parametrize("name", [name for name in ENGINES if name != "eager"])
@pytest.mark.parametrize("mode", ["blur", "color_cast", "ir_stripe"])
def test_agrees_with_eager_on_what_it_measures_in_the_image(name, network, mode):
    visible, thermal = street(480, 640)
    severities = [0.6 if mode == other else 0.0 for other in MODES]
    other, eager = (run(engine, network, visible, thermal, severities) for engine in (name, "eager"))
    assert difference(other, eager)[0] <= MEAN_TOLERANCE


@pytest.mark.parametrize("name", ENGINES)
def test_padding_leaves_no_trace(network, name):
    """An image of an odd size is fused as its part of a larger one is, away from the border."""
    visible, thermal = street(96, 96)
    large = run(name, network, visible, thermal, [0.0] * 10)
    small = run(name, network, visible[:90, :89].copy(), thermal[:90, :89].copy(), [0.0] * 10)
    # The scene's mean, which all pixels share, differs a little.
    assert np.abs(large[:48, :48].astype(int) - small[:48, :48]).mean() < 3


@pytest.mark.parametrize("name", ENGINES)
def test_the_same_input_gives_the_same_output(network, name):
    engine = build(name, network, 64, 64)
    modulation = np.zeros((1, network.modulation_size), np.float32)
    outs = [np.empty((64, 64, 3), np.uint8) for _ in range(2)]
    for out in outs:
        engine.run(noise(64, 64, 3), noise(64, 64), modulation, out)
    np.testing.assert_array_equal(*outs)


@pytest.mark.parametrize("name", ENGINES)
def test_views_that_are_not_contiguous(network, name):
    engine = build(name, network, 32, 32)
    modulation = np.zeros((1, network.modulation_size), np.float32)
    wide = noise(32, 40, 3)
    outs = [np.empty((32, 32, 3), np.uint8) for _ in range(2)]
    engine.run(wide[:, :32], wide[:, :32, 0], modulation, outs[0])
    engine.run(wide[:, :32].copy(), wide[:, :32, 0].copy(), modulation, outs[1])
    np.testing.assert_array_equal(*outs)


@pytest.mark.parametrize("name", ENGINES)
def test_images_that_must_not_be_written_to(network, name):
    """As they lie in a message."""
    engine = build(name, network, 32, 32)
    visible, thermal = street(32, 32)
    visible.flags.writeable = thermal.flags.writeable = False
    engine.run(visible, thermal, np.zeros((1, network.modulation_size), np.float32), np.empty((32, 32, 3), np.uint8))


@pytest.mark.parametrize("name", ENGINES)
def test_pairs_in_flight_do_not_disturb_each_other(network, name):
    """Two pairs are begun before the first is finished, and what comes out is what each gives by itself."""
    try:
        engine = build_engine(name, EngineConfig(network, 64, 96, in_flight=2))[0]
    except EngineError as error:
        pytest.skip(f"engine {name}: {error}")
    modulation = network.modulation(torch.zeros(1, 11)).detach().numpy()
    images = [tuple(np.roll(image, 20 * shift, 1) for image in street(64, 96)) for shift in range(4)]
    alone = [np.empty_like(visible) for visible, _ in images]
    for pair, out in zip(images, alone, strict=True):
        engine.run(*pair, modulation, out)
    outs = [np.empty_like(visible) for visible, _ in images]
    waits = [start(engine, *pair, modulation, out) for pair, out in zip(images[:2], outs[:2], strict=True)]
    for number in range(4):
        waits[number]()
        if number + 2 < len(images):
            waits.append(start(engine, *images[number + 2], modulation, outs[number + 2]))
    for out, expected in zip(outs, alone, strict=True):
        assert np.abs(out.astype(int) - expected).max() <= 1
    assert np.abs(outs[0].astype(int) - outs[1]).mean() > 1
