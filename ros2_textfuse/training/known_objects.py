"""Objects that labels know, in the target: vehicles as the colour camera shows them, and each object brought out.

What either camera shows is half of the way: textures of both together hide what each of them shows by itself. So the
target moves an object's levels away from its surroundings, by the same curve as for an object that is named in a prompt
(Zhang et al., Text-DiFuse, NeurIPS 2024, section 3.3), and the network learns to do that by itself.
"""

import math

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ros2_textfuse.saliency.appearance import LEAST, PLAIN, RISE, object_masks, pushes, separabilities
from ros2_textfuse.saliency.surroundings import Surroundings

VEHICLES = (2, 5, 6, 7)  # COCO ids of car, bus, train, truck
LIKE_VISIBLE = 0.15  # factor on the preference for thermal within a vehicle's box
MARGIN = 0.2  # of a vehicle's width and height around it, where that holds too,
SOFT = 0.25  # of them, over which it ceases to
STRENGTH = 0.8  # of the push of an object that hardly differs from its surroundings,
OF_VEHICLES = 0.6  # and of a vehicle's, whose parts a detector knows it by
WHOLE = 0.6  # of the push moves all of the object one way, the rest each part away from what is beside it


def log_preference(objects: Tensor, height: int, width: int) -> Tensor:
    """Log of the factor on the preference for thermal, [B, 1, H, W]: below 0 where a vehicle is.

    A car in thermal looks less like a car to people and detectors alike; where the colour camera shows one at all, its
    looks are that camera's.

    Args:
        objects: [B, N, 5]: class (below 0: no object), left, top, right, bottom in pixels.
        height: of the image.
        width: of the image.
    """
    vehicle = (objects[..., :1] == torch.tensor(VEHICLES, device=objects.device)).any(-1)
    low, high = objects[..., None, 1:3], objects[..., None, 3:5]  # [B, N, 1, 2], x and y
    extent = (high - low).clamp(min=1)
    shares = []
    for axis, size in ((1, height), (0, width)):
        at = torch.arange(size, device=objects.device) + 0.5
        depth = torch.minimum(at - low[..., axis], high[..., axis] - at) / extent[..., axis]
        shares.append(((depth + MARGIN) / SOFT + 0.5).clamp(0, 1))
    inside = shares[0][..., :, None] * shares[1][..., None, :] * vehicle[..., None, None]
    return math.log(LIKE_VISIBLE) * inside.sum(1, keepdim=True).clamp(max=1)


def bring_out(
    target: Tensor, visible: Tensor, thermal: Tensor, objects: Tensor, balance: Tensor | None = None
) -> Tensor:
    """The target with its known objects brighter or darker, whichever the camera that shows them more plainly says.

    Args:
        target: luma, [B, 1, H, W].
        visible: luma.
        thermal: thermal.
        objects: of `log_preference`.
        balance: [B], -1 (visible) .. 1 (thermal): a camera that is hardly asked for says less; None for 0.

    Returns:
        [B, 1, H, W]; without an object the target itself.
    """
    brought_out = target.clone()
    images = [np.uint8(np.round(x[:, 0].clamp(0, 1).cpu().numpy() * 255)) for x in (visible, thermal, target)]
    for number, boxes in enumerate(objects.cpu().numpy()):
        crop = [image[number] for image in images]
        leaning = 0.0 if balance is None else float(balance[number])
        regards = 1 - max(leaning, 0), 1 + min(leaning, 0)
        for kind, *box in boxes[boxes[:, 0] >= 0]:
            around = Surroundings.of(tuple(box), *crop[-1].shape)
            if around is not None:
                strength = OF_VEHICLES if kind in VEHICLES else STRENGTH
                left, top, right, bottom = around.inner
                change = torch.from_numpy(strength * _change(crop, regards, around) / 255)
                brought_out[number, 0, top:bottom, left:right] += change.to(target.device)
    return brought_out.clamp(0, 1)


def _change(images: list[NDArray[np.uint8]], regards: tuple[float, float], around: Surroundings) -> NDArray[np.float32]:
    """Levels by which the pixels of a box are to rise or fall, of the whole push, in the last of three images."""
    _, core, ring = around.profiles()
    core, ring = core[None], ring[None]
    cells = [around.look(image)[None] for image in images]
    whole, _, each = pushes(cells, object_masks(cells, core, ring), ring)
    ground = cells[-1][ring].mean()
    contrasts = [regard * _possible(camera, ring, ground) for camera, regard in zip(cells, regards, strict=False)]
    way = np.sign(max(contrasts, key=abs))
    need = np.clip((PLAIN[1] - separabilities(cells[-1], ring)[0]) / (PLAIN[1] - PLAIN[0]), LEAST, 1)
    push = np.float32(need * (WHOLE * way * whole[0] + (1 - WHOLE) * each[0]))
    return np.asarray(cv2.LUT(around.inside(images[-1]), RISE) * around.enlarge(push), np.float32)


def _possible(cells: NDArray[np.uint8], ring: NDArray[np.bool_], ground: float) -> float:
    """A camera's contrast of what is inside a ring, as far as a ground of that level leaves room for it."""
    contrast = float(cells[~ring].mean() - cells[ring].mean())
    return min(contrast, 255 - ground) if contrast > 0 else max(contrast, -ground)
