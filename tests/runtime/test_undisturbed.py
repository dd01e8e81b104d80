"""The time that work takes, less what others take of the processor."""

import os
import subprocess
import sys
import time

import pytest

from ros2_textfuse.runtime import undisturbed


@pytest.mark.parametrize(
    ("wall", "ran", "waited", "cores", "expected"),
    [
        (10.0, 20.0, 0.0, 2, 10.0),  # two threads, nobody else
        (30.0, 20.0, 40.0, 2, 10.0),  # two threads, each waited two thirds of the time
        (30.0, 20.0, 100.0, 2, 10.0),  # as before; two more waited and had nothing to do
        (40.0, 1.0, 0.0, 2, 40.0),  # a GPU works, this process sleeps
        (41.0, 1.0, 1.0, 2, 40.0),
        (40.0, 20.0, 20.0, 0.5, 40.0),  # a quota of half a core: nothing was taken away by others
        (0.0, 0.0, 0.0, 2, 0.0),
    ],
)
def test_what_was_waited_is_taken_off(wall, ran, waited, cores, expected):
    assert undisturbed.estimate(wall, ran, waited, cores) == pytest.approx(expected)


def test_a_busy_neighbour_on_the_same_core_is_not_counted():
    affinity = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(affinity)})

    def work():
        start = time.thread_time()
        while time.thread_time() - start < 0.2:
            pass

    neighbours = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2)]
    try:
        time.sleep(0.2)
        start = time.perf_counter()
        estimated = undisturbed.measure(work)
        wall = (time.perf_counter() - start) * 1e3
    finally:
        for neighbour in neighbours:
            neighbour.kill()
            neighbour.wait()
        os.sched_setaffinity(0, affinity)
    assert wall > 350 and 195 <= estimated < 260


def test_a_quota_is_fewer_cores(monkeypatch, tmp_path):
    monkeypatch.setattr(undisturbed, "GROUPS", tmp_path)
    assert undisturbed.cores() == len(os.sched_getaffinity(0))
    (tmp_path / "cpu.max").write_text("max 100000\n")
    assert undisturbed.cores() == len(os.sched_getaffinity(0))
    (tmp_path / "cpu.max").write_text("50000 100000\n")
    assert undisturbed.cores() == 0.5
