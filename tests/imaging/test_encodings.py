"""Image messages to arrays and back."""

from array import array

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ros2_textfuse.imaging import encodings
from tests.helpers.messages import image, noise

RGB = noise(6, 5, 3)
ALPHA = noise(6, 5, 1)


@pytest.mark.parametrize(
    ("encoding", "pixels", "expected"),
    [
        ("rgb8", RGB, RGB),
        ("bgr8", RGB[..., ::-1], RGB),
        ("rgba8", np.dstack([RGB, ALPHA]), RGB),
        ("bgra8", np.dstack([RGB[..., ::-1], ALPHA]), RGB),
        ("mono8", RGB[..., 0], np.repeat(RGB[..., :1], 3, axis=2)),
    ],
)
def test_visible_encodings(encoding, pixels, expected):
    message = image(pixels, encoding)
    encodings.check_message(message, encodings.VISIBLE_ENCODINGS)
    np.testing.assert_array_equal(encodings.visible_array(message), expected)


@pytest.mark.parametrize("pattern", ["rggb", "bggr", "gbrg", "grbg"])
def test_bayer_patterns(pattern):
    """An image of one colour, seen through the pattern that the encoding names by its first two rows."""
    colour = {"r": 200, "g": 90, "b": 30}
    cell = np.array([colour[letter] for letter in pattern], np.uint8).reshape(2, 2)
    message = image(np.tile(cell, (4, 5)), f"bayer_{pattern}8")
    encodings.check_message(message, encodings.VISIBLE_ENCODINGS)
    rgb = encodings.visible_array(message)
    assert rgb.shape == (8, 10, 3)
    assert (rgb == [200, 90, 30]).all()


@pytest.mark.parametrize(
    ("encoding", "order"),
    [("yuv422", "uyvy"), ("uyvy", "uyvy"), ("yuv422_yuy2", "yuyv"), ("yuyv", "yuyv")],
)
def test_yuv422(encoding, order):
    """Red in BT.601's limited range (ITU-R BT.601-7): Y 81, U 90, V 240."""
    red = {"y": 81, "u": 90, "v": 240}
    pixels = np.tile(np.array([red[letter] for letter in order], np.uint8), (4, 3)).reshape(4, 6, 2)
    message = image(pixels, encoding)
    encodings.check_message(message, encodings.VISIBLE_ENCODINGS)
    np.testing.assert_allclose(encodings.visible_array(message).reshape(-1, 3), [[255, 0, 0]] * 24, atol=3)


def test_yuv422_of_an_odd_width_is_refused():
    with pytest.raises(encodings.ImageError, match="odd"):
        encodings.check_message(image(noise(4, 5, 2), "yuyv"), encodings.VISIBLE_ENCODINGS)


@pytest.mark.parametrize("encoding", ["rgb8", "bgr8"])
def test_false_grey_becomes_grey(encoding):
    grey = noise(6, 5)
    message = image(np.repeat(grey[..., None], 3, axis=2), encoding)
    encodings.check_message(message, encodings.THERMAL_ENCODINGS)
    np.testing.assert_array_equal(encodings.thermal_array(message), grey)


def test_temperatures():
    pixels = np.linspace(-20, 300, 30, dtype=np.float32).reshape(6, 5)
    pixels[0, 0] = np.nan
    message = image(pixels, "32FC1")
    encodings.check_message(message, encodings.THERMAL_ENCODINGS)
    np.testing.assert_array_equal(encodings.thermal_array(message), pixels)
    message = image(pixels.byteswap(), "32FC1")
    message.is_bigendian = 1
    np.testing.assert_array_equal(encodings.thermal_array(message), pixels)


@pytest.mark.parametrize("encoding", ["mono8", "8UC1", "mono16", "16UC1"])
def test_thermal_encodings(encoding):
    pixels = noise(6, 5, dtype=np.uint16 if encoding.endswith(("16", "16UC1")) else np.uint8)
    message = image(pixels, encoding)
    encodings.check_message(message, encodings.THERMAL_ENCODINGS)
    array_ = encodings.thermal_array(message)
    assert array_.dtype == pixels.dtype
    np.testing.assert_array_equal(array_, pixels)


def test_big_endian_counts():
    pixels = noise(4, 3, dtype=np.uint16)
    message = image(pixels.byteswap(), "mono16")
    message.is_bigendian = 1
    np.testing.assert_array_equal(encodings.thermal_array(message), pixels)


def test_padded_rows():
    padded = noise(6, 7, 3)
    message = image(padded, "rgb8")
    message.width = 5
    encodings.check_message(message, encodings.VISIBLE_ENCODINGS)
    np.testing.assert_array_equal(encodings.visible_array(message), padded[:, :5])


def test_rgb8_is_a_view_of_the_message():
    message = image(RGB, "rgb8")
    assert np.shares_memory(encodings.visible_array(message), np.frombuffer(message.data, np.uint8))


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"encoding": "nv12"}, ["nv12", "rgb8"]),
        ({"height": 0}, ["no pixels"]),
        ({"width": 0}, ["no pixels"]),
        ({"step": 14}, ["14", "15"]),
        ({"height": 7}, ["90", "105"]),
        ({"data": array("B")}, ["0 bytes", "90"]),
    ],
)
def test_malformed_messages_are_named(change, names):
    message = image(RGB, "rgb8")
    vars(message).update(change)
    with pytest.raises(encodings.ImageError) as error:
        encodings.check_message(message, encodings.VISIBLE_ENCODINGS)
    assert all(name in str(error.value) for name in names)


@given(
    height=st.integers(0, 40),
    width=st.integers(0, 40),
    step=st.integers(0, 200),
    size=st.integers(0, 4000),
    encoding=st.sampled_from([*encodings.VISIBLE_ENCODINGS, *encodings.THERMAL_ENCODINGS, "", "nv12"]),
)
def test_what_passes_the_check_converts(height, width, step, size, encoding):
    """No combination of fields crashes: it is refused, or it gives an array of the stated size."""
    message = image(RGB, "rgb8")
    message.height, message.width, message.step, message.encoding = height, width, step, encoding
    message.data = array("B", bytes(size))
    for known, convert in (
        (encodings.VISIBLE_ENCODINGS, encodings.visible_array),
        (encodings.THERMAL_ENCODINGS, encodings.thermal_array),
    ):
        try:
            encodings.check_message(message, known)
        except encodings.ImageError:
            continue
        assert convert(message).shape[:2] == (height, width)


def test_blank_data_is_written_through():
    data, view = encodings.blank_data(2, 3, 3)
    view[1, 2, 2] = 200
    assert data[-1] == 200 and len(data) == 18
