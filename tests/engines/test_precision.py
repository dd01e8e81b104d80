"""A precision that is asked for is the one that is built, and torch.compile's own limit does not end a process."""

from dataclasses import replace
from functools import partial

import pytest
import torch
from torch._dynamo import config as dynamo_config

from ros2_textfuse import Fuser
from ros2_textfuse.engines import EngineError, build_engine, torch_compile
from ros2_textfuse.engines.torch_runner import CpuRunner


def test_a_named_precision_is_built_and_nothing_else(config):
    engine, _ = build_engine("openvino", replace(config, precision="float32"))
    assert engine.name == "openvino f32"


@pytest.mark.parametrize("name", ["openvino", "eager"])
def test_a_precision_that_an_engine_lacks_is_an_error_that_names_those_there_are(config, name):
    with pytest.raises(EngineError, match="no precision 'float16': choose float32"):
        build_engine(name, replace(config, precision="float16"))


def test_a_fuser_hands_its_precision_to_the_engine():
    fuser = Fuser("pico", "openvino", precision="float32")
    fuser.prepare(32, 48)
    assert fuser.engine_name == "openvino f32"


class Doubled(torch.nn.Module):
    """In place of the image graph, which takes seconds to trace."""

    @classmethod
    def on(cls, device, precision, config):
        graph = cls()
        graph.precision = precision
        return graph

    def example(self):
        return (torch.zeros(2, dtype=self.precision),)

    def forward(self, image):
        return image * 2


def test_compile_builds_more_sizes_and_precisions_than_torch_allows_one_function_by_itself(monkeypatch, config):
    """torch refuses the ninth, here the second; without a GPU: the tracing is real, and its kernels are not made."""

    def runner(name, graph, example, record):
        with torch.inference_mode():
            graph(*example)
        return CpuRunner(name, graph)

    monkeypatch.setattr(torch_compile, "cuda_device", lambda _: torch.device("cpu"))
    monkeypatch.setattr(torch_compile, "CudaRunner", runner)
    monkeypatch.setattr(torch_compile, "ImageGraph", Doubled)
    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend="eager"))
    with dynamo_config.patch(cache_size_limit=1):
        names = [torch_compile.build(replace(config, precision=name)).name for name in ("float16", "float32")]
    assert names == ["compile fp16", "compile fp32"]
