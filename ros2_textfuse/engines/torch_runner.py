"""Runs an image graph that PyTorch can call, whatever it was compiled to."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Graph = Callable[..., Tensor]  # (visible, thermal, modulation) -> fused, as `ImageGraph`


class CpuRunner:
    """An engine around a module on the CPU; see `Engine`.

    Args:
        name: of the engine.
        graph: on the CPU.
    """

    def __init__(self, name: str, graph: Graph) -> None:
        self.name = name
        self._graph = graph

    @torch.inference_mode()
    def run(
        self,
        visible: NDArray[np.uint8],
        thermal: NDArray[np.uint8],
        modulation: NDArray[np.float32],
        out: NDArray[np.uint8],
    ) -> None:
        """See `Engine.run`."""
        out[...] = self._graph(*(torch.tensor(array) for array in (visible, thermal, modulation))).numpy()


class CudaRunner:
    """An engine around a module on a CUDA device; see `Engine`.

    Images travel through page-locked memory, which the device reads and writes by itself.

    Args:
        name: of the engine.
        graph: on the device.
        example: inputs of the shapes and dtypes to come.
        record: whether to record the graph's kernels once as a CUDA graph and replay it for each pair, which takes
            their launches off the CPU.
    """

    def __init__(self, name: str, graph: Graph, example: tuple[Tensor, ...], record: bool) -> None:
        self.name = name
        self._graph = graph
        self._host = [tensor.cpu().pin_memory() for tensor in example]
        self._device = [tensor.cuda() for tensor in example]
        self._host_fused = self._host[0].clone().pin_memory()
        self._on_device: NDArray[np.float32] | None = None  # the modulation that the device has
        self._recording: torch.cuda.CUDAGraph | None = None
        if record:
            self._record()

    @torch.inference_mode()
    def _record(self) -> None:
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(3):  # what compiles or allocates at first must not do so while recorded
                self._graph(*self._device)
        torch.cuda.current_stream().wait_stream(side)
        recording = torch.cuda.CUDAGraph()
        with torch.cuda.graph(recording):
            self._fused = self._graph(*self._device)
        self._recording = recording

    @torch.inference_mode()
    def run(
        self,
        visible: NDArray[np.uint8],
        thermal: NDArray[np.uint8],
        modulation: NDArray[np.float32],
        out: NDArray[np.uint8],
    ) -> None:
        """See `Engine.run`."""
        for host, device, array in zip(self._host, self._device, (visible, thermal, modulation), strict=True):
            host.numpy()[...] = array
            device.copy_(host, non_blocking=True)
        self._on_device = modulation
        self._run()
        self._host_fused.copy_(self._fused)  # waits for the device
        out[...] = self._host_fused.numpy()

    @torch.inference_mode()
    def run_on_device(
        self, visible: Tensor, thermal: Tensor, modulation: NDArray[np.float32], out: Tensor | None
    ) -> Tensor:
        """See `DeviceEngine.run_on_device`."""
        if modulation is not self._on_device:  # a prompt has changed; not from page-locked memory, so it waits
            self._device[2].copy_(torch.from_numpy(modulation))
            self._on_device = modulation
        self._device[0].copy_(visible)
        self._device[1].copy_(thermal)
        self._run()
        return self._fused.clone() if out is None else out.copy_(self._fused)

    def _run(self) -> None:
        if self._recording is not None:
            self._recording.replay()
        else:
            self._fused = self._graph(*self._device)
