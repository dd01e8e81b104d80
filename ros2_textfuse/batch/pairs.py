"""The pairs of a recording as the fusion node fuses them."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ros2_textfuse.fuser import Fuser
from ros2_textfuse.imaging.encodings import ImageError
from ros2_textfuse.imaging.gain_control import GainControl
from ros2_textfuse.recordings.frames import Tally, recorded_pairs
from ros2_textfuse.recordings.types import RecordedImage, Recording
from ros2_textfuse.scene.watch import SceneWatch
from ros2_textfuse.settings import FusionSettings
from ros2_textfuse.sync.policy import PairingPolicy


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
    raw: NDArray
    """The thermal image as the camera sent it: uint8, uint16 or float32."""


@dataclass
class Carried:
    """All that the making of one pair leaves behind for the next; what a recording is cut by. It can be pickled."""

    policy: PairingPolicy[RecordedImage]
    """Images that wait for a partner, and the stamps of the last ones."""
    gain_control: GainControl
    """The range that follows the scene."""
    watch: SceneWatch
    """What mode `auto` has seen."""
    paired: int = 0
    """Pairs so far."""

    @classmethod
    def at_start(cls, settings: FusionSettings) -> "Carried":
        """Of a recording of which nothing was read yet."""
        return cls(PairingPolicy(settings), settings.gain_control(), SceneWatch())


def pairs(
    recording: Recording,
    settings: FusionSettings,
    fuser: Fuser,
    tally: Tally,
    ordered: bool = True,
    carried: Carried | None = None,
) -> Iterator[Pair]:
    """The pairs of a recording as the node fuses them; `tally` is filled as they come.

    Where the prompt heeds the images, the fuser has looked at a pair when it comes.

    Args:
        recording: to read.
        settings: how images pair, and the gain control.
        fuser: its gain control and alignment prepare the pairs.
        tally: counts, written.
        ordered: whether the pairs follow each other in time.
        carried: from the pairs before, kept up to date; None to begin anew.
    """
    carried = carried or Carried.at_start(settings)
    fuser.gain_control, fuser.watch, tally.paired = carried.gain_control, carried.watch, carried.paired
    for pair in recorded_pairs(recording, settings, tally, carried.policy):
        carried.paired = tally.paired
        if not ordered:  # the range of another scene says nothing of this one
            fuser.gain_control = settings.gain_control()
        try:
            visible, thermal = fuser.prepare_pair(pair.visible, pair.thermal)
        except ImageError as error:
            tally.excluded[f"pair not fused: {error}"] += 1
            continue
        if fuser.heeds_images:
            fuser.look(visible, thermal, pair.time if ordered else None)
        yield Pair(pair.number, pair.time, pair.difference, visible, thermal, pair.thermal)
