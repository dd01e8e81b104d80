"""The detector's view of a fused image, as a loss: what it finds in either camera it is to find in the fused image.

The network of the detector is frozen; its gradient says what in the image would make an object more certain. Asked for
ever more certainty it paints: blue windows on cars, pink bark on trees. So nothing is won beyond what it is sure of in
the better camera, and the gradient reaches brightness alone. Only how sure it is of the class counts, at the best place
in the middle of the object's box.
"""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ros2_textfuse.detection.ultralytics_setup import prepare_ultralytics, read_weights
from ros2_textfuse.training.luma import luma

CROPS = 8  # of a batch that it looks at, those with the most objects: it costs more than the fusion network
ENLARGED = 4 / 3  # about as it will see small images; what helps at another scale is no help there
MIDDLE = 0.6  # of a box's extent, in which a cell may find the object
SURE, UNSEEN = 2.0, -5.0  # log odds beyond which more or less make no difference
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

    def misses(self, fused: Tensor, visible: Tensor, thermal: Tensor, objects: Tensor) -> Tensor:
        """How much less sure of the objects it is than in the better camera: mean loss of log odds, 0 without objects.

        Args:
            fused: [B, 3, H, W] RGB, H and W at least 32.
            visible: [B, 3, H, W] RGB, whose colours the fused image is seen with.
            thermal: [B, 1, H, W].
            objects: [B, N, 5]: class (below 0: no object), left, top, right, bottom in pixels.
        """
        known = objects[..., 0] >= 0
        chosen = known.sum(1).topk(min(CROPS, len(objects))).indices
        fused, visible, thermal, objects = (x[chosen] for x in (fused, visible, thermal, objects))
        if not known.any():
            return fused.new_zeros(())
        with torch.no_grad():
            sources = [self._certainty(image, objects) for image in (visible, thermal.expand_as(visible))]
            better = torch.maximum(*sources).clamp(max=SURE)
        of_fused = self._certainty(luma(fused) + visible - luma(visible), objects)
        return (better - of_fused).clamp(min=0).mean()

    def _certainty(self, images: Tensor, objects: Tensor) -> Tensor:
        """Log odds [objects] of each object's class where the detector is surest of it."""
        size = [COARSEST * round(side * ENLARGED / COARSEST) for side in images.shape[2:]]
        logits, cells = self._logits(F.interpolate(images.clamp(0, 1), size, mode="bilinear"))
        crop, number = (objects[..., 0] >= 0).nonzero(as_tuple=True)
        of_class = logits[crop, objects[crop, number, 0].long()]  # [objects, cells]
        down, right = (new / old for new, old in zip(size, images.shape[2:], strict=True))
        box = objects[crop, number, 1:] * objects.new_tensor([right, down, right, down])
        middle, reach = (box[:, :2] + box[:, 2:]) / 2, (MIDDLE / 2 * (box[:, 2:] - box[:, :2])).clamp(min=STRIDE)
        there = ((cells - middle[:, None]).abs() <= reach[:, None]).all(-1)
        return of_class.masked_fill(~there, UNSEEN).amax(1).clamp(min=UNSEEN)

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
