"""torch.compile in float16 or float32 on a CUDA device, recorded as a CUDA graph: for devices without TensorRT."""

import os

import torch

from ros2_textfuse.engines.base import Engine, EngineConfig
from ros2_textfuse.engines.cuda import PRECISIONS, cuda_device, precision_of
from ros2_textfuse.engines.image_graph import ImageGraph
from ros2_textfuse.engines.progress import announced
from ros2_textfuse.engines.torch_runner import CudaRunner
from ros2_textfuse.runtime.cache_folder import cache_dir

COMPILATIONS = 256  # of one process: of each size and precision; torch's own limit is 8, and then it fails


def build(config: EngineConfig) -> Engine:
    """Compile for the CUDA device.

    Raises:
        EngineError: there is no CUDA device.
    """
    device, precision = cuda_device("compile"), precision_of(config, "compile")
    from torch._dynamo import config as dynamo_config

    # torch keeps the kernels it has compiled by itself, but by default in a temporary folder.
    os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(cache_dir() / "inductor"))
    graph = ImageGraph.on(device, precision, config)
    limit = dynamo_config.patch(cache_size_limit=COMPILATIONS)
    with announced(f"compiling for {config.width}x{config.height} with torch.compile", "up to a minute"), limit:
        # torch's own CUDA graphs (mode reduce-overhead) belong to the thread that made them; a node has another.
        compiled = torch.compile(graph, fullgraph=True, dynamic=False)
        return CudaRunner(f"compile {PRECISIONS[precision]}", compiled, graph.example(), record=True)
