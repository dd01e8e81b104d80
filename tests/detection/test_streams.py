"""Which streams are looked at, what they are worth, and their images of one frame."""

import pytest

from ros2_textfuse.detection.streams import STREAMS, FrameCollector, trust, usable

WELL = {"visible": "", "thermal": ""}
MS = 1_000_000


def test_all_streams_of_cameras_that_are_well():
    assert usable(STREAMS, "OK", WELL) == STREAMS


@pytest.mark.parametrize(
    ("state", "faults", "left"),
    [
        ("OK", {"visible": "frozen: the same image again and again for 2.0 s", "thermal": ""}, ("thermal",)),
        ("OK", {"visible": "", "thermal": "flat: all of it between 3 and 5; is the shutter closed?"}, ("visible",)),
        ("VISIBLE_ONLY", WELL, ("visible",)),
        ("THERMAL_ONLY", WELL, ("thermal",)),
    ],
)
def test_a_camera_at_fault_is_left_out_and_the_image_fused_with_it(state, faults, left):
    assert usable(STREAMS, state, faults) == left


def test_stamps_that_are_off_leave_the_images_good():
    assert usable(STREAMS, "OK", {"visible": "stamps are 3.0 s old: synchronise the clocks", "thermal": ""}) == STREAMS


def test_where_nothing_would_be_left_all_stay():
    assert usable(("fused",), "VISIBLE_ONLY", WELL) == ("fused",)
    assert usable(("fused", "thermal"), "VISIBLE_ONLY", WELL) == ("fused", "thermal")


def test_a_degradation_takes_from_the_camera_that_suffers():
    assert trust({}) == {"visible": 1.0, "thermal": 1.0}
    half = trust({"ir_stripe": 0.5})
    assert half["visible"] == 1.0 and 0 < half["thermal"] < 1
    assert trust({"ir_stripe": 1.0})["thermal"] == 0.0
    assert trust({"haze": 1.0}) == {"visible": 1.0, "thermal": 1.0}


def test_a_frame_is_given_out_when_it_is_whole():
    collector = FrameCollector(("visible", "thermal"))
    assert collector.put("visible", 1 * MS, "v1") is None
    assert collector.put("visible", 2 * MS, "v2") is None
    assert collector.put("thermal", 1 * MS, "t1") == {"visible": "v1", "thermal": "t1"}
    assert collector.put("thermal", 2 * MS, "t2") == {"visible": "v2", "thermal": "t2"}
    assert collector.incomplete == 0


def test_a_lost_image_holds_up_no_more_than_two_frames():
    collector = FrameCollector(("visible", "thermal"))
    given = [collector.put("visible", stamp * MS, stamp) for stamp in (1, 2, 3)]
    assert given == [None, None, {"visible": 1}]
    assert collector.incomplete == 1
    assert collector.put("thermal", 1 * MS, "late") is None


def test_a_whole_frame_overtakes_older_ones():
    collector = FrameCollector(("visible", "thermal"))
    collector.put("visible", 1 * MS, "v1")
    collector.put("thermal", 2 * MS, "t2")
    assert collector.put("visible", 2 * MS, "v2") == {"thermal": "t2", "visible": "v2"}
    assert collector.incomplete == 1
    assert collector.put("thermal", 1 * MS, "t1") is None


def test_what_is_no_longer_expected_is_not_waited_for():
    collector = FrameCollector(STREAMS)
    collector.put("visible", 1 * MS, "v1")
    collector.expected = ("visible",)
    assert collector.put("visible", 2 * MS, "v2") == {"visible": "v2"}
    assert collector.put("fused", 3 * MS, "f3") is None


def test_stamps_that_go_back_begin_anew():
    collector = FrameCollector(("visible",))
    assert collector.put("visible", 5000 * MS, "late") == {"visible": "late"}
    assert collector.put("visible", 4900 * MS, "older") is None
    assert collector.put("visible", 1 * MS, "anew") == {"visible": "anew"}
