"""Faults: how they are asked for, and what becomes of an image."""

import math
from pathlib import Path

import numpy as np
import pytest

from ros2_textfuse.imaging import encodings
from ros2_textfuse.recordings.faults import KINDS, CameraFault, FaultError, Faults
from ros2_textfuse.recordings.types import RecordedImage
from tests.helpers.messages import noise

PIXELS = {"visible": noise(48, 64, 3), "thermal": noise(48, 64, dtype=np.uint16, seed=1)}
ENCODINGS = {"visible": encodings.VISIBLE_ENCODINGS, "thermal": encodings.THERMAL_ENCODINGS}


def spoilt(kind, camera="visible", pixels=None):
    image = RecordedImage.from_pixels(camera, 3.0, PIXELS[camera] if pixels is None else pixels)
    return Faults([CameraFault.from_text(f"{camera} {kind} 2 4")]).spoil(image, 3.0)


def array(image):
    """The pixels of an image that the node would take."""
    encodings.check_message(image, ENCODINGS[image.camera])
    return encodings.visible_array(image) if image.camera == "visible" else encodings.thermal_array(image)


def play(text, seconds):
    """What a camera sends of images that are due at these seconds; each is grey in its own level."""
    faults = Faults([CameraFault.from_text(text)])
    camera = text.split()[0]
    return [
        faults.spoil(RecordedImage.from_pixels(camera, time, np.full((4, 4, 3), number, np.uint8)), time)
        for number, time in enumerate(seconds)
    ]


@pytest.mark.parametrize("camera", PIXELS)
@pytest.mark.parametrize(("kind", "reason"), [("truncated", "bytes"), ("unknown_encoding", "yuv9")])
def test_what_the_node_refuses(kind, camera, reason):
    with pytest.raises(encodings.ImageError, match=reason):
        array(spoilt(kind, camera))


def test_half_the_size_is_a_good_image():
    np.testing.assert_array_equal(array(spoilt("half_size")), PIXELS["visible"][::2, ::2])
    np.testing.assert_array_equal(array(spoilt("half_size", "thermal")), PIXELS["thermal"][::2, ::2])


LEVELS = {
    "visible": PIXELS["visible"],
    "counts": PIXELS["thermal"],
    "kelvin": PIXELS["thermal"].astype(np.float32) / 100,
}


@pytest.mark.parametrize("name", LEVELS)
@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("black", lambda levels: 0),
        ("white", lambda levels: levels.max() if levels.dtype == np.float32 else np.iinfo(levels.dtype).max),
        ("flat", lambda levels: levels.dtype.type(levels.mean())),
        ("dim", lambda levels: (levels / 8).astype(levels.dtype)),
    ],
)
def test_levels(kind, name, expected):
    levels = LEVELS[name]
    found = array(spoilt(kind, "visible" if name == "visible" else "thermal", levels))
    assert found.dtype == levels.dtype and found.shape == levels.shape
    np.testing.assert_allclose(found, np.broadcast_to(expected(levels), levels.shape), rtol=1e-5)


@pytest.mark.parametrize("encoding", ["bgr8", "yuv422", "mono8"])
def test_black_is_black_in_any_encoding(encoding):
    image = RecordedImage("visible", 3.0, 3.0, 48, 32, encoding, 0, 96, spoilt("white").data)
    image.step = 32 * {"bgr8": 3, "yuv422": 2, "mono8": 1}[encoding]
    assert not array(Faults([CameraFault.from_text("visible black 2 4")]).spoil(image, 3.0)).any()


@pytest.mark.parametrize("name", LEVELS)
def test_noise_is_as_strong_as_the_image(name):
    levels = LEVELS[name] // 4 + LEVELS[name].max() // 4  # away from both ends
    difference = array(spoilt("noise", "visible" if name == "visible" else "thermal", levels)) - levels.astype(float)
    assert difference.std() == pytest.approx(levels.std(), rel=0.1)
    assert abs(difference.mean()) < 0.1 * levels.std()


