"""Stamps to pairs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ros2_textfuse.sync.pairing import CAMERAS, HoldLast, NearestStamp, Stamped


class Rig:
    """A pairing and the pairs that came out, as stamps in seconds."""

    def __init__(self, slop=0.02, queue_size=10, hold=None):
        self.pairs = []
        self.pairing = NearestStamp(queue_size, slop) if hold is None else HoldLast(hold, slop)

    def send(self, source, stamp):
        pair = self.pairing.add(CAMERAS[source], Stamped(round(stamp * 1e9), None))
        if pair:
            self.pairs.append(tuple(image.stamp / 1e9 for image in pair))

    def waiting(self):
        return [self.pairing.waiting(camera, 0) for camera in CAMERAS]


def test_pairs_within_slop_whoever_comes_first():
    rig = Rig()
    rig.send(0, 1.000)
    rig.send(1, 1.015)
    rig.send(1, 2.015)
    rig.send(0, 2.000)
    assert rig.pairs == [(1.000, 1.015), (2.000, 2.015)]


def test_nothing_beyond_slop():
    rig = Rig()
    rig.send(0, 1.0)
    rig.send(1, 1.021)
    assert rig.pairs == []


def test_nearest_wins():
    rig = Rig(slop=0.05)
    rig.send(1, 1.00)
    rig.send(1, 1.04)
    rig.send(0, 1.03)
    assert rig.pairs == [(1.03, 1.04)]


def test_late_message_brings_no_old_image_back():
    rig = Rig()
    rig.send(0, 1.0)
    rig.send(0, 1.1)
    rig.send(1, 1.1)
    rig.send(1, 1.0)
    assert rig.pairs == [(1.1, 1.1)]


def test_late_message_does_not_cost_the_others_their_pairs():
    """Two drivers on one topic by mistake, one half a period late: the images of the other still pair."""
    rig = Rig()
    for number in range(3):
        stamp = 1 + number / 10
        rig.send(0, stamp)
        rig.send(1, stamp + 0.05)
        rig.send(1, stamp)
    assert rig.pairs == [(1.0, 1.0), (1.1, 1.1), (1.2, 1.2)]


def test_time_set_back_starts_anew():
    rig = Rig()
    rig.send(0, 100.0)
    rig.send(0, 1.0)
    rig.send(1, 1.0)
    assert rig.pairs == [(1.0, 1.0)]


def test_queue_is_bounded():
    rig = Rig(queue_size=3)
    for number in range(10):
        rig.send(0, float(number))
    assert rig.waiting() == [3, 0]


@pytest.mark.parametrize("slop", [0.0, 0.02])
@given(events=st.lists(st.tuples(st.integers(0, 1), st.integers(1, 500)), max_size=60))
def test_properties(slop, events):
    """Whatever comes, in whatever order: within slop, and no image twice."""
    rig = Rig(slop)
    sent = [0, 0]
    for source, centiseconds in events:
        sent[source] += 1
        rig.send(source, centiseconds / 100)
    assert all(abs(a - b) <= slop + 1e-9 for a, b in rig.pairs)
    waiting = rig.waiting()
    assert all(len(rig.pairs) + waiting[source] <= sent[source] for source in (0, 1))


@given(st.lists(st.integers(0, 1), max_size=80))
def test_in_order_input_pairs_in_order_each_once(sources):
    rig = Rig()
    clocks = [0, 0]
    for source in sources:
        rig.send(source, clocks[source] / 15)
        clocks[source] += 1
    assert rig.pairs == sorted(set(rig.pairs))
    assert len({a for a, _ in rig.pairs}) == len(rig.pairs)


# Hold -----------------------------------------------------------------------------------------------------------------


def test_a_slow_camera_is_held():
    """30 Hz beside 9 Hz: every visible image has the thermal one that was the newest when it came."""
    rig = Rig(hold=0.2)
    times = sorted([(n / 30, 0) for n in range(60)] + [(n / 9, 1) for n in range(18)], key=lambda t: (t[0], -t[1]))
    for stamp, source in times:
        rig.send(source, stamp + 5)
    assert [first for first, _ in rig.pairs] == pytest.approx([5 + n / 30 for n in range(60)])
    for first, second in rig.pairs:
        assert 0 <= first - second < 1 / 9 + 1e-6


def test_no_longer_than_hold():
    rig = Rig(hold=0.2)
    rig.send(1, 1.0)
    rig.send(0, 1.19)
    rig.send(0, 1.21)
    assert rig.pairs == [(1.19, 1.0)]


def test_what_is_newer_by_more_than_slop_is_no_partner():
    rig = Rig(hold=0.2)
    rig.send(1, 1.05)
    rig.send(0, 1.0)
    rig.send(0, 1.04)
    assert rig.pairs == [(1.04, 1.05)]


def test_a_held_image_is_not_replaced_by_one_that_was_overtaken():
    rig = Rig(hold=1.0)
    rig.send(1, 1.1)
    rig.send(1, 1.0)
    rig.send(0, 1.2)
    assert rig.pairs == [(1.2, 1.1)]


def test_only_an_unused_image_waits():
    rig = Rig(hold=1.0)
    rig.send(1, 1.0)
    assert rig.waiting() == [0, 1]
    rig.send(0, 1.0)
    assert rig.waiting() == [0, 0]
