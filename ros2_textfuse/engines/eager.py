"""PyTorch as it is, in float32: the reference that other engines are measured against."""

import torch

from ros2_textfuse.engines.base import Engine, EngineConfig
from ros2_textfuse.engines.image_graph import ImageGraph
from ros2_textfuse.engines.torch_runner import CpuRunner, CudaRunner


def build(config: EngineConfig) -> Engine:
    """Build for the CUDA device where there is one, else for the CPU."""
    config.precision_among("eager", "float32")
    if torch.cuda.is_available():
        graph = ImageGraph.on(torch.device("cuda"), torch.float32, config)
        return CudaRunner("eager cuda", graph, graph.example(), record=False)
    if config.threads:
        torch.set_num_threads(config.threads)
    return CpuRunner("eager cpu", ImageGraph(config.network, config.height, config.width).eval())
