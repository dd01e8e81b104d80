"""A drive: a recording with what goes wrong laid over it."""

import numpy as np
import pytest

from ros2_textfuse.degradations.drive import STRETCHES, Drive
from ros2_textfuse.imaging import encodings
from ros2_textfuse.imaging.gain_control import GainControl
from ros2_textfuse.recordings.types import RecordedImage, Recording, frame_at

RATE = 10.0
VISIBLE = np.random.default_rng(0).integers(40, 200, (48, 64, 3), dtype=np.uint8)
THERMAL = np.random.default_rng(1).integers(0, 60000, (48, 64), dtype=np.uint16)


class Still(Recording):
    """A recording of one scene that does not move, 2 s long."""

    counts, duration = (20, 20), 2.0

    def images_from(self, time):
        for number in range(frame_at(time, RATE), 20):
            yield RecordedImage.from_pixels("visible", number / RATE, VISIBLE)
            yield RecordedImage.from_pixels("thermal", number / RATE, THERMAL, number / RATE - 0.01)


@pytest.fixture(scope="module")
def played():
    return list(Drive(Still(), seconds=1.0, fade=0.5))


def test_a_short_recording_is_repeated_until_the_drive_ends(played):
    drive = Drive(Still(), seconds=1.0)
    assert drive.duration == len(STRETCHES) and drive.images == len(played) == 20 * len(STRETCHES)
    times = [image.time for image in played if image.camera == "visible"]
    np.testing.assert_allclose(np.diff(times), 1 / RATE)
    stamps = [image.stamp - image.time for image in played if image.camera == "thermal"]
    np.testing.assert_allclose(stamps, -0.01, atol=1e-9)


def test_it_can_begin_in_the_middle(played):
    later = list(Drive(Still(), seconds=1.0, fade=0.5).images_from(3.05))
    expected = [image for image in played if image.time >= 3.05]
    assert [image.time for image in later] == [image.time for image in expected]
    assert all(a.data == b.data for a, b in zip(later, expected, strict=True))


def test_it_begins_clear_and_ends_clear(played):
    visible = [encodings.pixels(image) for image in played if image.camera == "visible"]
    np.testing.assert_array_equal(visible[0], VISIBLE)
    np.testing.assert_array_equal(visible[-1], VISIBLE)
    assert any(not np.array_equal(image, VISIBLE) for image in visible)


def test_thermal_counts_become_grey_levels(played):
    assert all(image.encoding == "mono8" for image in played if image.camera == "thermal")


def test_thermal_counts_are_taken_by_the_gain_control_that_is_given():
    drive = Drive(Still(), gain_control=GainControl(fixed=(60000.0, 65000.0)))
    first = next(image for image in drive if image.camera == "thermal")
    assert not encodings.pixels(first).any()  # all of them lie below


def test_conditions_fade():
    drive = Drive(Still(), seconds=4.0, fade=1.0)
    night = next(n for n, stretch in enumerate(STRETCHES) if stretch.name == "night")
    start, dusk = 4.0 * night, STRETCHES[night - 1].conditions["low_light"]
    assert drive.conditions(start)["low_light"] == pytest.approx(dusk)
    halfway = (dusk + STRETCHES[night].conditions["low_light"]) / 2
    assert drive.conditions(start + 0.5)["low_light"] == pytest.approx(halfway)
    assert drive.conditions(start + 1.0) == pytest.approx(STRETCHES[night].conditions)
    assert drive.conditions(0.0) == {} and drive.conditions(1e6) == {}


def test_night_is_darker_and_smoke_leaves_the_thermal_camera_alone():
    drive = Drive(Still(), seconds=1.0, fade=0.0)
    means, thermal = {}, {}
    for image in drive:
        name = STRETCHES[drive.stretch(image.time)].name
        kept = means if image.camera == "visible" else thermal
        kept.setdefault(name, []).append(encodings.pixels(image).astype(float))
    assert np.mean(means["night"]) < np.mean(means["dusk"]) < np.mean(means["day"])
    first = thermal["day"][-1]
    assert (
        np.abs(thermal["smoke"][-1] - first).mean() < 1 < np.abs(thermal["failing thermal camera"][-1] - first).mean()
    )


def test_noise_is_other_in_every_frame():
    drive = Drive(Still(), seconds=1.0, fade=0.0)
    failing = [
        encodings.pixels(image).astype(float)
        for image in drive
        if image.camera == "thermal" and STRETCHES[drive.stretch(image.time)].name == "failing thermal camera"
    ]
    assert np.abs(failing[-1] - failing[-2]).mean() > 3


def test_the_same_seed_drives_the_same():
    first, second = (
        [encodings.pixels(image) for image in Drive(Still(), seconds=0.5, seed=3)][70:80] for _ in range(2)
    )
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
