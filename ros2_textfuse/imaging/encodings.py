"""Image messages to arrays and back.

The messages are anything with the fields of sensor_msgs/Image, so that nothing here imports ROS. Arrays are views
of the message's memory wherever its layout allows. cv_bridge is not used: it copies on the way out, accepts
images whose data are too short, and needs a distribution.
"""

import sys
from array import array
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ros2_textfuse.errors import TextfuseError
from ros2_textfuse.imaging.outside_text import shown

# Encoding to channels and numpy's type of one of them.
_LAYOUTS = {
    **dict.fromkeys(("mono8", "8UC1"), (1, "u1")),
    **dict.fromkeys(("mono16", "16UC1"), (1, "u2")),
    "32FC1": (1, "f4"),
    **dict.fromkeys(("rgb8", "bgr8"), (3, "u1")),
    **dict.fromkeys(("rgba8", "bgra8"), (4, "u1")),
    **dict.fromkeys(("yuv422", "uyvy", "yuv422_yuy2", "yuyv"), (2, "u1")),
    **dict.fromkeys(("bayer_rggb8", "bayer_bggr8", "bayer_gbrg8", "bayer_grbg8"), (1, "u1")),
}
_TO_RGB = {
    "bgr8": cv2.COLOR_BGR2RGB,
    "rgba8": cv2.COLOR_RGBA2RGB,
    "bgra8": cv2.COLOR_BGRA2RGB,
    "mono8": cv2.COLOR_GRAY2RGB,
    "8UC1": cv2.COLOR_GRAY2RGB,
    "yuv422": cv2.COLOR_YUV2RGB_UYVY,
    "uyvy": cv2.COLOR_YUV2RGB_UYVY,
    "yuv422_yuy2": cv2.COLOR_YUV2RGB_YUY2,
    "yuyv": cv2.COLOR_YUV2RGB_YUY2,
    # ROS names the first row from its first pixel on, OpenCV the second row from its second pixel on.
    "bayer_rggb8": cv2.COLOR_BayerBG2RGB,
    "bayer_bggr8": cv2.COLOR_BayerRG2RGB,
    "bayer_gbrg8": cv2.COLOR_BayerGR2RGB,
    "bayer_grbg8": cv2.COLOR_BayerGB2RGB,
}
_TO_GREY = {"rgb8": cv2.COLOR_RGB2GRAY, "bgr8": cv2.COLOR_BGR2GRAY}

ENCODING = {2: {"uint8": "mono8", "uint16": "mono16", "float32": "32FC1"}, 3: {"uint8": "rgb8"}}
"""Of an array: its number of dimensions and its type to the encoding."""

VISIBLE_ENCODINGS = ("rgb8", *_TO_RGB)
THERMAL_ENCODINGS = ("mono8", "8UC1", "mono16", "16UC1", "32FC1", *_TO_GREY)
ENCODINGS = {"visible": VISIBLE_ENCODINGS, "thermal": THERMAL_ENCODINGS}
"""Those that are understood, by camera."""

LARGEST = 8192  # pixels to a side; what is larger is no camera's image but a broken header


@dataclass
class ImageView:
    """The fields of sensor_msgs/Image, for pixels that did not come as one; nothing is copied."""

    header: Any
    height: int
    width: int
    encoding: str
    step: int
    data: memoryview
    is_bigendian: int = 0

    @classmethod
    def from_pixels(cls, header: Any, pixels: NDArray, encoding: str) -> "ImageView":
        """A C-contiguous [H, W] or [H, W, C] array, in the byte order of this machine, as an image message."""
        height, width = pixels.shape[:2]
        big = int(sys.byteorder == "big")
        return cls(header, height, width, encoding, pixels.strides[0], pixels.data.cast("B"), big)


class ImageError(TextfuseError, ValueError):
    """An image or an image message cannot be used; the message says what was expected."""


