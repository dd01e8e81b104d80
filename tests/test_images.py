"""Image messages to arrays and back, and gain control."""

from array import array

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ros2_textfuse import images
from tests.messages import image, noise

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
    images.check_message(message, images.VISIBLE_ENCODINGS)
    np.testing.assert_array_equal(images.visible_array(message), expected)


@pytest.mark.parametrize("encoding", ["mono8", "8UC1", "mono16", "16UC1"])
def test_thermal_encodings(encoding):
    pixels = noise(6, 5, dtype=np.uint16 if encoding.endswith(("16", "16UC1")) else np.uint8)
    message = image(pixels, encoding)
    images.check_message(message, images.THERMAL_ENCODINGS)
    array_ = images.thermal_array(message)
    assert array_.dtype == pixels.dtype
    np.testing.assert_array_equal(array_, pixels)


def test_big_endian_counts():
    pixels = noise(4, 3, dtype=np.uint16)
    message = image(pixels.byteswap(), "mono16")
    message.is_bigendian = 1
    np.testing.assert_array_equal(images.thermal_array(message), pixels)


def test_padded_rows():
    padded = noise(6, 7, 3)
    message = image(padded, "rgb8")
    message.width = 5
    images.check_message(message, images.VISIBLE_ENCODINGS)
    np.testing.assert_array_equal(images.visible_array(message), padded[:, :5])


def test_rgb8_is_a_view_of_the_message():
    message = image(RGB, "rgb8")
    assert np.shares_memory(images.visible_array(message), np.frombuffer(message.data, np.uint8))


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"encoding": "yuv422"}, ["yuv422", "rgb8"]),
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
    with pytest.raises(images.ImageError) as error:
        images.check_message(message, images.VISIBLE_ENCODINGS)
    assert all(name in str(error.value) for name in names)


@given(
    height=st.integers(0, 40),
    width=st.integers(0, 40),
    step=st.integers(0, 200),
    size=st.integers(0, 4000),
    encoding=st.sampled_from([*images.VISIBLE_ENCODINGS, *images.THERMAL_ENCODINGS, "", "bayer_rggb8"]),
)
def test_what_passes_the_check_converts(height, width, step, size, encoding):
    """No combination of fields crashes: it is refused, or it gives an array of the stated size."""
    message = image(RGB, "rgb8")
    message.height, message.width, message.step, message.encoding = height, width, step, encoding
    message.data = array("B", bytes(size))
    for encodings, convert in (
        (images.VISIBLE_ENCODINGS, images.visible_array),
        (images.THERMAL_ENCODINGS, images.thermal_array),
    ):
        try:
            images.check_message(message, encodings)
        except images.ImageError:
            continue
        assert convert(message).shape[:2] == (height, width)


def test_blank_data_is_written_through():
    data, view = images.blank_data(2, 3, 3)
    view[1, 2, 2] = 200
    assert data[-1] == 200 and len(data) == 18


def test_gain_control_follows_slowly():
    control = images.GainControl(smoothing=0.9)
    scene = np.linspace(29000, 30000, 64 * 64).reshape(64, 64).astype(np.uint16)
    first = control(scene)
    assert first.min() == 0 and first.max() == 255
    hot = scene.copy()
    hot[:16] = 40000
    second = control(hot)
    background = slice(32, 64)
    change = np.abs(second[background].astype(int) - first[background].astype(int)).mean()
    alone = images.GainControl()(hot)
    pump = np.abs(alone[background].astype(int) - first[background].astype(int)).mean()
    assert change < 0.6 * pump


def test_gain_control_of_a_flat_scene():
    assert not images.GainControl()(np.full((8, 8), 30000, np.uint16)).any()
