"""A network as training calls it: images and a request in, the fused image out."""

import torch
from torch import Tensor, nn

from ros2_textfuse.degradations.modes import MODES
from ros2_textfuse.networks.family import FusionNetwork
from ros2_textfuse.networks.folding import fold, unfold
from ros2_textfuse.networks.guided import GuidedNetwork
from ros2_textfuse.networks.prompt_input import prompt_input
from ros2_textfuse.networks.source import network_of
from ros2_textfuse.networks.stored import read_derain

RAIN = MODES.index("rain")


class Fusing(nn.Module):
    """A network, what it reads of prompts and the network for rain before it in one call, for shared gradients."""

    def __init__(self, network: FusionNetwork) -> None:
        super().__init__()
        self.network, self._reads = network, prompt_input(network)
        rain = network_of(read_derain()) if isinstance(network, GuidedNetwork) else None
        self._derain = rain.requires_grad_(False) if rain else None

    def forward(self, visible: Tensor, thermal: Tensor, request: Tensor) -> Tensor:
        """[B, 3, H, W], [B, 1, H, W] and [B, modes + 1] of a `Batch` -> fused [B, 3, H, W]."""
        folded, folded_thermal = fold(visible), fold(thermal)
        if self._derain is not None and bool(request[:, RAIN].any()):
            wet = torch.nonzero(request[:, RAIN])[:, 0]
            cleared = self._derain.fuse(folded[wet], folded_thermal[wet], self._derain.modulation(request[wet]))
            folded = folded.index_copy(0, wet, cleared)
            request = request.clone()
            request[:, RAIN] = 0
        modulation = self.network.modulation(self._reads.of_requests(request))
        return unfold(self.network.fuse(folded, folded_thermal, modulation))
