"""A network as training calls it: images and a request in, the fused image out."""

import torch
from torch import Tensor, nn

from ros2_textfuse.degradations.modes import MODES
from ros2_textfuse.networks.clearing import Clearing
from ros2_textfuse.networks.family import FusionNetwork
from ros2_textfuse.networks.folding import fold, unfold
from ros2_textfuse.networks.guided import GuidedNetwork
from ros2_textfuse.networks.prompt_input import prompt_input
from ros2_textfuse.networks.source import network_of
from ros2_textfuse.networks.stored import CLEARED, read_clearing


class Fusing(nn.Module):
    """A network, what it reads of prompts and those that clear in front of it, in one call for shared gradients."""

    def __init__(self, network: FusionNetwork) -> None:
        super().__init__()
        self.network, self._reads = network, prompt_input(network)
        cleared = CLEARED if isinstance(network, GuidedNetwork) else ()
        self._clearing = nn.ModuleDict({mode: network_of(read_clearing(mode)) for mode in cleared}).requires_grad_(
            False
        )

    def forward(self, visible: Tensor, thermal: Tensor, request: Tensor) -> Tensor:
        """[B, 3, H, W], [B, 1, H, W] and [B, modes + 1] of a `Batch` -> fused [B, 3, H, W]."""
        visible, thermal = fold(visible), fold(thermal)
        for mode, clearing in self._clearing.items():
            severity = request[:, MODES.index(mode)]
            rows = torch.nonzero(severity)[:, 0]
            if len(rows):
                assert isinstance(clearing, Clearing)
                clear = clearing.fuse(visible[rows], thermal[rows], severity[rows, None])
                visible = visible.index_copy(0, rows, clear)
        request = request.clone()
        request[:, [MODES.index(mode) for mode in self._clearing]] = 0
        modulation = self.network.modulation(self._reads.of_requests(request))
        return unfold(self.network.fuse(visible, thermal, modulation))