def test_thermal_images_without_a_number_and_with_a_palette():
    nothing = array(spoilt("nan", "thermal"))
    assert nothing.dtype == np.float32 and np.isnan(nothing).all()
    ramp = np.tile(np.linspace(7000, 9000, 64).astype(np.uint16), (48, 1))
    coloured = spoilt("coloured", "thermal", ramp)
    colours = encodings.visible_array(coloured).astype(int)
    assert coloured.encoding == "rgb8" and colours[0, 0].sum() < 20 and colours[0, -1].sum() > 500
    assert np.ptp(colours, axis=2).max() > 100


def test_what_is_no_image_any_more_does_not_stop_the_player():
    faults = Faults([CameraFault.from_text("visible truncated 2 4"), CameraFault.from_text("visible black 2 4")])
    with pytest.raises(encodings.ImageError, match="bytes"):
        array(faults.spoil(RecordedImage.from_pixels("visible", 3.0, PIXELS["visible"]), 3.0))


@pytest.mark.parametrize(
    ("kind", "stamp"),
    [("late_stamps", 2.5), ("stamps_back", -27.0), ("future_stamps", 3603.0), ("zero_stamps", -math.inf)],
)
def test_stamps(kind, stamp):
    late = spoilt(kind)
    assert late.stamp == stamp and late.time == 3.0
    np.testing.assert_array_equal(array(late), PIXELS["visible"])


def test_a_frozen_camera_sends_what_it_sent_last():
    sent = play("visible frozen 0.15 0.45", [0.0, 0.1, 0.2, 0.3, 0.4, 0.5])
    assert [image.data[0] for image in sent] == [0, 1, 1, 1, 1, 5]
    assert [image.stamp for image in sent] == [0.0, 0.1, 0.2, 0.3, 0.4, 0.5]
    assert [image.data[0] for image in play("visible frozen 0 1", [0.0, 0.1])] == [0, 0], "from the first one on"


def test_a_slow_camera():
    sent = play("visible slow 0.5 2", [number / 10 for number in range(20)])
    assert [image.data[0] for image in sent if image] == [0, 1, 2, 3, 4, 7, 10, 13, 16, 19]
    assert all(play("visible slow 0 9", [0.0, 5.0, 0.1])), "a loop starts again at zero"


def test_a_silent_camera():
    assert spoilt("silent") is None


def test_only_its_camera_and_only_its_time():
    image = RecordedImage.from_pixels("visible", 3.0, PIXELS["visible"])
    for text, seconds in (("thermal silent 2 4", 3.0), ("visible silent 2 3", 3.0), ("visible silent 3.1 4", 3.0)):
        assert Faults([CameraFault.from_text(text)]).spoil(image, seconds) is image
    silent = Faults([CameraFault.from_text("visible silent 9 10")])
    assert silent.spoil(image, 9.5) is None, "seconds count from the start, over loops"


@pytest.mark.parametrize(("kind", "camera"), [(name, camera) for name in KINDS for camera in KINDS[name].cameras])
def test_a_recording_stays_as_it_is(kind, camera):
    image = RecordedImage.from_pixels(camera, 3.0, PIXELS[camera])
    Faults([CameraFault.from_text(f"{camera} {kind} 2 4")]).spoil(image, 3.0)
    assert image == RecordedImage.from_pixels(camera, 3.0, PIXELS[camera])


def test_the_documentation_has_every_kind():
    text = (Path(__file__).parents[2] / "docs" / "guides" / "live-evaluation.md").read_text()
    for name, kind in KINDS.items():
        assert f"| `{name}` | {kind.what} |" in text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "four words"),
        ("thermal silent 6", "four words"),
        ("lwir silent 6 9", "visible, thermal"),
        ("thermal mute 6 9", ", ".join(KINDS)),
        ("visible nan 6 9", "nan is a fault of the thermal camera"),
        ("thermal silent 9 6", "follow each other"),
        ("thermal silent six 9", "follow each other"),
        ("thermal silent nan 9", "follow each other"),
        ("thermal silent 6 inf", "follow each other"),
    ],
)
def test_what_is_no_fault(text, expected):
    with pytest.raises(FaultError, match=expected):
        CameraFault.from_text(text)
