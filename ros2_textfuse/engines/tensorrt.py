"""TensorRT through Torch-TensorRT, ahead of time, in float16 or float32; for NVIDIA GPUs, Jetson and RTX.

The network is one engine; what turns uint8 images into its tensors and back are a few kernels of PyTorch around it,
since TensorRT writes no uint8.
"""

import importlib.metadata
import inspect
import io
import logging
import tempfile
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ros2_textfuse.engines.base import Engine, EngineConfig
from ros2_textfuse.engines.cache import CachedEngine
from ros2_textfuse.engines.cuda import PRECISIONS, cuda_device, precision_of
from ros2_textfuse.engines.image_graph import ImageGraph
from ros2_textfuse.engines.progress import announced
from ros2_textfuse.engines.torch_runner import CudaRunner
from ros2_textfuse.runtime.cache_folder import cache_dir

DISTRIBUTIONS = ("torch-tensorrt-rtx", "torch-tensorrt")  # both are imported as torch_tensorrt

logger = logging.getLogger(__name__)


def build(config: EngineConfig) -> Engine:
    """Build for the CUDA device, or take it from the cache.

    Raises:
        EngineError: there is no CUDA device.
        ImportError: Torch-TensorRT is not installed.
    """
    device, precision = cuda_device("tensorrt"), precision_of(config, "tensorrt")
    import torch_tensorrt

    torch_tensorrt.runtime.set_cudagraphs_mode(True)
    distribution = next(name for name in DISTRIBUTIONS if _installed(name))
    kind = distribution.removeprefix("torch-")
    graph = ImageGraph.on(device, precision, config)
    gpu = f"{torch.cuda.get_device_name(device)} {torch.cuda.get_device_capability(device)}"
    cached = CachedEngine(kind, config, PRECISIONS[precision], gpu, (distribution, "torch"))
    network = _load(cached)
    if network is None:
        what = f"building the {kind} engine for {config.width}x{config.height} on {gpu}"
        with announced(what, "minutes on a Jetson, less on a larger GPU"):
            network = lower(graph.network, graph.network_example())
            _store(cached, network, graph.network_example())
    graph.network = network
    return CudaRunner(f"{kind} {PRECISIONS[precision]}", graph, graph.example(), record=False)


def lower(network: nn.Module, inputs: tuple[Tensor, ...], **options: Any) -> Any:
    """Export a network and hand it to Torch-TensorRT's ahead-of-time compiler.

    Args:
        network: in evaluation mode, in the precision to build in.
        inputs: examples of its inputs; their shapes become those of the engine.
        options: further ones of `torch_tensorrt.dynamo.compile`.

    Returns:
        A module that runs the engine.
    """
    import torch_tensorrt

    with torch.no_grad():
        program = torch.export.export(network, inputs)
    if "use_explicit_typing" in inspect.signature(torch_tensorrt.dynamo.compile).parameters:
        options["use_explicit_typing"] = True  # older versions would calculate in float32 whatever the network is in
    return torch_tensorrt.dynamo.compile(
        program,
        arg_inputs=list(inputs),
        min_block_size=1,  # a piece left to PyTorch would cost a copy
        timing_cache_path=str(cache_dir() / "engines" / "tensorrt-timing.bin"),  # by default a temporary folder
        **options,
    )


def _installed(distribution: str) -> bool:
    try:
        importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def _load(cached: CachedEngine) -> Any:
    blob = cached.load()
    if blob is None:
        return None
    try:
        return torch.export.load(io.BytesIO(blob)).module()
    except Exception as error:  # readers raise whatever comes
        logger.warning("The cached engine %s cannot be loaded and is built again: %s", cached.path, error)
        return None


def _store(cached: CachedEngine, network: Any, inputs: tuple[Tensor, ...]) -> None:
    import torch_tensorrt

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "engine.ep"
        try:
            torch_tensorrt.save(network, str(path), arg_inputs=list(inputs))
        except Exception as error:  # writers raise whatever comes, and the engine itself is good
            logger.warning("The engine cannot be kept and is built anew each time: %s", " ".join(str(error).split()))
            return
        cached.store(path.read_bytes())
