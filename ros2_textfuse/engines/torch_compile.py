"""torch.compile in float16 on a CUDA device, recorded as a CUDA graph: for devices without TensorRT."""

import os

import torch

from ros2_textfuse.engines.base import Engine, EngineConfig
from ros2_textfuse.engines.cuda import cuda_device
from ros2_textfuse.engines.image_graph import ImageGraph
from ros2_textfuse.engines.progress import announced
from ros2_textfuse.engines.torch_runner import CudaRunner
from ros2_textfuse.runtime.cache_folder import cache_dir


def build(config: EngineConfig) -> Engine:
    """Compile for the CUDA device.

    Raises:
        EngineError: there is no CUDA device.
    """
    device = cuda_device("compile")
    # torch keeps the kernels it has compiled by itself, but by default in a temporary folder.
    os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(cache_dir() / "inductor"))
    graph = ImageGraph.on(device, torch.float16, config)
    with announced(f"compiling for {config.width}x{config.height} with torch.compile", "up to a minute"):
        # torch's own CUDA graphs (mode reduce-overhead) belong to the thread that made them; a node has another.
        compiled = torch.compile(graph, fullgraph=True, dynamic=False)
        return CudaRunner("compile fp16", compiled, graph.example(), record=True)
