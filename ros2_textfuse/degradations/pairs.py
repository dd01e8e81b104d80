"""Registered pairs in memory, to try degradations on."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ros2_textfuse.degradations import synthesis
from ros2_textfuse.recordings.pairs import find_sides, pair_folders, read_image
from ros2_textfuse.recordings.types import RecordingError

Image = NDArray[np.uint8]


@dataclass(frozen=True)
class RegisteredPair:
    """A registered pair: visible uint8 RGB [H, W, 3], thermal uint8 [H, W]; the seed is its own."""

    name: str
    visible: Image
    thermal: Image
    seed: int

    def degraded(self, severities: Mapping[str, float]) -> tuple[Image, Image]:
        """The pair with degradations, the same each time."""
        visible, thermal = (image.astype(np.float32) / 255 for image in (self.visible, self.thermal))
        visible, thermal = synthesis.apply(visible, thermal, severities, np.random.default_rng(self.seed))
        return np.round(visible * 255).astype(np.uint8), np.round(thermal * 255).astype(np.uint8)


def load_pairs(folder: Path) -> list[RegisteredPair]:
    """The pairs of a folder, sorted by name.

    Raises:
        RecordingError: the folder or a side is missing or empty, or an image has no partner, cannot be read or has
            more than 8 bits.
    """
    return [
        RegisteredPair(name, read_image(visible, "visible"), _thermal(thermal), seed)
        for seed, (name, (visible, thermal)) in enumerate(pair_folders(*find_sides(folder)).items())
    ]


def _thermal(path: Path) -> Image:
    image = read_image(path, "thermal")
    if image.dtype != np.uint8:
        raise RecordingError(
            f"{path} has pixels of {image.dtype}; 8 bits are needed here, since their range is unknown"
        )
    return image
