"""How much the detector does while fusion needs room, and afterwards."""

from itertools import pairwise

import pytest

from ros2_textfuse.nodes.detection.effort import PATIENCE, REGRET, Effort

SIZES = [(480, 640), (320, 416)]


class Fusion:
    """The counts of a fusion node at 30 Hz, told to an effort twice a second."""

    def __init__(self, effort: Effort) -> None:
        self.effort, self.now, self.fused, self.dropped, self.told = effort, 0.0, 0, 0, []

    def run(self, seconds: float, drops: int = 0) -> None:
        """Go on, with so many pairs of 15 dropped every half second."""
        for _ in range(round(2 * seconds)):
            self.now += 0.5
            self.fused, self.dropped = self.fused + 15 - drops, self.dropped + drops
            if told := self.effort.see(self.now, self.fused, self.dropped):
                self.told.append(told)


@pytest.fixture
def fusion():
    return Fusion(Effort(1, 3, SIZES))


def test_it_does_less_step_by_step_and_no_less_than_allowed(fusion):
    seen = [str(fusion.effort)]
    for _ in range(8):
        fusion.run(4, drops=2)
        seen.append(str(fusion.effort))
    assert list(dict.fromkeys(seen)) == [
        "each frame at 640x480",
        "one frame in 2 at 640x480",
        "one frame in 3 at 640x480",
        "one frame in 3 at 416x320",
    ]
    assert (fusion.effort.interval, fusion.effort.size) == (3, 1)
    assert fusion.told[0] == "fusion dropped 13% of its pairs in 3 s" and len(fusion.told) == 3


def test_it_takes_more_again_when_no_pair_is_lost_for_long(fusion):
    while fusion.effort.interval == 1:
        fusion.run(0.5, drops=2)
    fusion.run(PATIENCE)
    assert fusion.effort.interval == 2  # the seconds until there is something to tell are not counted
    fusion.run(5)
    assert fusion.effort.interval == 1 and fusion.told[-1] == f"fusion dropped no pair in {PATIENCE:.0f} s"


def test_a_pair_now_and_then_changes_nothing(fusion):
    for _ in range(30):
        fusion.run(4.5)
        fusion.run(0.5, drops=1)
    assert fusion.effort.interval == 1 and not fusion.told


def test_what_it_has_to_give_back_soon_is_tried_less_often(fusion):
    changes = []
    for _ in range(1200):  # more than every second frame is too much here
        fusion.run(0.5, drops=2 if fusion.effort.interval < 2 else 0)
        changes.append(fusion.effort.interval)
    tries = [number / 2 for number in range(1, len(changes)) if changes[number] < changes[number - 1]]
    gaps = [later - earlier for earlier, later in pairwise(tries)]
    assert len(tries) <= 6 and gaps == sorted(gaps) and gaps[-1] > 4 * PATIENCE
    fusion.run(2 * REGRET, drops=2)  # another load; long after, the patience is what it has become
    assert fusion.effort.interval == 3


def test_a_fusion_node_that_starts_anew_begins_at_nothing(fusion):
    fusion.run(10)
    fusion.fused = fusion.dropped = 0
    fusion.run(10)
    assert not fusion.told


@pytest.mark.parametrize(("interval", "most"), [(1, 1), (4, 3), (4, 4)])
def test_limits_without_room_keep_the_interval(interval, most):
    fusion = Fusion(Effort(interval, most, SIZES[:1]))
    fusion.run(30, drops=5)
    assert fusion.effort.interval == interval and not fusion.told


def test_limits_may_change_meanwhile(fusion):
    fusion.run(30, drops=2)
    fusion.effort.bound(1, 2)
    assert fusion.effort.interval == 2
    fusion.effort.bound(5, 2)
    assert fusion.effort.interval == 5


class ReadMeanwhile(Effort):
    """Is read by another thread after whatever is assigned, once it has been made."""

    made = False

    def __setattr__(self, name, value):
        super().__setattr__(name, value)
        if self.made:
            assert (self.interval, self.size) in [(1, 0), (2, 0), (3, 0), (3, 1), (1, 1)]


def test_the_worker_reads_it_while_limits_change():
    effort = ReadMeanwhile(1, 3, SIZES)
    effort.made = True
    Fusion(effort).run(30, drops=2)
    assert (effort.interval, effort.size) == (3, 1)
    effort.bound(1, 1)
    assert (effort.interval, effort.size) == (1, 1)
