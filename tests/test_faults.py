"""Faults: how they are asked for, and what becomes of a picture."""

import numpy as np
import pytest

from ros2_textfuse import images
from ros2_textfuse.faults import KINDS, Fault, FaultError, spoil
from ros2_textfuse.recordings import Picture
from tests.messages import noise

PIXELS = {"visible": noise(48, 64, 3), "thermal": noise(48, 64, dtype=np.uint16, seed=1)}


def spoilt(kind, camera="visible"):
    return spoil(Picture.of(camera, 3.0, PIXELS[camera]), 3.0, [Fault.of(f"{camera} {kind} 2 4")])


@pytest.mark.parametrize("camera", PIXELS)
@pytest.mark.parametrize(("kind", "reason"), [("truncated", "bytes"), ("unknown_encoding", "yuv9")])
def test_what_the_node_refuses(kind, camera, reason):
    encodings = {"visible": images.VISIBLE_ENCODINGS, "thermal": images.THERMAL_ENCODINGS}[camera]
    with pytest.raises(images.ImageError, match=reason):
        images.check_message(spoilt(kind, camera), encodings)


def test_half_the_size_is_a_good_picture():
    np.testing.assert_array_equal(images.visible_array(spoilt("half_size")), PIXELS["visible"][::2, ::2])
    np.testing.assert_array_equal(images.thermal_array(spoilt("half_size", "thermal")), PIXELS["thermal"][::2, ::2])


def test_a_silent_camera_and_late_stamps():
    assert spoilt("silent") is None
    late = spoilt("late_stamps")
    assert late.stamp == pytest.approx(2.5) and late.time == 3.0


def test_only_its_camera_and_only_its_time():
    picture = Picture.of("visible", 3.0, PIXELS["visible"])
    for text, seconds in (("thermal silent 2 4", 3.0), ("visible silent 2 3", 3.0), ("visible silent 3.1 4", 3.0)):
        assert spoil(picture, seconds, [Fault.of(text)]) is picture
    assert spoil(picture, 9.5, [Fault.of("visible silent 9 10")]) is None, "seconds count from the start, over loops"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "four words"),
        ("thermal silent 6", "four words"),
        ("lwir silent 6 9", "visible, thermal"),
        ("thermal mute 6 9", ", ".join(KINDS)),
        ("thermal silent 9 6", "follow each other"),
        ("thermal silent six 9", "follow each other"),
        ("thermal silent nan 9", "follow each other"),
        ("thermal silent 6 inf", "follow each other"),
    ],
)
def test_what_is_no_fault(text, expected):
    with pytest.raises(FaultError, match=expected):
        Fault.of(text)
