"""The CUDA device, where an engine needs one."""

import torch

from ros2_textfuse.engines.base import EngineError


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
