"""Image files: what is decoded, what is refused before memory is taken, and what says that it is ours."""

import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ros2_textfuse.imaging import image_files
from ros2_textfuse.imaging.encodings import ImageError
from tests.helpers.messages import noise

SUFFIXES = [".png", ".jpg", ".bmp", ".tif"]


def encoded(suffix, pixels):
    return cv2.imencode(suffix, pixels)[1].tobytes()


def claiming(width, height):
    """A PNG of few bytes that says it has so many pixels."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = b"IDAT" + zlib.compress(b"")
    chunks = [struct.pack(">I", len(c) - 4) + c + struct.pack(">I", zlib.crc32(c)) for c in (header, body, b"IEND")]
    return image_files.PNG + b"".join(chunks)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("pixels", [noise(6, 9, 3), noise(6, 9)], ids=["colour", "grey"])
def test_the_size_is_read_without_decoding(suffix, pixels):
    assert image_files.image_size(encoded(suffix, pixels)) == (9, 6)


@given(st.sampled_from(SUFFIXES), st.integers(0, 200), st.binary(max_size=8))
def test_any_damage_is_a_size_or_none(suffix, at, damage):
    data = bytearray(encoded(suffix, noise(6, 9, 3)))
    data[at : at + len(damage)] = damage
    image_files.image_size(bytes(data[: len(data) - at]))


@pytest.mark.parametrize("size", [(60_000, 60_000), (9_000, 1), (8_000, 8_000)])
@pytest.mark.parametrize("colour", [True, False])
def test_a_claim_of_too_many_pixels_is_refused(size, colour):
    with pytest.raises(ImageError, match=f"{size[0]}x{size[1]}"):
        image_files.decode(claiming(*size), colour)


@pytest.mark.parametrize("dtype", [np.float64, np.int32])
def test_a_tiff_of_another_type_is_refused(dtype):
    with pytest.raises(ImageError, match=np.dtype(dtype).name):
        image_files.decode(encoded(".tif", np.ones((6, 9), dtype)), colour=False)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_thermal_types_are_kept(dtype):
    pixels = np.arange(54, dtype=dtype).reshape(6, 9)
    np.testing.assert_array_equal(image_files.decode(encoded(".tif", pixels), colour=False), pixels)


@pytest.mark.parametrize("suffix", [".tif", ".bmp", ".webp", ".gif", "", ".pńg"])
def test_a_format_that_cannot_say_who_made_it_is_refused(suffix):
    """It could not be written over a second time."""
    with pytest.raises(ImageError, match=r"end its name in \.png or \.jpg"):
        image_files.check_suffix(Path(f"fused{suffix}"))


@pytest.mark.parametrize("suffix", [".png", ".JPG", ".jpeg"])
def test_a_format_that_can_is_taken(suffix):
    image_files.check_suffix(Path(f"fused{suffix}"))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_is_written_is_read_back_and_known_as_ours(suffix):
    pixels = np.full((8, 8, 3), (10, 200, 90), np.uint8)
    data = image_files.encode(pixels, suffix)
    assert np.abs(image_files.decode(data, colour=True).astype(int) - pixels).max() <= 3
    assert image_files.is_ours(data[:256]) == (suffix in (".png", ".jpg"))
    assert not image_files.is_ours(encoded(suffix, pixels)[:256])
