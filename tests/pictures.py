"""Pictures by formula that look enough like a street for a fusion network."""

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
