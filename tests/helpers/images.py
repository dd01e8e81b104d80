"""Images by formula: enough like a street for a fusion network, or with enough edges to register."""

import cv2
import numpy as np
from numpy.typing import NDArray


def street(height: int, width: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Visible uint8 RGB [H, W, 3] and thermal uint8 [H, W]: smooth texture, edges, and a warm disc."""
    rows, columns = np.mgrid[:height, :width]
    texture = 90 + 50 * np.sin(rows / 9) * np.sin(columns / 13) + 40 * (rows > 0.6 * height)
    visible = np.stack([texture, 0.9 * texture, 0.8 * texture], axis=2).astype(np.uint8)
    disc = (rows - height / 2) ** 2 + (columns - width / 3) ** 2 < (height / 5) ** 2
    thermal = np.where(disc, 220, 40 + 0.3 * texture).astype(np.uint8)
    return visible, thermal


def shapes(seed: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Visible and thermal in grey, uint8 [240, 320]: shapes that both see, each in levels of its own, and texture."""
    random = np.random.default_rng(seed)
    visible = 100 + 20 * cv2.GaussianBlur(random.normal(0, 4, (240, 320)), (0, 0), 3)
    thermal = np.full((240, 320), 60.0)
    for _ in range(25):
        centre, axes = random.integers((0, 0), (320, 240)).tolist(), random.integers(8, 45, 2).tolist()
        angle, levels = int(random.integers(0, 180)), random.uniform(20, 230, 2)
        for image, level in zip((visible, thermal), levels, strict=True):
            corners = cv2.boxPoints((tuple(map(float, centre)), tuple(map(float, axes)), angle))
            cv2.fillConvexPoly(image, corners.astype(int), float(level))
    noisy = [np.clip(image + random.normal(0, 3, image.shape), 1, 255) for image in (visible, thermal)]
    return tuple(image.astype(np.uint8) for image in noisy)
