"""The interface of the engines."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ros2_textfuse.errors import TextfuseError
from ros2_textfuse.imaging.encodings import ImageError
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


@runtime_checkable
class DeviceEngine(Protocol):
    """An engine that also takes images that lie on its device already."""

    def run_on_device(
        self, visible: Tensor, thermal: Tensor, modulation: NDArray[np.float32], out: Tensor | None
    ) -> Tensor:
        """Fuse one pair on the current stream of the device, without waiting for it.

        Args:
            visible: uint8 [H, W, 3] RGB.
            thermal: uint8 [H, W].
            modulation: [1, modulation_size], on the host.
            out: uint8 [H, W, 3], written; None for a new tensor.

        Returns:
            `out`, or the new tensor.
        """


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
