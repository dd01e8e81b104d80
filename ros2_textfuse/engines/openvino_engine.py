"""OpenVINO on a CPU: bf16 where the CPU has it, float32 elsewhere."""

import numpy as np
import openvino
import torch
from numpy.typing import NDArray

from ros2_textfuse.engines.picture_graph import PictureGraph
from ros2_textfuse.networks.nano import Nano


class OpenVINOEngine:
    """The picture graph compiled by OpenVINO; pictures are read from and written to the caller's memory."""

    def __init__(self, network: Nano, height: int, width: int, threads: int) -> None:
        graph = PictureGraph(network, height, width).eval()
        example = (
            torch.zeros(height, width, 3, dtype=torch.uint8),
            torch.zeros(height, width, dtype=torch.uint8),
            torch.zeros(1, network.modulation_size),
        )
        with torch.inference_mode():
            model = openvino.convert_model(
                graph, example_input=example, input=[list(tensor.shape) for tensor in example]
            )
        # Pinned to cores, this engine and the detector's, in two processes, would sit on the same ones.
        options: dict[str, object] = {"PERFORMANCE_HINT": "LATENCY", "ENABLE_CPU_PINNING": False}
        if threads:
            options["INFERENCE_NUM_THREADS"] = threads
        compiled = openvino.Core().compile_model(model, "CPU", options)
        precision = compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name()
        self.name = f"openvino {precision}"
        self._request = compiled.create_infer_request()

    def run(
        self,
        visible: NDArray[np.uint8],
        thermal: NDArray[np.uint8],
        modulation: NDArray[np.float32],
        out: NDArray[np.uint8],
    ) -> None:
        """See `Engine.run`."""
        # The tensors do not keep these alive, and they must outlive the inference.
        inputs = [np.ascontiguousarray(array) for array in (visible, thermal, modulation)]
        for index, array in enumerate(inputs):
            self._request.set_input_tensor(index, openvino.Tensor(array, shared_memory=True))
        self._request.set_output_tensor(openvino.Tensor(out, shared_memory=True))
        self._request.infer()


build = OpenVINOEngine
