"""Image files as bytes: their size before they are decoded, decoded within limits, and encoded.

A file of a few hundred kilobytes may claim gigabytes of pixels. The size is read from the header first, and what is no
camera's image is refused before memory is taken. Files are read and written as bytes, never by OpenCV under their name,
which ends the process where a name is not UTF-8.
"""

import struct
import zlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ros2_textfuse.imaging.encodings import LARGEST, ImageError

MOST_PIXELS = 1 << 25
"""Of an image that is decoded, 33 million: an image of 8 bits and three channels takes 100 MB then."""

PNG = b"\x89PNG\r\n\x1a\n"
JPEG = b"\xff\xd8\xff"
MARK = b"textfuse"
"""What an image that textfuse has written says of who made it, so that only such a one is written over."""
SUFFIXES = (".png", ".jpg", ".jpeg")
"""Of files whose format can say so."""
Bytes = bytes | memoryview

_PNG_HEADER = len(PNG) + 25  # bytes of the signature and of the chunk IHDR
# Markers of the JPEG segments that hold the size: start of frame, but for three of its codes (ITU-T T.81, table B.1).
_FRAMES = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def image_size(data: Bytes) -> tuple[int, int] | None:
    """Width and height that a PNG, JPEG, BMP or TIFF says it has; None where it is none of them, or broken."""
    head = bytes(data[:8])
    try:
        if head == PNG:
            return struct.unpack_from(">II", data, 16)
        if head.startswith(JPEG):
            return _jpeg_size(data)
        if head.startswith(b"BM"):
            width, height = struct.unpack_from("<ii", data, 18)
            return width, abs(height)  # negative: rows from top to bottom
        if head.startswith((b"II*\0", b"MM\0*")):
            return _tiff_size(data, "<" if head.startswith(b"II") else ">")
    except struct.error:  # cut off
        pass
    return None


def check_size(size: tuple[int, int], most_pixels: int = MOST_PIXELS) -> None:
    """Raise ImageError where width and height are not those of a camera's image."""
    width, height = size
    if not (min(size) > 0 and max(size) <= LARGEST and width * height <= most_pixels):
        raise ImageError(
            f"the image says that it has {width}x{height} pixels: at most {LARGEST} to a side are taken, "
            f"{most_pixels} in all"
        )


def decode(data: bytes, colour: bool) -> NDArray[Any]:
    """Decode an image file.

    Args:
        data: PNG, JPEG, BMP or TIFF, whole.
        colour: whether a colour image is wanted, else grey in the depth of the file.

    Returns:
        uint8 RGB [H, W, 3]; or uint8, uint16 or float32 [H, W].

    Raises:
        ImageError: it is none of them, damaged, too large, or of another type.
    """
    size = image_size(data)
    if size is None:
        raise ImageError("it is no PNG, JPEG, BMP or TIFF, or cut off")
    check_size(size)
    flags = cv2.IMREAD_COLOR if colour else cv2.IMREAD_ANYDEPTH | cv2.IMREAD_GRAYSCALE
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error:  # some damage is None to OpenCV, some an exception
        pixels = None
    if pixels is None:
        raise ImageError("it is damaged: it does not decode")
    if colour:
        if pixels.dtype != np.uint8:
            raise ImageError(f"its pixels are {pixels.dtype}: a visible image has 8 bits a channel")
        return cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)
    if pixels.dtype not in (np.uint8, np.uint16, np.float32):
        raise ImageError(f"its pixels are {pixels.dtype}: a thermal image has uint8, uint16 or float32")
    return pixels


def check_suffix(path: Path) -> None:
    """Raise ImageError where a name does not end as that of an image that can say who made it."""
    if path.suffix.lower() not in SUFFIXES:
        raise ImageError(f"{path} cannot be written as an image: end its name in .png or .jpg")


def encode(pixels: NDArray[Any], suffix: str, quality: int = 95) -> bytes:
    """An image as the bytes of a file that says it was made by textfuse, where its format can (PNG and JPEG).

    Args:
        pixels: uint8 RGB [H, W, 3], or uint8 or uint16 [H, W].
        suffix: of the file, such as .png; one that `check_suffix` has passed.
        quality: of JPEG, 1..100.

    Raises:
        ImageError: such pixels cannot be written so.
    """
    suffix = suffix.lower()
    image = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR) if pixels.ndim == 3 else pixels
    options = [cv2.IMWRITE_JPEG_QUALITY, quality] if suffix in (".jpg", ".jpeg") else []
    try:
        made, encoded = cv2.imencode(suffix, image, options)
    except cv2.error:  # some formats are known to OpenCV, and switched off
        made = False
    if not made:
        raise ImageError(f"a {pixels.dtype} image of {pixels.shape} cannot be written as {suffix}: use .png or .jpg")
    return _marked(encoded.tobytes())


def is_ours(head: bytes) -> bool:
    """Whether a file that begins so is an image that `encode` made."""
    at, note = _note(head)
    return bool(at) and head[at : at + len(note)] == note


def _marked(data: bytes) -> bytes:
    at, note = _note(data)
    return data[:at] + note + data[at:]


def _note(data: bytes) -> tuple[int, bytes]:
    """What says who made it, and where it belongs: a text chunk of a PNG, a comment of a JPEG; else 0 and nothing."""
    if data.startswith(PNG):
        text = b"tEXtSoftware\0" + MARK
        return _PNG_HEADER, struct.pack(">I", len(text) - 4) + text + struct.pack(">I", zlib.crc32(text))
    if data.startswith(JPEG):
        return 2, b"\xff\xfe" + struct.pack(">H", len(MARK) + 2) + MARK
    return 0, b""


def _jpeg_size(data: Bytes) -> tuple[int, int] | None:
    """From the frame header."""
    at = 2
    while True:
        start, marker, length = struct.unpack_from(">BBH", data, at)
        if start != 0xFF:
            return None
        if marker in _FRAMES:
            height, width = struct.unpack_from(">HH", data, at + 5)
            return width, height
        at += 2 + length


def _tiff_size(data: Bytes, order: str) -> tuple[int, int] | None:
    """From tags 256 and 257 of the first directory."""
    (directory,) = struct.unpack_from(f"{order}I", data, 4)
    (count,) = struct.unpack_from(f"{order}H", data, directory)
    sides = {}
    for entry in range(directory + 2, directory + 2 + 12 * count, 12):
        tag, kind = struct.unpack_from(f"{order}HH", data, entry)
        if tag in (256, 257):
            sides[tag] = struct.unpack_from(f"{order}{'H' if kind == 3 else 'I'}", data, entry + 8)[0]
    return (sides[256], sides[257]) if len(sides) == 2 else None
