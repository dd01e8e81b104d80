"""The TensorRT path without a GPU: the export of its graph is real; a STAND-IN takes the place of the compiler.

The stand-in keeps the exported program as it is, on the CPU, so that what surrounds the compiler (precision, cache,
agreement, messages) runs as it would. `make tensorrt-dryrun` asks the real compiler.
"""

import importlib.metadata
import sys
from dataclasses import replace
from types import ModuleType, SimpleNamespace
from unittest.mock import Mock

import numpy as np
import pytest
import torch

from ros2_textfuse.engines import build_engine, tensorrt
from ros2_textfuse.engines.image_graph import ImageGraph
from ros2_textfuse.engines.torch_runner import CpuRunner
from ros2_textfuse.engines.verification import check_pair, difference
from tools.tensorrt_dryrun import summary


@pytest.fixture(scope="module")
def export():
    """The real export of a graph on the CPU, which takes seconds: once for each precision."""
    real = torch.export.export
    programs = {}

    def export(network, inputs):
        key = type(network), inputs[0].dtype
        if key not in programs:
            with torch.no_grad():
                programs[key] = real(network, inputs)
        return programs[key]

    return export


@pytest.fixture
def compiled(monkeypatch, own_cache, export):
    """The stand-in, in place of Torch-TensorRT and of the GPU; a list of the dtypes that it was asked to compile."""
    dtypes = []
    programs = {}  # by the module that was made of each

    def compile_(program, arg_inputs, **_):
        dtypes.append(arg_inputs[0].dtype)
        module = program.module()
        programs[module] = program
        return module

    stand_in = ModuleType("torch_tensorrt")
    stand_in.runtime = SimpleNamespace(set_cudagraphs_mode=lambda _: None)
    stand_in.dynamo = SimpleNamespace(compile=compile_)
    stand_in.save = lambda module, path, arg_inputs: torch.export.save(programs[module], path)
    monkeypatch.setattr(torch.export, "export", export)
    monkeypatch.setitem(sys.modules, "torch_tensorrt", stand_in)
    monkeypatch.setattr(tensorrt, "cuda_device", lambda _: torch.device("cpu"))
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _: "stand-in")
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: (0, 0))
    monkeypatch.setattr(tensorrt, "CudaRunner", lambda name, graph, example, record: CpuRunner(name, graph))
    version = importlib.metadata.version
    monkeypatch.setattr(
        importlib.metadata, "version", lambda name: "0" if name == "torch-tensorrt-rtx" else version(name)
    )
    return dtypes


def image(engine, config):
    visible, thermal = check_pair(config.height, config.width)
    out = np.empty_like(visible)
    engine.run(visible, thermal, np.zeros((1, config.network.modulation_size), np.float32), out)
    return out


def test_builds_in_float16_and_is_taken_from_the_cache_the_next_time(compiled, config, own_cache, caplog):
    caplog.set_level("INFO")
    first, _ = build_engine("tensorrt", config)
    assert first.name == "tensorrt-rtx fp16"
    assert compiled == [torch.float16]
    assert "building the tensorrt-rtx engine for 70x50" in caplog.text and "minutes" in caplog.text
    # On the CPU, which rounds float16 as a GPU does, though it adds in another order.
    mean, tail = difference(image(first, config), image(build_engine("eager", config)[0], config))
    assert mean < 0.2 and tail <= 1
    again, _ = build_engine("tensorrt", config)
    assert compiled == [torch.float16]
    np.testing.assert_array_equal(image(first, config), image(again, config))
    (file,) = (own_cache / "engines").glob("tensorrt-rtx-fp16-70x50-*.engine")
    file.write_bytes(file.read_bytes()[:-100])
    build_engine("tensorrt", config)
    assert compiled == [torch.float16] * 2
    assert "damaged" in caplog.text


def test_where_float16_fails_float32_is_built_and_it_says_so(compiled, config, export, monkeypatch, caplog):
    compile_ = sys.modules["torch_tensorrt"].dynamo.compile

    class Overflow(torch.nn.Module):
        def forward(self, visible, thermal, modulation):
            return visible * 60000 * 60000 - 60000

    def overflowing(program, arg_inputs, **options):
        if arg_inputs[0].dtype == torch.float16:
            program = export(Overflow(), tuple(arg_inputs))
        return compile_(program, arg_inputs, **options)

    monkeypatch.setattr(sys.modules["torch_tensorrt"].dynamo, "compile", overflowing)
    engine, _ = build_engine("tensorrt", config)
    assert engine.name == "tensorrt-rtx fp32"
    assert compiled == [torch.float16, torch.float32]
    assert "building it in float32" in caplog.text


def test_float32_is_built_at_once_where_it_is_asked_for(compiled, config):
    assert build_engine("tensorrt", replace(config, precision="float32"))[0].name == "tensorrt-rtx fp32"
    assert compiled == [torch.float32]


def test_an_older_compiler_is_told_to_keep_to_the_precision_of_the_network(compiled, config, monkeypatch):
    compiler, given = sys.modules["torch_tensorrt"].dynamo, []
    compile_ = compiler.compile

    def older(program, arg_inputs, use_explicit_typing=False, **options):
        given.append(use_explicit_typing)
        return compile_(program, arg_inputs, **options)

    monkeypatch.setattr(compiler, "compile", older)
    build_engine("tensorrt", config)
    assert given == [True]


def test_an_engine_that_cannot_be_stored_runs_all_the_same(compiled, config, monkeypatch, caplog):
    monkeypatch.setattr(sys.modules["torch_tensorrt"], "save", Mock(side_effect=RuntimeError("cannot be retraced")))
    assert build_engine("tensorrt", config)[0].name == "tensorrt-rtx fp16"
    assert "cannot be kept" in caplog.text and "cannot be retraced" in caplog.text


def test_auto_goes_on_down_the_ladder(compiled, config, monkeypatch, caplog):
    errors = torch.OutOfMemoryError("CUDA out of memory"), RuntimeError("no converter"), ImportError("libnvinfer")
    compiler = sys.modules["torch_tensorrt"].dynamo
    monkeypatch.setattr(
        "ros2_textfuse.engines.selection.candidates", lambda: ("tensorrt", "compile", "openvino", "eager")
    )
    for error in errors:
        monkeypatch.setattr(compiler, "compile", Mock(side_effect=error))
        engine, warning = build_engine("auto", config)
        assert engine.name.split()[0] in ("openvino", "eager")
        assert str(error) in warning and "compile needs a CUDA device" in warning
        assert warning in caplog.text


@pytest.mark.parametrize("precision", [torch.float16, torch.float32])
def test_the_graph_that_tensorrt_compiles_can_be_exported(config, export, precision):
    graph = ImageGraph.on(torch.device("cpu"), precision, config)
    program = export(graph.network, graph.network_example())
    operators = {str(node.target) for node in program.graph.nodes if node.op == "call_function"}
    assert "aten.conv2d.default" in operators
    assert not [operator for operator in operators if "sym_" in operator or "aten.item" in operator], (
        "a shape is not static"
    )
    (fused,) = program.module()(*graph.network_example())
    assert fused.shape == (48, 16, 20)


def test_a_dry_run_report_is_read():
    report = "consists of 143 Total Operators, of which 142 operators are supported ... TRT Engine #1 ... TRT Engine #2"
    assert summary(report) == (143, 142, 2)
    with pytest.raises(ValueError, match="not a dry-run report"):
        summary("")
