"""Which frames are looked at, and which are covered by tracks."""

from types import SimpleNamespace

import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")

from ros2_textfuse.detection.types import DetectorError
from ros2_textfuse.nodes.detection.ledger import Ledger
from ros2_textfuse.nodes.detection.node import ALL_LOOKED_AT, DetectionNode


def work(count, interval=1, waiting=(), covers=True):
    """What becomes of frames: D for detected, t for tracks, . for nothing; those in `waiting` are overtaken."""
    became = []
    node = SimpleNamespace(_since=1000, _detect=lambda frame: became.append("D"))
    node._effort = SimpleNamespace(interval=interval)
    node._cover = lambda frame: covers and not became.append("t")
    for number in range(count):
        node._worker = SimpleNamespace(waiting=lambda number=number: number in waiting)
        before = len(became)
        DetectionNode._work_on(node, {})
        if len(became) == before:
            became.append(".")
    return "".join(became)


@pytest.mark.parametrize(
    ("frames", "became"),
    [
        (work(5), "DDDDD"),
        (work(7, interval=3), "DttDttD"),
        (work(6, waiting={2, 3}), "DDttDD"),  # the detector fell behind
        (work(7, interval=3, waiting={3}), "DtttDtt"),  # and makes up for it in the next frame
        (work(6, waiting={2, 3}, covers=False), "DDDDDD"),
        (work(7, interval=3, covers=False), "D..D..D"),
    ],
)
def test_the_newest_frame_is_looked_at_and_those_between_get_tracks(frames, became):
    assert frames == became


@pytest.mark.parametrize("broken", ["_cover", "_detect"])
@pytest.mark.parametrize(
    ("error", "says", "traced"),
    [(AssertionError(), "AssertionError: ", True), (DetectorError("no memory"), "no memory", False)],
    ids=["a fault", "a reason"],
)
def test_what_a_frame_raises_is_told_and_the_next_one_is_worked_on(broken, error, says, traced):
    said = []

    def raising(frame):
        raise error

    node = SimpleNamespace(_since=0, _detect=lambda frame: None, _cover=lambda frame: False, _ledger=Ledger())
    node._effort, node._worker = SimpleNamespace(interval=1), SimpleNamespace(waiting=lambda: broken == "_cover")
    node.get_logger = lambda: SimpleNamespace(error=lambda text, **_: said.append(text))
    node._fail = lambda reason: DetectionNode._fail(node, reason)
    setattr(node, broken, raising)
    DetectionNode._work_on(node, {})
    assert said[0] == node._ledger.read(0.0).fault == f"detection failed: {says}"
    assert ["in raising" in text for text in said[1:]] == [True] * traced


def test_fewer_frames_wait_as_soon_as_none_of_them_gets_tracks():
    """Each is looked at then, and the last of ten would be a second old."""
    held = []
    node = SimpleNamespace(_detectors=[None], _bounds={}, _effort=SimpleNamespace(bound=lambda: None), _in_turn=False)
    node._covering, node._tracker, node._queue_size = True, object(), 10
    node._worker = SimpleNamespace(let_wait=held.append)
    node._waiting = lambda: DetectionNode._waiting(node)
    for tracks in (False, True):
        assert DetectionNode._accept(node, {"tracks": tracks}) == ""
    assert held == [ALL_LOOKED_AT, 10]
