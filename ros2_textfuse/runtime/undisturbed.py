"""How long work takes, less what it waits for a processor that others use."""

import os
import time
from collections.abc import Callable
from pathlib import Path

GROUPS = Path("/sys/fs/cgroup")


def measure(work: Callable[[], object]) -> float:
    """Milliseconds that some work of this process would take if nothing else ran on the machine.

    Args:
        work: done once; it may use several threads of this process, which does nothing else meanwhile.
    """
    ran, waited, start = *_threads(), time.perf_counter()
    work()
    wall = time.perf_counter() - start
    ran_then, waited_then = _threads()
    return 1e3 * estimate(wall, ran_then - ran, waited_then - waited, cores())


def estimate(wall: float, ran: float, waited: float, cores: float) -> float:
    """Seconds without the others.

    What was waited for the processor is taken off, shared among the threads that worked side by side. Never less than
    the cores need for it: a thread that waits may have had nothing to do.

    Args:
        wall: seconds by the clock.
        ran: seconds on a processor, of all threads.
        waited: seconds ready to run while another process did, of all threads.
        cores: that this process may use.
    """
    if wall <= 0:
        return 0.0
    side_by_side = max(1.0, (ran + waited) / wall)
    return min(wall, max(ran / cores, wall - waited / side_by_side))


def cores() -> float:
    """Processors that this process may use: those of its affinity, or less where a control group has a quota."""
    allowed = float(len(os.sched_getaffinity(0)))
    try:
        lines = Path("/proc/self/cgroup").read_text().splitlines()
        group = GROUPS / next((line[3:].lstrip("/") for line in lines if line.startswith("0::")), "")
        for folder in (group, *group.parents):
            if folder.is_relative_to(GROUPS) and (limit := folder / "cpu.max").is_file():
                quota, period = limit.read_text().split()
                allowed = min(allowed, float("inf") if quota == "max" else int(quota) / int(period))
    except (OSError, ValueError):  # another kernel's layout: no quota is known
        pass
    return allowed


def _threads() -> tuple[float, float]:
    """Seconds that the threads of this process ran, and waited for a processor; the latter 0 where it is not told."""
    ran = waited = 0
    for thread in Path("/proc/self/task").iterdir():
        try:
            numbers = (thread / "schedstat").read_text().split()
        except OSError:  # the thread has ended, or the kernel keeps no account
            continue
        ran, waited = ran + int(numbers[0]), waited + int(numbers[1])
    return (ran / 1e9, waited / 1e9) if ran else (time.process_time(), 0.0)
