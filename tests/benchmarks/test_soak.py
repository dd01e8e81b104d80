"""What the soak decides by: its schedule, recovery, and growth."""

from itertools import pairwise

import pytest
from soak import (
    CAMERA_FAULTS,
    DEACTIVATE,
    LENGTHS,
    PAUSES,
    RECOVERY,
    RESTART,
    SLOPE,
    Sample,
    Soak,
    Status,
    complaint,
    judge,
    recovery,
    schedule,
    slope,
    warm_up,
)

from ros2_textfuse.recordings.faults import CameraFault


def samples(values, pids=None, files=20, threads=10):
    """A sample every 5 s."""
    pids = pids or [1] * len(values)
    return [
        Sample(5.0 * n, pid, value, value, value, files, threads)
        for n, (value, pid) in enumerate(zip(values, pids, strict=True))
    ]


def test_a_schedule_has_every_fault_and_time_to_recover():
    events = schedule(1200, seed=0)
    assert events == schedule(1200, seed=0) != schedule(1200, seed=1)
    kinds = [event.what for event in events]
    assert {*CAMERA_FAULTS, DEACTIVATE, RESTART} == set(kinds)
    cameras = [event for event in events if event.what in CAMERA_FAULTS]
    assert sorted(event.what for event in cameras[: len(CAMERA_FAULTS)]) == sorted(CAMERA_FAULTS)
    for event in cameras:
        assert LENGTHS[0] - 0.02 <= event.end - event.start <= LENGTHS[1] + 0.02
        CameraFault.from_text(f"{event.what} {event.start} {event.end}")
    for before, after in pairwise(events):
        assert RECOVERY < after.start - before.end <= PAUSES[1] + 0.02
    assert events[-1].end < 1200 - RECOVERY
    assert warm_up(events, 1200) == cameras[len(CAMERA_FAULTS) - 1].end
    assert warm_up(schedule(120, seed=0), 120) == 60


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ("OK 1, OK 2, OK 3, OK 4, OK 5, OK 6", 0.5),
        ("ERROR 1, WAITING 1, OK 3, OK 4, OK 5, OK 6", 1.5),
        ("OK 1, OK 2, ERROR 3, OK 4, OK 5, OK 6", 2.0),
        ("OK 9, OK 9, OK 9, OK 9, OK 9, OK 9", None),
        ("OK 1, OK 2, OK 3, OK 4, OK 5, ERROR 6", None),
        ("OK 1, OK 2, OK 3, OK 4, VISIBLE_ONLY 4, OK 5", None),
        ("", None),
    ],
)
def test_recovery_is_ok_and_fusing_to_the_end_of_its_time(statuses, expected):
    said = [words.split() for words in statuses.split(", ") if words]
    seen = [Status(10.5 + 0.5 * n, state, int(fused)) for n, (state, fused) in enumerate(said)]
    outside = [Status(9.5, "ERROR", 0), *seen, Status(13.5, "ERROR", 0)]
    assert recovery(outside, end=10.0) == expected


def test_slope_in_mib_a_minute():
    assert slope(samples([500 + 0.1 * n for n in range(60)])) == pytest.approx(1.2)
    steps = [500.0] * 20 + [504.0] * 60
    assert slope(samples(steps)) == 0, "one step is no leak"
    restarted = samples([400.0] * 30 + [300.0] * 30, [1] * 30 + [2] * 30)
    assert slope(restarted) == 0, "two processes are not compared"


def test_what_is_flat():
    assert judge(samples([500.0, 520.0] + [530.0] * 40), after=10.0)["not_flat"] == []
    growing = judge(samples([500 + 1.2 * SLOPE / 12 * n for n in range(40)]), after=10.0)
    assert growing["not_flat"] == ["memory"] and growing["mib_per_minute"] == pytest.approx(1.2 * SLOPE, abs=1e-3)
    leaking = samples([500.0] * 20) + [Sample(100.0 + 5 * n, 1, 500.0, 400.0, 450.0, 21, 12) for n in range(20)]
    result = judge(leaking, after=0.0)
    assert result["not_flat"] == ["files", "threads"] and result["files"] == [20, 21] and result["threads"] == [10, 12]


def test_what_breathes_is_judged_where_it_holds_nothing():
    breathing = samples([500.0 + 3 * (n % 5) + 0.1 * n for n in range(40)])
    idle = [Sample(40.0 * n, 1, 480.0, 470.0, 480.0, 20, 10) for n in range(5)]
    assert judge(breathing, after=10.0)["not_flat"] == ["memory"]
    assert judge(breathing, after=10.0, idle=idle)["not_flat"] == []
    leaking = [Sample(40.0 * n, 1, 480.0, 470.0 + 0.2 * n, 480.0, 20, 10) for n in range(5)]
    assert judge(breathing, after=10.0, idle=leaking)["not_flat"] == ["memory"]
    assert judge(breathing, after=10.0, idle=idle[-1:])["not_flat"] == ["too few samples"]
    swelling = samples([500.0 + n for n in range(40)])
    assert judge(swelling, after=10.0, idle=idle)["not_flat"] == ["memory"]


def test_memory_is_judged_once_every_fault_has_come(tmp_path):
    long, short = (Soak(seconds, 30.0, 0, None, tmp_path) for seconds in (1200.0, 360.0))
    for run in (long, short):
        run.samples = dict.fromkeys(run.samples, samples([500.0 + n for n in range(240)]))
        run.idle = samples([500.0 + n for n in range(240)])
    assert "fusion: memory not flat" in long.result()["failures"] and long.result()["memory_judged"]
    assert not short.result()["failures"] and not short.result()["memory_judged"]


def test_a_process_that_was_started_anew_may_grow_up():
    values = [400.0] * 20 + [300.0, 360.0, 390.0, 395.0, 399.0] + [400.0] * 20
    result = judge(samples(values, [1] * 20 + [2] * 25), after=20.0)
    assert result["not_flat"] == [] and result["rss_mib"] == [400.0, 400.0]


def test_a_run_that_breaks_off_is_not_flat():
    assert judge([], after=10.0)["not_flat"] == ["too few samples"]
    assert judge(samples([500.0, 500.0]), after=10.0)["not_flat"] == ["too few samples"]


def test_what_fusion_complained_of_last_is_told():
    statuses = [Status(9.0, "ERROR", 0, "before"), Status(10.5, "DEGRADED", 1, "dropped 3"), Status(11.0, "OK", 2)]
    assert complaint(statuses, end=10.0) == "DEGRADED: dropped 3"
    assert complaint(statuses[-1:], end=10.0) == "OK, but nothing was fused"
