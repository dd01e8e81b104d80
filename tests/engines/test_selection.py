"""The choice of an engine: the fastest there is, and never silently a slower one."""

import copy
import importlib
import logging
import signal

import numpy as np
import pytest
import torch

from ros2_textfuse.engines import ENGINES, EngineConfig, EngineError, build_engine, selection, verification
from ros2_textfuse.engines.selection import candidates

CPU_ONLY = pytest.mark.skipif(torch.cuda.is_available(), reason="the ladder of a CUDA device is another")


def available(config):
    """The engines of this machine's ladder that build when they are asked for by name."""
    names = []
    for name in candidates():
        try:
            build_engine(name, config)
            names.append(name)
        except EngineError:
            continue
    return names


def kind(engine):
    return engine.name.split()[0].removesuffix("-rtx")


def break_engine(monkeypatch, name, error):
    module = importlib.import_module(selection.MODULES[name])
    monkeypatch.setattr(module, "build", lambda _: (_ for _ in ()).throw(error))


def test_auto_takes_the_fastest_that_the_machine_has(config):
    engine, warning = build_engine("auto", config)
    assert kind(engine) == available(config)[0]
    if kind(engine) != candidates()[0]:
        assert candidates()[0] in warning


def test_every_engine_is_on_the_ladder_of_a_cuda_device(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert sorted(candidates()) == sorted(ENGINES)
    assert candidates()[0] == "tensorrt"


def test_an_interrupt_is_no_reason_for_a_slower_engine(config, monkeypatch):
    """A tracer calls Python from C++, and makes of a KeyboardInterrupt what it makes of any error."""

    def interrupted(_):
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt as error:
            raise RuntimeError("conversion failed") from error

    monkeypatch.setattr(importlib.import_module(selection.MODULES[candidates()[0]]), "build", interrupted)
    with pytest.raises(KeyboardInterrupt):
        build_engine("auto", config)


@CPU_ONLY
def test_auto_says_why_it_took_a_slower_engine(config, monkeypatch, caplog):
    break_engine(monkeypatch, "openvino", RuntimeError("no memory"))
    with caplog.at_level(logging.WARNING):
        engine, warning = build_engine("auto", config)
    assert kind(engine) == "eager"
    assert "openvino" in warning and "no memory" in warning
    assert "no memory" in caplog.text


@CPU_ONLY
def test_what_is_not_installed_comes_with_its_cure(config, monkeypatch):
    break_engine(monkeypatch, "openvino", ImportError("No module named 'openvino'"))
    _, warning = build_engine("auto", config)
    assert "pip install openvino" in warning
    with pytest.raises(EngineError, match="pip install openvino"):
        build_engine("openvino", config)


@CPU_ONLY
@pytest.mark.parametrize("name", ["tensorrt", "compile"])
def test_gpu_engines_asked_for_by_name_are_a_clear_error(config, name):
    with pytest.raises(EngineError, match=f"{name} needs a CUDA device"):
        build_engine(name, config)


def spoil(monkeypatch, which):
    """Let OpenVINO engines fuse images that are five levels too bright."""
    module = importlib.import_module("ros2_textfuse.engines.openvino")
    run = module.OpenVINOEngine.run

    def wrong(self, visible, thermal, modulation, out):
        run(self, visible, thermal, modulation, out)
        if which(self):
            out += 5

    monkeypatch.setattr(module.OpenVINOEngine, "run", wrong)


@CPU_ONLY
def test_an_engine_that_fuses_a_wrong_image_is_passed_over(config, monkeypatch):
    spoil(monkeypatch, lambda engine: True)
    engine, warning = build_engine("auto", config)
    assert kind(engine) == "eager"
    assert "another image" in warning


@CPU_ONLY
def test_where_bf16_is_too_coarse_float32_is_built_and_it_says_so(config, monkeypatch, caplog):
    spoil(monkeypatch, lambda engine: "f32" not in engine.name)
    engine, warning = build_engine("openvino", config)
    assert engine.name == "openvino f32" and not warning
    if "openvino bf16 fuses" in caplog.text:  # on a processor that has it
        assert "building it in float32" in caplog.text


@CPU_ONLY
def test_when_nothing_can_be_built_every_reason_is_named(config, monkeypatch):
    break_engine(monkeypatch, "openvino", RuntimeError("first reason"))
    break_engine(monkeypatch, "eager", MemoryError())
    with pytest.raises(EngineError, match=r"first reason.*MemoryError"):
        build_engine("auto", config)


@pytest.mark.parametrize("name", ["warp", "", "OpenVINO"])
def test_unknown_engine_lists_those_there_are(config, name):
    with pytest.raises(EngineError, match="auto, tensorrt, compile, openvino or eager"):
        build_engine(name, config)


def test_a_image_too_large_for_the_reference_is_only_warmed_up(network, monkeypatch):
    monkeypatch.setattr(verification, "MAX_PIXELS", 100)
    runs = []

    class Blank:
        name = "blank"

        def run(self, visible, thermal, modulation, out):
            runs.append(out.shape)
            out[...] = 0

    verification.check_agreement(Blank(), EngineConfig(network, 32, 48))
    assert runs == [(32, 48, 3)]
    assert np.prod(runs[0]) > 100


def test_another_test_pair_is_not_compared_with_the_old_reference(config, own_cache, monkeypatch):
    """Another NumPy may draw another pair: with the old reference, no engine would pass, and no node start."""

    def mirrored(height, width, pair=verification.check_pair):
        return tuple(np.ascontiguousarray(image[:, ::-1]) for image in pair(height, width))

    build_engine("eager", config)
    monkeypatch.setattr(verification, "check_pair", mirrored)
    build_engine("eager", config)
    assert len([*(own_cache / "engines").glob("reference*")]) == 2


def test_a_reference_that_shows_nothing_is_no_check(network):
    """Every engine agrees with black, whatever it does."""
    dead = copy.deepcopy(network)
    with torch.no_grad():
        for name, parameter in dead.named_parameters():
            if name.endswith("bias"):
                parameter.fill_(9e3)
    with pytest.raises(EngineError, match="one grey"):
        build_engine("eager", EngineConfig(dead, 50, 70))


def test_every_engine_says_how_it_is_installed():
    assert tuple(selection.INSTALL) == ENGINES
