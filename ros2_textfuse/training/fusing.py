"""A network as training calls it: images and a request in, the fused image out."""

from torch import Tensor, nn

from ros2_textfuse.networks.family import FusionNetwork
from ros2_textfuse.networks.folding import fold, unfold
from ros2_textfuse.networks.prompt_input import prompt_input


class Fusing(nn.Module):
    """A network and what it reads of prompts in one call, of which processes can share the gradient."""

    def __init__(self, network: FusionNetwork) -> None:
        super().__init__()
        self.network, self._reads = network, prompt_input(network)

    def forward(self, visible: Tensor, thermal: Tensor, request: Tensor) -> Tensor:
        """[B, 3, H, W], [B, 1, H, W] and [B, modes + 1] of a `Batch` -> fused [B, 3, H, W]."""
        modulation = self.network.modulation(self._reads.of_requests(request))
        return unfold(self.network.fuse(fold(visible), fold(thermal), modulation))
