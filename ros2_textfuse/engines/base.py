"""The interface of the engines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from ros2_textfuse.errors import TextfuseError
from ros2_textfuse.networks.source import NetworkSource, network_of

if TYPE_CHECKING:
    from torch import Tensor

    from ros2_textfuse.networks.family import FusionNetwork


class EngineError(TextfuseError, RuntimeError):
    """An engine is unknown, or cannot be built on this machine."""


@dataclass(frozen=True)
class EngineConfig:
    """What an engine is built from.

    Args:
        source: the network, in evaluation mode, float32, on the CPU, or the file of one; it is not changed.
        height: of the images, pixels.
        width: of the images, pixels.
        threads: CPU threads of the engine; 0 for the engine's own choice.
        in_flight: pairs that it works on at the same time, each with its share of the threads: a pair takes longer, and
            more of them are fused in a second.
        precision: `float16` or `float32`, as far as the engine offers it; empty for its own choice, and float32 where
            that proves too coarse.
    """

    source: NetworkSource
    height: int
    width: int
    threads: int = 0
    precision: str = ""
    in_flight: int = 1

    @property
    def network(self) -> FusionNetwork:
        """The network itself; imports torch."""
        return network_of(self.source)

    def precision_among(self, engine: str, *offered: str) -> str:
        """The precision to build in: the one asked for, else the first of those that the engine offers.

        Raises:
            EngineError: the engine does not offer it.
        """
        wanted = self.precision or offered[0]
        if wanted not in offered:
            choices = " or ".join(filter(None, offered))
            raise EngineError(f"the engine {engine} has no precision '{wanted}': choose {choices}, or none")
        return wanted


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
class OverlappingEngine(Engine, Protocol):
    """An engine that works on a pair while its caller goes on."""

    def run(
        self,
        visible: NDArray[np.uint8],
        thermal: NDArray[np.uint8],
        modulation: NDArray[np.float32],
        out: NDArray[np.uint8],
    ) -> None:
        """See `Engine.run`."""
        self.start(visible, thermal, modulation, out)()

    def start(
        self,
        visible: NDArray[np.uint8],
        thermal: NDArray[np.uint8],
        modulation: NDArray[np.float32],
        out: NDArray[np.uint8],
    ) -> Callable[[], None]:
        """Begin to fuse a pair; of `EngineConfig.in_flight` pairs the last may begin before the first is done.

        Args:
            visible: as of `Engine.run`; like the others, it is not to be changed before the end.
            thermal: likewise.
            modulation: likewise.
            out: likewise.

        Returns:
            Waits for the end.
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


def start(
    engine: Engine,
    visible: NDArray[np.uint8],
    thermal: NDArray[np.uint8],
    modulation: NDArray[np.float32],
    out: NDArray[np.uint8],
) -> Callable[[], None]:
    """See `OverlappingEngine.start`; any other engine is done when this returns."""
    if isinstance(engine, OverlappingEngine):
        return engine.start(visible, thermal, modulation, out)
    engine.run(visible, thermal, modulation, out)
    return lambda: None
