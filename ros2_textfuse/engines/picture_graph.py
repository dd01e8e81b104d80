"""The graph that every engine compiles: uint8 pictures in, a uint8 picture out."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ros2_textfuse.networks.nano import Nano


class PictureGraph(nn.Module):
    """A network with conversion, padding and rounding around it, so that a compiler can fuse them with its ends.

    Pictures whose sides are no multiple of the network's are padded, never resized: resizing warps the picture.
    """

    def __init__(self, network: Nano, height: int, width: int) -> None:
        super().__init__()
        self.network = network
        self.height, self.width = height, width
        self.bottom, self.right = -height % network.MULTIPLE, -width % network.MULTIPLE

    def forward(self, visible: Tensor, thermal: Tensor, modulation: Tensor) -> Tensor:
        """visible uint8 [H, W, 3], thermal uint8 [H, W], modulation float32 [1, M] -> fused uint8 [H, W, 3]."""
        rgb = visible.permute(2, 0, 1)[None].float() / 255
        heat = thermal[None, None].float() / 255
        if self.bottom or self.right:
            padding = (0, self.right, 0, self.bottom)
            rgb, heat = F.pad(rgb, padding, mode="replicate"), F.pad(heat, padding, mode="replicate")
        fused = self.network(rgb, heat, modulation)[0, :, : self.height, : self.width]
        return (fused.clamp(0, 1) * 255).round().to(torch.uint8).permute(1, 2, 0)
