"""Image messages without ROS, for tests of the core."""

from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ros2_textfuse.imaging import encodings


def image(pixels: NDArray, encoding: str, stamp: float = 0.0) -> Any:
    """An object with the fields of sensor_msgs/Image."""
    message = SimpleNamespace(header=header(stamp))
    encodings.fill_message(message, pixels, encoding)
    return message


def header(stamp: float) -> Any:
    seconds, nanoseconds = divmod(round(stamp * 1e9), 1_000_000_000)
    return SimpleNamespace(stamp=SimpleNamespace(sec=seconds, nanosec=nanoseconds), frame_id="camera")


def noise(*shape: int, dtype: type = np.uint8, seed: int = 0) -> NDArray:
    return np.random.default_rng(seed).integers(0, np.iinfo(dtype).max, shape, dtype=dtype, endpoint=True)
