"""A head for training alone: from what the network sees at 1/16, where people and vehicles are.

Nothing but the fused image is asked of the network that ships. But to show a person plainly it has to know one, and
few pixels of few images say so; this head says it at every step.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ros2_textfuse.networks.guided import GuidedNetwork

KINDS = ((0,), (1, 2, 3, 5, 6, 7))  # COCO ids: people; cycles and vehicles
CELL = 16  # pixels
WEIGHT = 1.0  # of its loss beside those of the fused image


class Recognition(nn.Module):
    """Looks at the last block at 1/16 of a network.

    Args:
        network: on which it listens, from now on.
    """

    def __init__(self, network: GuidedNetwork) -> None:
        super().__init__()
        self.head = nn.Conv2d(network.config.widths[-1], len(KINDS), 1)
        nn.init.zeros_(self.head.weight)
        self._features = torch.empty(0)
        network.coarsest.register_forward_hook(self._keep)

    def _keep(self, _block: nn.Module, _inputs: tuple[Tensor, ...], features: Tensor) -> None:
        self._features = features

    def loss(self, objects: Tensor) -> Tensor:
        """Cross entropy of the cells of what was seen last.

        Args:
            objects: [B, N, 5]: class (below 0: no object), left, top, right, bottom in pixels.
        """
        return F.binary_cross_entropy_with_logits(
            self.head(self._features), covered(objects, *self._features.shape[2:])
        )


def covered(objects: Tensor, rows: int, columns: int) -> Tensor:
    """Share of each cell that objects of each kind cover, [B, kinds, rows, columns]."""
    kinds, boxes = objects[..., 0], objects[..., 1:] / CELL
    shares = []
    for axis, count in ((1, rows), (0, columns)):
        low, high = boxes[..., axis, None], boxes[..., axis + 2, None]
        at = torch.arange(count, device=objects.device)
        shares.append((torch.minimum(high, at + 1) - torch.maximum(low, at)).clamp(min=0))
    of_boxes = shares[0][..., :, None] * shares[1][..., None, :]
    of_kind = torch.stack([torch.isin(kinds, kinds.new_tensor(ids)) for ids in KINDS], 1)[..., None, None]
    return (of_kind * of_boxes[:, None]).sum(2).clamp(max=1)
