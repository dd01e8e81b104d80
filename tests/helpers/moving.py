"""Two cameras by formula: a world of shapes, and a camera that moves over it, or things that move before it."""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

Place = Callable[[float], tuple[float, float]]

# Hz, and phases in x and y, of sines that have no common period within minutes.
FREQUENCIES = np.array([0.23, 0.41, 0.67, 1.13, 1.71, 2.39])
PHASES = np.array([[0.3, 2.1, 4.4, 1.2, 5.0, 3.3], [1.9, 0.2, 3.1, 5.5, 2.7, 4.1]])


def unsteady(time: float) -> tuple[float, float]:
    """Where a camera that is moved by hand looks, in pixels of the world."""
    x, y = (np.sin(2 * np.pi * FREQUENCIES * time + PHASES) * 8 / FREQUENCIES).sum(axis=1)
    return 600 + x, 400 + y / 2


def world(seed: int, shapes: int = 250) -> NDArray[np.float32]:
    """Shapes in levels of grey, float32 [800, 1200]."""
    random = np.random.default_rng(seed)
    image = np.full((800, 1200), 110, np.float32)
    for _ in range(shapes):
        centre, sides = random.uniform((0, 0), (1200, 800)).tolist(), random.uniform(10, 90, 2).tolist()
        corners = cv2.boxPoints((tuple(centre), tuple(sides), float(random.uniform(0, 180))))
        cv2.fillConvexPoly(image, corners.astype(int), float(random.uniform(20, 230)))
    return cv2.GaussianBlur(image, (0, 0), 2.5)  # a pixel of either camera sees an area, not a point


def visible(
    scene: NDArray[np.float32], place: tuple[float, float], random: np.random.Generator | None = None
) -> NDArray[np.uint8]:
    """What the visible camera sees, uint8 RGB [120, 160, 3]: 480 pixels of the world, noisy where `random` is given."""
    grey = _view(scene, place, (160, 120), 480, random)
    return np.stack([grey, grey, grey], axis=2)


def thermal(
    scene: NDArray[np.float32],
    place: tuple[float, float],
    random: np.random.Generator | None = None,
    width: float = 400,
    size: tuple[int, int] = (80, 60),
) -> NDArray[np.uint8]:
    """What the thermal camera sees, uint8 [H, W]: the negative, faint, of `width` pixels of the world."""
    return (40 + 0.4 * (255 - _view(scene, place, size, width, random).astype(np.float32))).astype(np.uint8)


def crossing(time: float, scene: NDArray[np.float32]) -> NDArray[np.float32]:
    """The world with three people in it, who walk to and fro."""
    image = scene.copy()
    for number, level in enumerate((30.0, 220.0, 190.0)):
        x = 450 + 150 * number + 0.6 * (unsteady(time + 17 * number)[0] - 600)
        cv2.rectangle(image, (round(x) - 15, 350), (round(x) + 15, 440), level, cv2.FILLED)
    return image


def _view(
    scene: NDArray[np.float32],
    place: tuple[float, float],
    size: tuple[int, int],
    width: float,
    random: np.random.Generator | None,
) -> NDArray[np.uint8]:
    scale = width / size[0]
    matrix = np.array([[scale, 0, place[0] - width / 2], [0, scale, place[1] - scale * size[1] / 2]])
    image = cv2.warpAffine(scene, matrix, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    if random is not None:
        image = image + random.normal(0, 2, image.shape)
    return np.clip(image, 0, 255).astype(np.uint8)
