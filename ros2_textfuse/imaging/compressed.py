"""JPEG and PNG images, as image_transport's `compressed` sends them, to arrays and back.

The messages are anything with the fields of sensor_msgs/CompressedImage. What the data are is read from the data: the
field `format` differs between drivers (`jpeg`, `rgb8; jpeg compressed bgr8`, `16UC1; png compressed `), and a colour
image in a file is a colour image whatever the camera's own order of channels was.
"""

from array import array
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ros2_textfuse.imaging.encodings import ImageError, ImageView
from ros2_textfuse.imaging.image_files import JPEG, MOST_PIXELS, PNG, check_size, image_size
from ros2_textfuse.imaging.outside_text import shown

FORMAT = "rgb8; jpeg compressed bgr8"
"""The field `format` of what `jpeg` makes, as image_transport's own publisher writes it."""

_ENCODINGS = {(1, "uint8"): "mono8", (1, "uint16"): "mono16", (3, "uint8"): "bgr8", (4, "uint8"): "bgra8"}


def decode(message: Any, most_pixels: int = MOST_PIXELS) -> ImageView:
    """The image that a message holds: mono8, mono16, bgr8 or bgra8, under the message's header.

    Args:
        message: with the fields of sensor_msgs/CompressedImage.
        most_pixels: refused before they are decoded when there are more: a few hundred kilobytes can hold gigabytes.

    Raises:
        ImageError: another format, a file that is cut off or damaged, or too many pixels.
    """
    _check(message, most_pixels)
    try:
        pixels = cv2.imdecode(np.frombuffer(message.data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:  # some damage is None to OpenCV, some an exception
        pixels = None
    if pixels is None:
        raise ImageError(f"the image is damaged: it does not decode (format '{shown(message.format)}')")
    channels = pixels.shape[2] if pixels.ndim == 3 else 1
    encoding = _ENCODINGS.get((channels, pixels.dtype.name))
    if encoding is None:
        raise ImageError(
            f"the image has {channels} channels of {8 * pixels.itemsize} bits (format '{shown(message.format)}')"
        )
    return ImageView.from_pixels(message.header, pixels, encoding)


def jpeg(pixels: NDArray[np.uint8], quality: int) -> array:
    """The data of a message that holds an image as a JPEG; its `format` is FORMAT.

    Args:
        pixels: uint8 RGB [H, W, 3], or uint8 [H, W].
        quality: 1..100.
    """
    ordered = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR) if pixels.ndim == 3 else pixels
    made, data = cv2.imencode(".jpg", ordered, [cv2.IMWRITE_JPEG_QUALITY, quality])
    assert made
    return array("B", data.tobytes())


def png(pixels: NDArray[Any]) -> array:
    """The data of a message that holds an image as a PNG, which keeps every pixel.

    Args:
        pixels: uint8 RGB [H, W, 3], or uint8 or uint16 [H, W].
    """
    made, data = cv2.imencode(".png", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR) if pixels.ndim == 3 else pixels)
    assert made
    return array("B", data.tobytes())


def _check(message: Any, most_pixels: int) -> None:
    """Refuse what is no whole JPEG or PNG of a sensible size, without decoding it."""
    data = memoryview(message.data).cast("B")
    head, tail = bytes(data[:26]), bytes(data[-64:])
    if head.startswith(PNG):
        whole = b"IEND" in tail
        if head[24:26] in (b"\x10\2", b"\x10\6"):
            raise ImageError(f"the image has colour of 16 bits a channel (format '{shown(message.format)}'): send 8")
    elif head.startswith(JPEG):
        whole = b"\xff\xd9" in tail  # some cameras pad what follows
    else:
        raise ImageError(
            f"the data are no JPEG and no PNG (format '{shown(message.format)}', first bytes "
            f"{head[:4].hex(' ') or 'none'}): send image_transport's 'compressed'; 'compressedDepth' and 'theora' are "
            "not read"
        )
    if not whole:
        raise ImageError(f"the image is cut off: it has no end marker (format '{shown(message.format)}')")
    check_size(image_size(data) or (0, 0), most_pixels)
