"""PyTorch as it is, in float32: the reference that other engines are measured against."""

import numpy as np
import torch
from numpy.typing import NDArray

from ros2_textfuse.engines.picture_graph import PictureGraph
from ros2_textfuse.networks.nano import Nano


class EagerEngine:
    """Runs on the CUDA device where there is one, else on the CPU."""

    def __init__(self, network: Nano, height: int, width: int, threads: int) -> None:
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        self.name = f"eager {self._device}"
        self._graph = PictureGraph(network, height, width).to(self._device).eval()
        if threads:
            torch.set_num_threads(threads)

    @torch.inference_mode()
    def run(
        self,
        visible: NDArray[np.uint8],
        thermal: NDArray[np.uint8],
        modulation: NDArray[np.float32],
        out: NDArray[np.uint8],
    ) -> None:
        """See `Engine.run`."""
        inputs = (torch.tensor(array, device=self._device) for array in (visible, thermal, modulation))
        out[...] = self._graph(*inputs).cpu().numpy()


build = EagerEngine
