"""Whether a worker keeps up."""

import pytest

from ros2_textfuse.nodes.common.keeping_up import KeepingUp


def run(done, came, seconds, load=None):
    load = load or KeepingUp()
    for step in range(int(seconds * 2) + 1):
        now = step / 2
        load.sample(now, 1 + round(done * now), round((came - done) * now))
    return load.of_late()


def test_what_is_dropped_is_told_in_rates():
    turnover = run(17, 30, 20)
    assert turnover.share == pytest.approx(13 / 30, abs=0.01)
    assert turnover.rates == pytest.approx((17, 30), abs=0.3)


def test_nothing_is_said_of_too_little():
    assert KeepingUp().of_late() is None
    assert run(0.2, 30, 2) is None
    assert run(0.5, 1, 10) is None


def test_what_was_before_the_window_is_forgotten():
    load = KeepingUp()
    for step in range(40):
        now = step / 2
        load.sample(now, 1 + round(30 * now), round(20 * min(now, 10)))
    assert load.of_late().dropped == 0