def check_message(message: Any, encodings: tuple[str, ...]) -> None:
    """Check an image message by its fields, without touching its pixels.

    Args:
        message: with the fields of sensor_msgs/Image.
        encodings: those that are understood, VISIBLE_ENCODINGS or THERMAL_ENCODINGS.

    Raises:
        ImageError: unknown encoding, no pixels or more than LARGEST to a side, or a step or data too short for the
            size.
    """
    height, width, step = message.height, message.width, message.step
    if message.encoding not in encodings:
        raise ImageError(f"encoding '{shown(message.encoding)}' is not understood: send {', '.join(encodings)}")
    if height == 0 or width == 0:
        raise ImageError(f"the image has no pixels: width {width}, height {height}")
    if max(width, height) > LARGEST:
        raise ImageError(f"the image is {width}x{height}: at most {LARGEST} pixels to a side are taken")
    if _LAYOUTS[message.encoding][0] == 2 and width % 2:
        raise ImageError(f"two pixels share their colour in {message.encoding}, and the width is odd: {width}")
    if message.encoding.startswith("bayer") and (width < 2 or height < 2):
        raise ImageError(f"a Bayer pattern has at least 2x2 pixels, this image {width}x{height}")
    row = width * _pixel_bytes(message.encoding)
    if step < row:
        raise ImageError(f"step is {step} bytes, but a row of {width} pixels in {message.encoding} takes {row}")
    if len(message.data) < step * height:
        raise ImageError(f"data has {len(message.data)} bytes, but step {step} x height {height} asks {step * height}")


def visible_array(message: Any) -> NDArray[np.uint8]:
    """A checked visible message, or recorded image, as uint8 RGB [H, W, 3]; a view of its data where it is rgb8."""
    found = pixels(message)
    conversion = _TO_RGB.get(message.encoding)
    return found if conversion is None else np.asarray(cv2.cvtColor(found, conversion), np.uint8)


def thermal_array(message: Any) -> NDArray[np.uint8] | NDArray[np.uint16] | NDArray[np.float32]:
    """A checked thermal message, or recorded image, as uint8, uint16 or float32 [H, W].

    A view of its data where the byte order is native.

    Grey that a camera sends as colour becomes grey again.
    """
    found = pixels(message)
    conversion = _TO_GREY.get(message.encoding)
    return found if conversion is None else np.asarray(cv2.cvtColor(found, conversion), np.uint8)


def camera_array(message: Any, camera: str) -> NDArray:
    """A checked message of a camera, `visible` or `thermal`, as the array that `Fuser` takes from it."""
    return visible_array(message) if camera == "visible" else thermal_array(message)


def pixels(message: Any) -> NDArray:
    """The pixels of a checked message as they are: [H, W] or [H, W, C], a view of its data where the layout allows."""
    height, width = message.height, message.width
    channels, kind = _LAYOUTS[message.encoding]
    rows = np.frombuffer(message.data, np.uint8, message.step * height).reshape(height, message.step)
    row_bytes = rows[:, : width * _pixel_bytes(message.encoding)]
    if kind != "u1":
        # A row whose step is no multiple of the pixel has no aligned view.
        values = np.ascontiguousarray(row_bytes).view((">" if message.is_bigendian else "<") + kind)
        return values.astype(kind, copy=False)
    return row_bytes.reshape(height, width, channels) if channels > 1 else row_bytes


def blank_data(height: int, width: int, channels: int) -> tuple[array, NDArray[np.uint8]]:
    """Memory for a message's data, with an array that writes into it.

    rclpy takes an `array.array` as it is; any other type is converted element by element, 40 ms for 640x480.

    Returns:
        The `array('B')` to assign to `message.data`, and a uint8 [H, W, channels] view of it.
    """
    data = array("B", b"\0") * (height * width * channels)
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
    channels, kind = _LAYOUTS[encoding]
    return channels * np.dtype(kind).itemsize
