"""The search for the highest rate, with a stand-in for the graph."""

import pytest
from graph import highest


class Machine:
    """Holds `limit` Hz, and loses `unlucky` pairs in each run whose number is in `bad`."""

    def __init__(self, limit, bad=(), unlucky=3):
        self.limit, self.bad, self.unlucky, self.rates = limit, bad, unlucky, []

    def __call__(self, rate, seconds):
        self.rates.append(rate)
        pairs = rate * seconds
        lost = 0.5 * pairs if rate > self.limit else self.unlucky if len(self.rates) in self.bad else 0
        return {
            "rate_hz": rate,
            "seconds": seconds,
            "model": "pico",
            "stages": {"fusion_ms": {"median": 12.0}},
            "received": pairs,
            "dropped": lost,
            "fused": pairs - lost,
            "detections": pairs - lost,
        }


@pytest.mark.parametrize("limit", [5, 37, 119])
def test_the_highest_rate_is_found(limit):
    assert highest(Machine(limit), 20.0) == {"rate_hz": float(limit), "model": "pico", "fuse_ms": 12.0}


def test_a_pair_lost_once_is_not_the_end():
    assert highest(Machine(37, bad=range(1, 60, 3)), 20.0)["rate_hz"] == 37.0


def test_a_rate_that_loses_pairs_in_every_run_is_not_held():
    assert highest(Machine(37, bad=range(1, 60)), 20.0)["rate_hz"] == 0.0


def test_a_hopeless_rate_is_tried_once():
    machine = Machine(4)
    highest(machine, 20.0)
    assert len(machine.rates) == len(set(machine.rates))
