"""The graph that every engine compiles: uint8 images in, a uint8 image out."""

import copy

import torch
from torch import Tensor, nn

from ros2_textfuse.engines.base import EngineConfig
from ros2_textfuse.networks.family import FusionNetwork
from ros2_textfuse.networks.folding import CELL, FOLD


class FoldedNetwork(nn.Module):
    """A network on folded images, as a module that a compiler takes."""

    def __init__(self, network: FusionNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, visible: Tensor, thermal: Tensor, modulation: Tensor) -> Tensor:
        """See `fuse` of the network."""
        return self.network.fuse(visible, thermal, modulation)


class ImageGraph(nn.Module):
    """A network with conversion, padding and rounding around it, so that a compiler can fuse them with its ends.

    Images are folded while they are bytes, which are the least to move. Images whose sides are no multiple of the
    network's are padded, never resized: resizing warps the image.
    """

    def __init__(self, network: FusionNetwork, height: int, width: int) -> None:
        super().__init__()
        self.network: nn.Module = FoldedNetwork(network)
        self.height, self.width = height, width
        self.bottom, self.right = -height % network.MULTIPLE, -width % network.MULTIPLE
        self.cells = (height + self.bottom) // FOLD, (width + self.right) // FOLD
        self.modulation_size = network.modulation_size
        parameter = next(network.parameters())
        self.dtype, self.device = parameter.dtype, parameter.device

    @classmethod
    def on(cls, device: torch.device, precision: torch.dtype, config: EngineConfig) -> "ImageGraph":
        """The graph of a copy of the network, on another device or in another precision."""
        network = copy.deepcopy(config.network).to(device, precision)
        return cls(network, config.height, config.width).eval()

    def forward(self, visible: Tensor, thermal: Tensor, modulation: Tensor) -> Tensor:
        """visible uint8 [H, W, 3], thermal uint8 [H, W], modulation float32 [1, M] -> fused uint8 [H, W, 3]."""
        fused = self.network(self._folded(visible), self._folded(thermal[..., None]), modulation.to(self.dtype))
        levels = (fused.clamp(0, 1) * 255).round().to(torch.uint8)
        rows, columns = self.cells
        image = levels.view(3, FOLD, FOLD, rows, columns).permute(3, 1, 4, 2, 0)
        return image.reshape(rows * FOLD, columns * FOLD, 3)[: self.height, : self.width]

    def _folded(self, image: Tensor) -> Tensor:
        """uint8 [H, W, C] -> [1, 16 C, h, w], 0..1, with the last row and column repeated up to a whole cell."""
        if self.bottom:
            image = torch.cat([image, image[-1:].expand(self.bottom, -1, -1)])
        if self.right:
            image = torch.cat([image, image[:, -1:].expand(-1, self.right, -1)], dim=1)
        rows, columns = self.cells
        # In one: OpenVINO would move the second of two behind the conversion, to four times the bytes.
        cells = image.reshape(rows, FOLD, columns, FOLD, -1).permute(4, 1, 3, 0, 2)
        return cells.reshape(1, -1, rows, columns).to(self.dtype) / 255

    def example(self) -> tuple[Tensor, Tensor, Tensor]:
        """Inputs of the right shapes and dtypes: visible, thermal, modulation."""
        return (
            torch.zeros(self.height, self.width, 3, dtype=torch.uint8, device=self.device),
            torch.zeros(self.height, self.width, dtype=torch.uint8, device=self.device),
            torch.zeros(1, self.modulation_size, device=self.device),
        )

    def network_example(self) -> tuple[Tensor, Tensor, Tensor]:
        """What the network inside sees: padded and folded images, and modulation, in its own precision."""
        return (
            torch.zeros(1, 3 * CELL, *self.cells, dtype=self.dtype, device=self.device),
            torch.zeros(1, CELL, *self.cells, dtype=self.dtype, device=self.device),
            torch.zeros(1, self.modulation_size, dtype=self.dtype, device=self.device),
        )
