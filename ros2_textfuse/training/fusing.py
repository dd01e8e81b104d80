"""A network as training calls it: images and a request in, the fused image out."""

import torch
from torch import Tensor, nn

from ros2_textfuse.degradations.modes import MODES
from ros2_textfuse.engines.clearing import STRETCHED, TAKEN
from ros2_textfuse.imaging.stretching import stretched
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
        self._taken = TAKEN if cleared else []
        self._clearing = nn.ModuleDict({mode: network_of(read_clearing(mode)) for mode in cleared}).requires_grad_(
            False
        )

    def forward(self, visible: Tensor, thermal: Tensor, request: Tensor) -> Tensor:
        """[B, 3, H, W], [B, 1, H, W] and [B, modes + 1] of a `Batch` -> fused [B, 3, H, W]."""
        if self._taken:
            thermal = _stretched(thermal, request[:, MODES.index(STRETCHED)])
        visible, thermal = fold(visible), fold(thermal)
        for mode, clearing in self._clearing.items():
            severity = request[:, MODES.index(mode)]
            rows = torch.nonzero(severity)[:, 0]
            if len(rows):
                assert isinstance(clearing, Clearing)
                clear = clearing.fuse(visible[rows], thermal[rows], severity[rows, None])
                visible = visible.index_copy(0, rows, clear)
        request = request.clone()
        request[:, self._taken] = 0
        modulation = self.network.modulation(self._reads.of_requests(request))
        return unfold(self.network.fuse(visible, thermal, modulation))


def _stretched(thermal: Tensor, severities: Tensor) -> Tensor:
    """Thermal [B, 1, H, W], 0..1, each with its range spread as its severity says."""
    found = thermal.clone()
    for row in torch.nonzero(severities)[:, 0].tolist():
        levels = (255 * thermal[row, 0]).round().byte().numpy()
        found[row, 0] = torch.from_numpy(stretched(levels, float(severities[row]))) / 255
    return found
