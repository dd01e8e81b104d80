"""The detector's view of a fused image, as a loss: known objects are to be found in it.

The network of the detector is frozen; its gradient says what in the image would make an object more certain. Only how
sure it is of the class counts, at the best place in the middle of the object's box.
"""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ros2_textfuse.detection.ultralytics_setup import prepare_ultralytics, read_weights

CROPS = 8  # of a batch that it looks at, those with the most objects: it costs more than the fusion network
ENLARGED = 4 / 3  # about as it will see small images; what helps at another scale is no help there
MIDDLE = 0.6  # of a box's extent, in which a cell may find the object
STRIDE, COARSEST = 8, 32  # pixels of its finest and its coarsest cells


class FrozenDetector(nn.Module):
    """A YOLO network of ultralytics that learns nothing.

    Args:
        weights: path of its .pt file.

    Raises:
        WeightsError: they cannot be read.
    """

    def __init__(self, weights: Path) -> None:
        super().__init__()
        prepare_ultralytics()
        network = read_weights(weights).model.eval().requires_grad_(False)
        self.layers, self.head, self.kept = network.model[:-1], network.model[-1], set(network.save)

    def train(self, mode: bool = True) -> "FrozenDetector":
        """It stays as it is."""
        return self

    def misses(self, fused: Tensor, objects: Tensor) -> Tensor:
        """How surely the objects of a batch are missed: the mean of -log(score), 0 where there are none.

        Args:
            fused: [B, 3, H, W] RGB, H and W at least 32.
            objects: [B, N, 5]: class (below 0: no object), left, top, right, bottom in pixels.
        """
        known = objects[..., 0] >= 0
        chosen = known.sum(1).topk(min(CROPS, len(objects))).indices
        fused, objects, known = fused[chosen], objects[chosen], known[chosen]
        if not known.any():
            return fused.new_zeros(())
        size = [COARSEST * round(side * ENLARGED / COARSEST) for side in fused.shape[2:]]
        logits, cells = self._logits(F.interpolate(fused.clamp(0, 1), size, mode="bilinear"))
        crop, number = known.nonzero(as_tuple=True)
        of_class = logits[crop, objects[crop, number, 0].long()]  # [objects, cells]
        down, right = (new / old for new, old in zip(size, fused.shape[2:], strict=True))
        box = objects[crop, number, 1:] * objects.new_tensor([right, down, right, down])
        middle, reach = (box[:, :2] + box[:, 2:]) / 2, (MIDDLE / 2 * (box[:, 2:] - box[:, :2])).clamp(min=STRIDE)
        there = ((cells - middle[:, None]).abs() <= reach[:, None]).all(-1)
        return F.softplus(-of_class.masked_fill(~there, -30).amax(1)).mean()

    def _logits(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Logits [B, classes, cells] of all cells of all scales, and their middles [cells, 2], x and y in pixels."""
        outputs: list[Any] = []
        x: Any = images
        for layer in self.layers:
            if layer.f != -1:  # not of the layer before
                sources = [layer.f] if isinstance(layer.f, int) else layer.f
                of = [x if source == -1 else outputs[source] for source in sources]
                x = of[0] if isinstance(layer.f, int) else of
            x = layer(x)
            outputs.append(x if layer.i in self.kept else None)
        logits, middles = [], []
        for branch, source in zip(self.head.cv3, self.head.f, strict=True):
            scores = branch(outputs[source])
            stride = images.shape[-1] / scores.shape[-1]
            down, right = ((torch.arange(count, device=images.device) + 0.5) * stride for count in scores.shape[2:])
            logits.append(scores.flatten(2))
            middles.append(torch.cartesian_prod(down, right).flip(1))
        return torch.cat(logits, 2), torch.cat(middles)
