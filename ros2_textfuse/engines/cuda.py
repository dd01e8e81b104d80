"""The CUDA device, where an engine needs one, and images that lie on it."""

import torch
from torch import Tensor

from ros2_textfuse.engines.base import EngineConfig, EngineError
from ros2_textfuse.imaging.encodings import ImageError

PRECISIONS = {torch.float16: "fp16", torch.float32: "fp32"}  # as engines are named after them


def precision_of(config: EngineConfig, engine: str) -> torch.dtype:
    """The precision to build in: float16 unless another one is asked for.

    Raises:
        EngineError: it is none of PRECISIONS.
    """
    offered = [str(dtype).removeprefix("torch.") for dtype in PRECISIONS]
    dtype: torch.dtype = getattr(torch, config.precision_among(engine, *offered))
    return dtype


def cuda_device(engine: str) -> torch.device:
    """The current CUDA device.

    Raises:
        EngineError: torch sees none.
    """
    if not torch.cuda.is_available():
        build = (
            f"this torch is built for CUDA {torch.version.cuda}" if torch.version.cuda else "this torch is a CPU build"
        )
        raise EngineError(f"the engine {engine} needs a CUDA device, and torch {torch.__version__} sees none: {build}")
    return torch.device("cuda", torch.cuda.current_device())


def check_tensors(visible: Tensor, thermal: Tensor, out: Tensor | None) -> None:
    """Raise ImageError unless the tensors are a registered pair on one CUDA device, and `out` is made for it."""
    shape = (*thermal.shape, 3)
    tensors = {"visible": (visible, shape), "thermal": (thermal, shape[:-1])}
    if out is not None:
        tensors["out"] = (out, shape)
    for name, (tensor, wanted) in tensors.items():
        if tensor.dtype != torch.uint8 or tuple(tensor.shape) != wanted or thermal.ndim != 2 or not thermal.numel():
            raise ImageError(f"{name} must be uint8 {list(wanted)}, not {tensor.dtype} {list(tensor.shape)}")
        if not tensor.is_cuda:
            raise ImageError(
                f"{name} lies on the {tensor.device}: give fuse() arrays, or tensors on a CUDA device here"
            )
