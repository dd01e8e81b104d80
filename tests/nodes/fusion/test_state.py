"""Counts under several threads, and the state that is made from them: no ROS."""

import threading
from dataclasses import replace

import pytest

from ros2_textfuse.evaluation.live.observations import STATES
from ros2_textfuse.nodes.common.keeping_up import Turnover
from ros2_textfuse.nodes.fusion import state
from ros2_textfuse.nodes.fusion.ledger import Account, Ledger, Stages
from ros2_textfuse.nodes.fusion.state import CameraReport, Situation, judge

VISIBLE = CameraReport("visible", "/visible/image_raw", age=0.1, received=10, stamp=5_000_000_000)
THERMAL = CameraReport("thermal", "/thermal/image_raw", age=0.1, received=10, stamp=5_300_000_000)
FUSING = Account(pairs_fused=10, last_fused=99.9)


def situation(account=FUSING, visible=VISIBLE, thermal=THERMAL, **fields):
    return Situation(100.0, account, (visible, thermal), source_timeout=1.0, slop=0.02, **fields)


def test_every_change_is_counted_whoever_makes_it():
    ledger = Ledger()

    def work():
        for _ in range(2000):
            ledger.drop()
            ledger.reject(1.0, "broken")
            ledger.fuse(1.0, 2, "camera", Stages(1.0))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    account = ledger.read()
    assert (account.pairs_dropped, account.images_rejected, account.pairs_fused) == (8000, 8000, 8000)


def test_a_reader_sees_whole_changes():
    """The figures of a pair and its stamp are of one pair."""
    ledger, over = Ledger(), threading.Event()

    def work():
        number = 0
        while not over.is_set():
            number += 1
            ledger.fuse(float(number), number, "camera", Stages(latency_ms=float(number)))

    thread = threading.Thread(target=work)
    thread.start()
    try:
        for _ in range(5000):
            account = ledger.read()
            assert account.stamp == account.pairs_fused == account.stages.latency_ms
    finally:
        over.set()
        thread.join()


def test_a_fused_pair_cures_a_fault_and_ends_passing_through():
    ledger = Ledger()
    ledger.reject(1.0, "broken")
    ledger.pass_through(1.0, 2, "camera")
    assert ledger.read().fault == "" and ledger.read().last_passed == 1.0
    ledger.fuse(2.0, 3, "camera", Stages())
    assert ledger.read().last_passed is None


def test_the_latency_is_that_of_late():
    ledger = Ledger()
    for number in range(4):
        ledger.fuse(number / 10, 1, "camera", Stages(latency_ms=900.0))
    assert ledger.latency(0.5) == 0.0  # too few to tell
    ledger.fuse(0.4, 1, "camera", Stages(latency_ms=900.0))
    assert ledger.latency(0.5) == 900.0
    for number in range(5):
        ledger.fuse(6.0 + number, 1, "camera", Stages(latency_ms=30.0))
    assert ledger.latency(10.5) == 30.0


@pytest.mark.parametrize(
    ("changes", "expected", "says"),
    [
        ({}, state.OK, ""),
        (
            {"visible": replace(VISIBLE, fault="frozen: the same image")},
            state.DEGRADED,
            "visible camera: frozen: the same image",
        ),
        (
            {"visible": replace(VISIBLE, loss="17 of 30 images a second come")},
            state.DEGRADED,
            "visible camera: 17 of 30 images a second come",
        ),
        ({"turnover": Turnover(5.0, 85, 65), "max_drop_share": 0.1}, state.DEGRADED, "fusing 17 of 30 images a second"),
        ({"turnover": Turnover(5.0, 145, 5), "max_drop_share": 0.1}, state.OK, ""),
        ({"latency": 620.0, "max_latency": 0.5}, state.DEGRADED, "fused images are 0.62 s old, and max_latency is 0.5"),
        ({"latency": 480.0, "max_latency": 0.5}, state.OK, ""),
        ({"building": "333x250"}, state.BUILDING, "333x250"),
        ({"idle": True}, state.IDLE, "lazy"),
        ({"account": replace(FUSING, fault="too small", last_rejected=99.9)}, state.ERROR, "too small"),
        (  # what was refused long ago is not what is wrong now
            {
                "account": Account(fault="too small", last_rejected=90.0),
                "visible": replace(VISIBLE, silence="no visible image"),
                "thermal": replace(THERMAL, silence="no thermal image"),
            },
            state.WAITING,
            "no visible image; no thermal image",
        ),
        ({"account": Account()}, state.WAITING, "no stamps within slop (0.02 s): the newest thermal stamp is 0.300 s"),
        (
            {"account": Account(last_fused=90.0), "thermal": replace(THERMAL, stamp=VISIBLE.stamp + 1_000_000)},
            state.WAITING,
            "pairs come, and none was fused for 1 s: the engine is too slow",
        ),
        ({"account": Account(), "missing_info": ["/visible/camera_info"]}, state.WAITING, "no CameraInfo"),
        ({"account": Account(), "thermal": replace(THERMAL, age=-1.0)}, state.WAITING, "waiting for the first image"),
        (
            {"account": Account(last_passed=99.9), "thermal": replace(THERMAL, silence="no thermal image")},
            state.VISIBLE_ONLY,
            "visible images are passed through: no thermal image",
        ),
        (
            {"account": Account(last_passed=99.9), "visible": replace(VISIBLE, silence="no visible image")},
            state.THERMAL_ONLY,
            "no visible image",
        ),
        (
            {"account": Account(last_passed=90.0), "thermal": replace(THERMAL, silence="no thermal image")},
            state.WAITING,
            "no thermal image",
        ),
    ],
)
def test_the_state_says_what_is_known(changes, expected, says):
    found, message = judge(situation(**changes))
    assert found == expected and says in message and bool(message) == bool(says)


def test_the_states_are_those_of_the_message():
    FusionStatus = pytest.importorskip("textfuse.msg").FusionStatus
    own = {name for name in vars(state) if name.isupper()} - {"CURE"}
    assert own == set(STATES)
    assert all(getattr(FusionStatus, name) == getattr(state, name) == name for name in own)


def test_a_wrong_clock_is_named_once():
    late = replace(VISIBLE, fault="stamps are 3600.0 s old: synchronise the clocks")
    assert judge(situation(visible=late, latency=3.6e6, max_latency=0.5))[1] == f"visible camera: {late.fault}"
