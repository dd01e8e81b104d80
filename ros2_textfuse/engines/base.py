"""The interface of the engines."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ros2_textfuse.errors import TextfuseError
from ros2_textfuse.networks.family import FusionNetwork


class EngineError(TextfuseError, RuntimeError):
    """An engine is unknown, or cannot be built on this machine."""


@dataclass(frozen=True)
class EngineConfig:
    """What an engine is built from.

    Args:
        network: in evaluation mode, float32, on the CPU; it is not changed.
        height: of the images, pixels.
        width: of the images, pixels.
        threads: CPU threads of the engine; 0 for the engine's own choice.
    """

    network: FusionNetwork
    height: int
    width: int
    threads: int = 0


class Engine(Protocol):
    """A network made ready for images of one size."""

    name: str
    """What runs, for logs and status: for instance `openvino bf16`."""

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
