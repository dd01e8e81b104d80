"""The graph that every engine compiles: uint8 pictures in, a uint8 picture out."""

import copy

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ros2_textfuse.engines.base import EngineConfig
from ros2_textfuse.networks.nano import Nano


class PictureGraph(nn.Module):
    """A network with conversion, padding and rounding around it, so that a compiler can fuse them with its ends.

    Pictures whose sides are no multiple of the network's are padded, never resized: resizing warps the picture.
    """

    def __init__(self, network: Nano, height: int, width: int) -> None:
        super().__init__()
        self.network: nn.Module = network
        self.height, self.width = height, width
        self.bottom, self.right = -height % network.MULTIPLE, -width % network.MULTIPLE
        self.modulation_size = network.modulation_size
        parameter = next(network.parameters())
        self.dtype, self.device = parameter.dtype, parameter.device

    @classmethod
    def on(cls, device: torch.device, precision: torch.dtype, config: EngineConfig) -> "PictureGraph":
        """The graph of a copy of the network, on another device or in another precision."""
        network = copy.deepcopy(config.network).to(device, precision)
        return cls(network, config.height, config.width).eval()

    def forward(self, visible: Tensor, thermal: Tensor, modulation: Tensor) -> Tensor:
        """visible uint8 [H, W, 3], thermal uint8 [H, W], modulation float32 [1, M] -> fused uint8 [H, W, 3]."""
        rgb = visible.permute(2, 0, 1)[None].to(self.dtype) / 255
        heat = thermal[None, None].to(self.dtype) / 255
        if self.bottom or self.right:
            padding = (0, self.right, 0, self.bottom)
            rgb, heat = F.pad(rgb, padding, mode="replicate"), F.pad(heat, padding, mode="replicate")
        fused = self.network(rgb, heat, modulation.to(self.dtype))[0, :, : self.height, : self.width]
        return (fused.clamp(0, 1) * 255).round().to(torch.uint8).permute(1, 2, 0)

    def example(self) -> tuple[Tensor, Tensor, Tensor]:
        """Inputs of the right shapes and dtypes: visible, thermal, modulation."""
        return (
            torch.zeros(self.height, self.width, 3, dtype=torch.uint8, device=self.device),
            torch.zeros(self.height, self.width, dtype=torch.uint8, device=self.device),
            torch.zeros(1, self.modulation_size, device=self.device),
        )

    def network_example(self) -> tuple[Tensor, Tensor, Tensor]:
        """What the network inside sees: padded pictures and modulation, in its own precision."""
        height, width = self.height + self.bottom, self.width + self.right
        return (
            torch.zeros(1, 3, height, width, dtype=self.dtype, device=self.device),
            torch.zeros(1, 1, height, width, dtype=self.dtype, device=self.device),
            torch.zeros(1, self.modulation_size, dtype=self.dtype, device=self.device),
        )
