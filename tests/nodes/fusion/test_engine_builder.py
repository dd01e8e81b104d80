"""Engines for images of a new size."""

import threading
from types import SimpleNamespace

import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")

from ros2_textfuse.engines import EngineError
from ros2_textfuse.nodes.fusion.engine_builder import EngineBuilder

LOGGER = SimpleNamespace(warning=lambda text: None)


class Prepared:
    """Stands in for a Fuser: what it was asked for, held up until it may go on."""

    def __init__(self, fails=False):
        self.asked, self.completed = [], []
        self.go_on = threading.Event()
        self._fails, self.clears, self.cleared = fails, True, []

    def let_clear(self, clears):
        self.clears = clears
        self.cleared.append(clears)

    def prepare(self, height, width):
        self.asked.append((height, width))
        assert self.go_on.wait(10)
        if self._fails:
            raise EngineError("no memory")

    def complete(self, height, width):
        self.completed.append((height, width))


def test_one_at_a_time():
    fuser = Prepared()
    builder = EngineBuilder(fuser, LOGGER, (640, 480))
    builder.want(250, 333)
    assert builder.building == "333x250"
    builder.want(100, 100)
    fuser.go_on.set()
    builder.join()
    assert builder.building == "" and fuser.asked == fuser.completed == [(250, 333)]


@pytest.mark.parametrize("active", [False, True], ids=["after building", "since activation, and after building"])
def test_join_waits_for_all_that_is_completed(active):
    """What goes on for a fuser that was given back holds its memory, and the end of the process."""
    fuser, completes = Prepared(), threading.Event()
    fuser.complete = lambda height, width: completes.wait(10) and fuser.completed.append((height, width))
    builder = EngineBuilder(fuser, LOGGER, (640, 480))
    if active:
        builder.complete(480, 640)
    builder.want(250, 333)
    joined = threading.Thread(target=builder.join)
    joined.start()
    fuser.go_on.set()
    joined.join(0.3)
    assert joined.is_alive()
    completes.set()
    joined.join(10)
    assert len(fuser.completed) == 1 + active


def test_sizes_that_alternate_are_named_and_not_built_for_ever():
    fuser = Prepared()
    fuser.go_on.set()
    builder = EngineBuilder(fuser, LOGGER, (640, 480))
    for size in ((250, 333), (100, 100)):
        builder.want(*size)
        builder.join()
    with pytest.raises(EngineError, match=r"more sizes \(333x250, 100x100\) than the 2.*640x480.*one size"):
        builder.want(250, 333)  # its engine has had to make room
    assert len(fuser.asked) == 2


def test_what_cannot_be_built_is_tried_once():
    fuser = Prepared(fails=True)
    builder = EngineBuilder(fuser, LOGGER, (640, 480))
    builder.want(250, 333)
    fuser.go_on.set()
    builder.join()
    with pytest.raises(EngineError, match="333x250, and for that no memory"):
        builder.want(250, 333)
    assert len(fuser.asked) == 1


def test_what_nobody_expects_is_not_built():
    fuser = Prepared()
    builder = EngineBuilder(fuser, LOGGER, (640, 480))
    with pytest.raises(EngineError, match=r"7680x4320.*640x480.*width and height"):
        builder.want(4320, 7680)
    assert not fuser.asked and not builder.building


def test_without_what_clears_the_network_that_fuses_is_left_to_it():
    def complete(height, width):
        raise EngineError("no memory")

    said, fuser = [], Prepared()
    fuser.complete = complete
    builder = EngineBuilder(fuser, SimpleNamespace(warning=said.append), (640, 480))
    builder.complete(480, 640)
    builder.join()
    assert said == ["rain and noise are left to the network that fuses: no memory"] and not fuser.clears


def test_images_do_not_wait_for_what_clears():
    fuser, goes_on = Prepared(), threading.Event()
    fuser.complete = lambda height, width: goes_on.wait(10)
    builder = EngineBuilder(fuser, LOGGER, (640, 480))
    builder.complete(480, 640)
    assert not fuser.clears
    goes_on.set()
    builder.join()
    assert fuser.clears


def test_a_size_without_an_engine_changes_nothing_about_the_others():
    fuser = Prepared(fails=True)
    builder = EngineBuilder(fuser, LOGGER, (640, 480))
    builder.complete(480, 640)
    builder.join()
    fuser.go_on.set()
    builder.want(250, 333)
    builder.join()
    assert fuser.clears


def test_what_was_chosen_not_to_clear_is_not_built():
    fuser = Prepared()
    fuser.clears = False
    builder = EngineBuilder(fuser, LOGGER, (640, 480))
    builder.complete(480, 640)
    builder.join()
    assert not fuser.completed and not fuser.clears


def test_an_activation_that_breaks_off_leaves_the_next_one_what_clears():
    fuser = Prepared()
    EngineBuilder(fuser, LOGGER, (640, 480)).join()
    assert fuser.clears
