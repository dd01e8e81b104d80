"""The engine interface, and the choice of an engine for this machine."""

import importlib
import logging
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from ros2_textfuse.networks.nano import Nano

ENGINES = ("openvino", "eager")
INSTALL = {"openvino": "pip install openvino", "eager": "pip install torch"}

logger = logging.getLogger(__name__)


class EngineError(RuntimeError):
    """An engine is unknown, or cannot be built on this machine."""


class Engine(Protocol):
    """A network made ready for pictures of one size."""

    name: str
    """What runs, for logs and status: for instance `openvino bf16`."""

    def __init__(self, network: Nano, height: int, width: int, threads: int) -> None: ...

    def run(
        self,
        visible: NDArray[np.uint8],
        thermal: NDArray[np.uint8],
        modulation: NDArray[np.float32],
        out: NDArray[np.uint8],
    ) -> None:
        """Fuse one pair into `out`.

        Args:
            visible: [H, W, 3] RGB.
            thermal: [H, W].
            modulation: [1, modulation_size], gamma and beta of every block.
            out: [H, W, 3] RGB, C-contiguous; written.
        """


def build_engine(name: str, network: Nano, height: int, width: int, threads: int = 0) -> Engine:
    """Build the engine called `name`, or with `auto` the fastest one that this machine can build.

    Args:
        name: `auto` or one of ENGINES.
        network: a network in evaluation mode.
        height: of the pictures, pixels.
        width: of the pictures, pixels.
        threads: CPU threads of the engine; 0 for the engine's own choice.

    Raises:
        EngineError: the name is unknown, or the named engine cannot be built. With `auto`, what cannot be
            built is logged as a warning and the next engine is tried.
    """
    if name not in ("auto", *ENGINES):
        raise EngineError(f"unknown engine '{name}': choose auto, {' or '.join(ENGINES)}")
    # A CUDA device beats every CPU engine, and eager PyTorch is what runs there.
    candidates = ENGINES if name == "auto" and not torch.cuda.is_available() else ("eager",)
    if name != "auto":
        candidates = (name,)
    failures = []
    for candidate in candidates:
        try:
            module = importlib.import_module(f"ros2_textfuse.engines.{candidate}_engine")
            return module.build(network, height, width, threads)
        except (ImportError, RuntimeError) as error:
            failures.append(f"engine {candidate} cannot be built ({error}); cure: {INSTALL[candidate]}")
            if candidate != candidates[-1]:
                logger.warning("%s; trying the next engine", failures[-1])
    raise EngineError("; ".join(failures))
