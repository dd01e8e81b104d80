"""Whether the two sides that a user named are the other way round."""

import logging
from typing import Any

from numpy.typing import NDArray

from ros2_textfuse.imaging.camera_health import SAMPLING, is_coloured

logger = logging.getLogger(__name__)


def check_sides(visible: NDArray[Any], thermal: NDArray[Any], names: tuple[object, object]) -> None:
    """Warn of a thermal side in colours; it is read as grey all the same, since some cameras send a palette.

    Args:
        visible: [H, W] or [H, W, 3], as it is in its file.
        thermal: likewise.
        names: of the two, for the message.
    """
    if not is_coloured(thermal[::SAMPLING, ::SAMPLING]):
        return
    if is_coloured(visible[::SAMPLING, ::SAMPLING]):
        logger.warning("%s is coloured: a false-colour palette, of which the grey is no temperature", names[1])
    else:
        logger.warning("%s is coloured and %s is grey: are they swapped? the RGB side comes first", names[1], names[0])
