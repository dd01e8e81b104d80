"""Image messages to arrays and back, and thermal gain control.

The messages are anything with the fields of sensor_msgs/Image, so that nothing here imports ROS. Arrays are views
of the message's memory wherever its layout allows. cv_bridge is not used: it copies on the way out, accepts
pictures whose data are too short, and needs a distribution.
"""

from array import array
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

VISIBLE_ENCODINGS = ("rgb8", "bgr8", "rgba8", "bgra8", "mono8", "8UC1")
THERMAL_ENCODINGS = ("mono8", "8UC1", "mono16", "16UC1")

_CHANNELS = {"rgb8": 3, "bgr8": 3, "rgba8": 4, "bgra8": 4}
_TO_RGB = {
    "bgr8": cv2.COLOR_BGR2RGB,
    "rgba8": cv2.COLOR_RGBA2RGB,
    "bgra8": cv2.COLOR_BGRA2RGB,
    "mono8": cv2.COLOR_GRAY2RGB,
    "8UC1": cv2.COLOR_GRAY2RGB,
}


class ImageError(ValueError):
    """A picture or an image message cannot be used; the message says what was expected."""


def check_message(message: Any, encodings: tuple[str, ...]) -> None:
    """Check an image message by its fields, without touching its pixels.

    Args:
        message: with the fields of sensor_msgs/Image.
        encodings: those that are understood, VISIBLE_ENCODINGS or THERMAL_ENCODINGS.

    Raises:
        ImageError: unknown encoding, zero size, or a step or data too short for the size.
    """
    height, width, step = message.height, message.width, message.step
    if message.encoding not in encodings:
        raise ImageError(f"encoding '{message.encoding}' is not understood: send {', '.join(encodings)}")
    if height == 0 or width == 0:
        raise ImageError(f"the image has no pixels: width {width}, height {height}")
    row = width * _pixel_bytes(message.encoding)
    if step < row:
        raise ImageError(f"step is {step} bytes, but a row of {width} pixels in {message.encoding} takes {row}")
    if len(message.data) < step * height:
        raise ImageError(f"data has {len(message.data)} bytes, but step {step} x height {height} asks {step * height}")


def visible_array(message: Any) -> NDArray[np.uint8]:
    """A checked visible message as uint8 RGB [H, W, 3]; a view of its data where the encoding is rgb8."""
    pixels = _pixels(message)
    conversion = _TO_RGB.get(message.encoding)
    return pixels if conversion is None else np.asarray(cv2.cvtColor(pixels, conversion), np.uint8)


def thermal_array(message: Any) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """A checked thermal message as uint8 or uint16 [H, W]; a view of its data where the byte order is native."""
    return _pixels(message)


def blank_data(height: int, width: int, channels: int) -> tuple[array, NDArray[np.uint8]]:
    """Memory for a message's data, with an array that writes into it.

    rclpy takes an `array.array` as it is; any other type is converted element by element, 40 ms for 640x480.

    Returns:
        The `array('B')` to assign to `message.data`, and a uint8 [H, W, channels] view of it.
    """
    data = array("B", bytes(height * width * channels))
    return data, np.frombuffer(data, np.uint8).reshape(height, width, channels)


def fill_message(message: Any, pixels: NDArray, encoding: str) -> None:
    """Copy an array into an image message; header and stamp are left alone.

    Args:
        message: with the fields of sensor_msgs/Image; written.
        pixels: [H, W] or [H, W, C], uint8 or uint16.
        encoding: that of the pixels, e.g. `rgb8`.
    """
    data = array("B")
    data.frombytes(np.ascontiguousarray(pixels).data.cast("B"))
    message.height, message.width = pixels.shape[:2]
    message.encoding, message.is_bigendian = encoding, 0
    message.step = len(data) // message.height
    message.data = data


def _pixel_bytes(encoding: str) -> int:
    return 2 if encoding in ("mono16", "16UC1") else _CHANNELS.get(encoding, 1)


def _pixels(message: Any) -> NDArray:
    height, width, channels = message.height, message.width, _CHANNELS.get(message.encoding, 1)
    rows = np.frombuffer(message.data, np.uint8, message.step * height).reshape(height, message.step)
    pixels = rows[:, : width * _pixel_bytes(message.encoding)]
    if _pixel_bytes(message.encoding) == 2:
        # A row with an odd step has no aligned 16-bit view.
        pixels = np.ascontiguousarray(pixels).view(">u2" if message.is_bigendian else "<u2")
        return pixels.astype(np.uint16, copy=False)
    return pixels.reshape(height, width, channels) if channels > 1 else pixels


class GainControl:
    """Raw thermal counts to 8 bits by a range that follows the scene slowly.

    The range is the 1st to the 99th percentile of each picture, smoothed over pictures: with a range of its own
    for each picture, a hot object that enters would make everything else pump.

    Args:
        smoothing: share of the range that a new picture keeps from those before it, 0..1.
    """

    def __init__(self, smoothing: float = 0.9) -> None:
        self._smoothing = smoothing
        self.range: tuple[float, float] | None = None

    def __call__(self, thermal: NDArray[np.uint8] | NDArray[np.uint16]) -> NDArray[np.uint8]:
        """thermal [H, W] -> uint8 [H, W]; what has 8 bits already is returned as it is."""
        if thermal.dtype == np.uint8:
            return thermal.view(np.uint8)
        # Every fourth pixel tells the percentiles as well as all of them.
        low, high = np.percentile(thermal[::2, ::2], (1, 99))
        if self.range is not None:
            low = self._smoothing * self.range[0] + (1 - self._smoothing) * low
            high = self._smoothing * self.range[1] + (1 - self._smoothing) * high
        self.range = float(low), float(high)
        gain = 255 / max(high - low, 1.0)
        # Saturates below 0 and above 255, and takes any 16-bit input.
        return np.clip((thermal.astype(np.float32) - low) * gain, 0, 255).astype(np.uint8)
