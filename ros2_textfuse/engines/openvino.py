"""OpenVINO on a CPU: bf16 where the CPU has it, float32 elsewhere."""

import logging
import os
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ros2_textfuse.engines.base import EngineConfig, OverlappingEngine
from ros2_textfuse.engines.cache import CachedEngine
from ros2_textfuse.runtime.openvino_core import compile_options, core, openvino

PRECISIONS = {"": "", "float32": "f32"}  # its own choice, of what the processor has, comes first

logger = logging.getLogger(__name__)


class OpenVINOEngine(OverlappingEngine):
    """The image graph compiled by OpenVINO; images are read from and written to the caller's memory."""

    def __init__(self, config: EngineConfig) -> None:
        compiled = _compile(config)
        precision = compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name()
        self.name = f"openvino {precision}"
        self._requests = [compiled.create_infer_request() for _ in range(config.in_flight)]

    def start(
        self,
        visible: NDArray[np.uint8],
        thermal: NDArray[np.uint8],
        modulation: NDArray[np.float32],
        out: NDArray[np.uint8],
    ) -> Callable[[], None]:
        """See `OverlappingEngine.start`; where only one is in flight, it is done when this returns."""
        self._requests.append(request := self._requests.pop(0))
        # The tensors do not keep these alive, and they must outlive the inference. OpenVINO shares only memory that it
        # could write to, though it does not.
        inputs = [np.require(array, requirements=("C", "W")) for array in (visible, thermal, modulation)]
        for index, array in enumerate(inputs):
            request.set_input_tensor(index, openvino.Tensor(array, shared_memory=True))
        request.set_output_tensor(openvino.Tensor(out, shared_memory=True))
        if len(self._requests) == 1:
            request.infer()
            return lambda: None
        request.start_async()

        def wait() -> None:
            request.wait()
            inputs.clear()

        return wait


def _compile(config: EngineConfig) -> openvino.CompiledModel:
    options = compile_options(config.threads)
    if wanted := PRECISIONS[config.precision_among("openvino", *PRECISIONS)]:
        options["INFERENCE_PRECISION_HINT"] = wanted
    precision = wanted or core().get_property("CPU", "INFERENCE_PRECISION_HINT").get_type_name()
    cpu = f"{core().get_property('CPU', 'FULL_DEVICE_NAME')} {core().get_property('CPU', 'OPTIMIZATION_CAPABILITIES')}"
    if config.in_flight > 1:
        del options["PERFORMANCE_HINT"]  # it decides on the streams
        threads = config.threads or len(os.sched_getaffinity(0))
        options |= {"NUM_STREAMS": config.in_flight, "INFERENCE_NUM_THREADS": max(threads, config.in_flight)}
        cpu += f" {config.in_flight} in flight"
    cached = CachedEngine("openvino", config, precision, cpu, ("openvino", "torch"))
    if blob := cached.load():
        try:
            return core().import_model(blob, "CPU", options)
        except RuntimeError as error:
            reason = " ".join(str(error).split())
            logger.warning("The cached engine %s cannot be loaded and is built again: %s", cached.path, reason)
    compiled = core().compile_model(converted(config), "CPU", options)
    cached.store(compiled.export_model().getvalue())
    return compiled


def converted(config: EngineConfig) -> openvino.Model:
    """The image graph as a model of OpenVINO, before it is compiled."""
    import torch

    from ros2_textfuse.engines.image_graph import ImageGraph

    graph = ImageGraph(config.network, config.height, config.width).eval()
    example = graph.example()
    with torch.inference_mode():
        # From the trace, not from torch.export: its graph runs a third faster. Unchecked, since checking is half of the
        # work, and whether the engine fuses as the network does is looked at in the end.
        traced = torch.jit.trace(graph, example, check_trace=False)
        return openvino.convert_model(traced, example_input=example, input=[list(tensor.shape) for tensor in example])


build = OpenVINOEngine
