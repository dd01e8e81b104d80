"""What becomes of each image of two cameras."""

import itertools

import pytest

from ros2_textfuse.sync.pairing import CAMERAS, Stamped
from ros2_textfuse.sync.policy import PairingPolicy, PairingSettings


class Rig:
    """A policy and what came out: the stamps in seconds of each frame, by camera."""

    def __init__(self, **settings):
        self.policy = PairingPolicy(PairingSettings(**settings))
        self.frames = []

    def send(self, camera, stamp, now=None):
        image = Stamped(round(stamp * 1e9), f"{camera} {stamp}")
        frame = self.policy.take(camera, image, stamp if now is None else now)
        if frame:
            self.frames.append({name: round(image.stamp / 1e9, 3) for name, image in frame.images.items()})

    def unpaired(self, **over):
        return [self.policy.unpaired(camera, **over) for camera in CAMERAS]


def test_a_pair_comes_when_it_is_complete():
    rig = Rig()
    rig.send("thermal", 5.0)
    assert not rig.frames
    rig.send("visible", 5.01)
    assert rig.frames == [{"visible": 5.01, "thermal": 5.0}]
    assert rig.policy.paired == 1 and rig.unpaired() == [0, 0]


def test_a_camera_goes_through_while_the_other_is_silent_and_pairs_come_back():
    rig = Rig(source_timeout=1.0)
    for number in range(10):
        rig.send("visible", 5 + number / 5)
    assert [list(frame) for frame in rig.frames] == [["visible"]] * 4  # from 1 s without the other on
    rig.send("thermal", 7.0)
    rig.send("visible", 7.0)
    assert rig.frames[-1] == {"visible": 7.0, "thermal": 7.0}
    assert rig.policy.passed == {"visible": 4} and rig.unpaired() == [6, 0]


def test_two_slow_cameras_are_not_taken_for_silent_ones():
    rig = Rig(source_timeout=0.5)
    for number in range(6):
        rig.send("visible", 5.0 + number)
        rig.send("thermal", 5.4 + number)
    assert not rig.frames


def test_pass_through_can_be_off():
    rig = Rig(pass_through=False)
    for number in range(50):
        rig.send("visible", 5 + number / 5)
    assert not rig.frames


def test_what_comes_after_a_newer_frame_is_left_out():
    """Of pairings that look back, as message_filters does."""

    class Backwards:
        def add(self, camera, image):
            return (image, image) if camera == "visible" else None

        def waiting(self, camera, after):
            return 0

    policy = PairingPolicy(PairingSettings(), lambda settings: Backwards())
    taken = [policy.take("visible", Stamped(round(stamp * 1e9), None), stamp) for stamp in (5.0, 5.2, 5.1, 5.2, 5.3)]
    assert [frame is not None for frame in taken] == [True, True, False, False, True]
    assert policy.late == 2


def test_a_clock_that_was_set_back_begins_anew():
    rig = Rig()
    for stamp in (100.0, 100.1):
        rig.send("visible", stamp)
        rig.send("thermal", stamp)
    rig.send("thermal", 100.2)  # waits
    for stamp in (10.0, 10.1):
        rig.send("visible", stamp, 100 + stamp)
        rig.send("thermal", stamp, 100 + stamp)
    assert [frame["visible"] for frame in rig.frames] == [100.0, 100.1, 10.0, 10.1]
    assert rig.policy.clock_resets == 1
    assert rig.unpaired() == [0, 1]


def test_held_images_are_counted():
    rig = Rig(hold=0.2)
    rig.send("thermal", 5.0)
    for stamp in (5.0, 5.05, 5.1):
        rig.send("visible", stamp)
    assert [frame["thermal"] for frame in rig.frames] == [5.0] * 3
    assert rig.policy.held == 2 and rig.unpaired() == [0, 0]


def test_other_settings_forget_what_waits_only_where_it_matters():
    rig = Rig()
    rig.send("visible", 5.0)
    rig.policy.change(PairingSettings(source_timeout=3.0))
    rig.send("thermal", 5.0)
    assert len(rig.frames) == 1
    rig.send("visible", 5.1)
    rig.policy.change(PairingSettings(slop=0.1))
    rig.send("thermal", 5.1)
    assert len(rig.frames) == 1 and rig.unpaired(over=True) == [1, 1]


@pytest.mark.parametrize("camera", CAMERAS)
def test_what_waits_is_not_yet_without_a_partner(camera):
    rig = Rig()
    rig.send(camera, 5.0)
    assert rig.unpaired() == [0, 0]
    rig.send(camera, 5.1)
    rig.send(CAMERAS[camera == "visible"], 5.1)
    assert rig.unpaired() == ([1, 0] if camera == "visible" else [0, 1])


@pytest.mark.parametrize(("camera", "rate"), [(30.0, 10.0), (30.0, 20.0), (25.0, 12.0), (9.0, 30.0), (60.0, 59.0)])
def test_a_rate_takes_frames_evenly(camera, rate):
    rig = Rig(rate=rate)
    for number in range(600):
        for name in CAMERAS:
            rig.send(name, 5 + number / camera)
    stamps = [frame["visible"] for frame in rig.frames]
    expected = min(rate, camera)
    assert len(stamps) / (600 / camera) == pytest.approx(expected, rel=0.03)
    gaps = [later - earlier for earlier, later in itertools.pairwise(stamps)]
    assert max(gaps) <= 1 / expected + 1.01 / camera + 2e-3
    assert rig.policy.skipped == 600 - len(stamps)
