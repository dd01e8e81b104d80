"""The pairs of a recording as the fusion node fuses them."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ros2_textfuse.fuser import Fuser
from ros2_textfuse.imaging.encodings import ImageError
from ros2_textfuse.recordings.frames import Tally, recorded_pairs
from ros2_textfuse.recordings.types import Recording
from ros2_textfuse.settings import FusionSettings


@dataclass(frozen=True)
class Pair:
    """A pair as the node would have fused it."""

    number: int
    """Of the pairs of the recording, from 0."""
    time: float
    """Seconds from the start of the recording, the visible image's stamp."""
    difference: float
    """Seconds by which the thermal image's stamp is later."""
    visible: NDArray[np.uint8]
    """[H, W, 3] RGB."""
    thermal: NDArray[np.uint8]
    """[H, W], after gain control; both after alignment."""


def pairs(
    recording: Recording, settings: FusionSettings, fuser: Fuser, tally: Tally, ordered: bool = True
) -> Iterator[Pair]:
    """The pairs of a recording as the node fuses them; `tally` is filled as they come.

    Where the prompt heeds the images, the fuser has looked at a pair when it comes.

    Args:
        recording: to read.
        settings: how images pair, and the gain control, which begins anew.
        fuser: its gain control and alignment prepare the pairs.
        tally: counts, written.
        ordered: whether the pairs follow each other in time.
    """
    fuser.gain_control = settings.gain_control()
    for pair in recorded_pairs(recording, settings, tally):
        try:
            visible, thermal = fuser.prepare_pair(pair.visible, pair.thermal)
        except ImageError as error:
            tally.excluded[f"pair not fused: {error}"] += 1
            continue
        if fuser.heeds_images:
            fuser.look(visible, thermal, pair.time if ordered else None)
        yield Pair(pair.number, pair.time, pair.difference, visible, thermal)
