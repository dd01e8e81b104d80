"""JPEG and PNG messages."""

import contextlib
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ros2_textfuse.imaging import compressed, encodings
from ros2_textfuse.imaging.encodings import ImageError
from tests.helpers.messages import header, noise

RED = np.zeros((24, 32, 3), np.uint8)
RED[..., 0] = 200  # RGB


def message(data, format_=""):
    return SimpleNamespace(header=header(0.0), data=bytes(data), format=format_)


def visible(sent):
    image = compressed.decode(sent)
    encodings.check_message(image, encodings.VISIBLE_ENCODINGS)
    return encodings.visible_array(image)


def thermal(sent):
    image = compressed.decode(sent)
    encodings.check_message(image, encodings.THERMAL_ENCODINGS)
    return encodings.thermal_array(image)


def png(pixels):
    return cv2.imencode(".png", pixels)[1].tobytes()


def encoded(suffix, pixels):
    return message(cv2.imencode(suffix, cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))[1].tobytes())


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_colours_come_back_as_rgb(suffix):
    sent = encoded(suffix, RED)
    np.testing.assert_allclose(visible(sent).astype(int), RED, atol=4)


def test_grey_and_transparent_files_are_visible_images_as_well():
    grey = noise(24, 32)
    assert np.array_equal(visible(message(png(grey))), np.dstack([grey] * 3))
    bgra = noise(24, 32, 4)
    assert np.array_equal(visible(message(png(bgra))), bgra[..., 2::-1])


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_thermal_png_keeps_every_count(dtype):
    counts = noise(24, 32, dtype=dtype)
    read = thermal(message(png(counts), "16UC1; png compressed "))
    assert read.dtype == dtype
    assert np.array_equal(read, counts)


def test_grey_sent_as_colour_is_grey_again():
    grey = noise(24, 32)
    assert np.array_equal(thermal(message(png(np.dstack([grey] * 3)))), grey)


def test_what_jpeg_makes_is_read_back():
    image = cv2.GaussianBlur(noise(48, 64, 3), (0, 0), 4)
    sent = message(compressed.jpeg(image, 95), compressed.FORMAT)
    assert np.abs(visible(sent).astype(int) - image).mean() < 3


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_file_that_is_cut_off_is_named(suffix, share):
    whole = encoded(suffix, noise(48, 64, 3)).data
    with pytest.raises(ImageError, match="cut off"):
        compressed.decode(message(whole[: int(len(whole) * share)]))


def test_damage_inside_a_file_is_named():
    data = bytearray(png(noise(48, 64, 3)))
    data[200:400] = bytes(200)
    with pytest.raises(ImageError, match="damaged"):
        visible(message(data))


@pytest.mark.parametrize("data", [b"", b"GIF89a" + bytes(40), bytes(100)])
def test_another_format_is_named_with_what_was_expected(data):
    with pytest.raises(ImageError, match=r"no JPEG and no PNG.*h264"):
        compressed.decode(message(data, "h264"))


def test_a_header_that_promises_too_much_is_refused_before_it_is_decoded():
    data = bytearray(png(noise(8, 8)))
    data[16:24] = (100_000).to_bytes(4, "big") * 2
    with pytest.raises(ImageError, match="100000x100000"):
        compressed.decode(message(data))
    data = bytearray(encoded(".jpg", RED).data)
    frame = data.index(b"\xff\xc0")
    data[frame + 5 : frame + 9] = b"\xff\xff\xff\xff"
    with pytest.raises(ImageError, match="65535x65535"):
        compressed.decode(message(data))


def test_16_bits_are_no_visible_image():
    with pytest.raises(ImageError, match="16"):
        visible(message(png(noise(8, 8, dtype=np.uint16))))


@given(st.binary(max_size=200), st.sampled_from([b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"]))
def test_any_bytes_give_a_image_or_an_image_error(data, start):
    sent = message(start + data)
    with contextlib.suppress(ImageError):
        visible(sent)


def test_no_more_pixels_are_decoded_than_are_expected(monkeypatch):
    """A few hundred kilobytes of PNG hold 8192x8192 pixels; nothing of them is decoded."""
    monkeypatch.setattr(cv2, "imdecode", lambda *_: pytest.fail("it was decoded"))
    data = bytearray(png(noise(8, 8)))
    data[16:24] = (8192).to_bytes(4, "big") * 2
    with pytest.raises(ImageError, match="8192x8192"):
        compressed.decode(message(data))
    with pytest.raises(ImageError, match="8x8"):
        compressed.decode(message(png(noise(8, 8))), most_pixels=63)
