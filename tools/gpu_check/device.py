"""The GPU: its memory, and how long something takes on it. Without one, as in the tests, the same calls do less."""

import gc
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

LEAST = 5  # times that something is timed, however long it takes


def describe() -> dict[str, Any]:
    """What decides about speed, for the result's environment."""
    if not torch.cuda.is_available():
        return {"device": "no CUDA device"}
    properties = torch.cuda.get_device_properties(torch.cuda.current_device())
    return {
        "device": properties.name,
        "capability": f"{properties.major}.{properties.minor}",
        "memory_mib": properties.total_memory >> 20,
        "cuda": torch.version.cuda,
        "cudnn": torch.backends.cudnn.version(),
    }


class Memory:
    """Memory of the device from here on: all that is taken there, torch's share and what the engines take beside it."""

    def __init__(self) -> None:
        release()
        self._before = _taken()
        if torch.cuda.is_available():
            torch.cuda.reset_peak_memory_stats()

    def figures(self) -> dict[str, int]:
        """MiB taken since, also by other programs; and the peak of torch's own. Empty without a GPU."""
        if not torch.cuda.is_available():
            return {}
        return {
            "gpu_mib": (_taken() - self._before) >> 20,
            "torch_peak_mib": torch.cuda.max_memory_allocated() >> 20,
        }


def release() -> None:
    """Give back what nobody refers to any more."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
        torch.cuda.empty_cache()


def _taken() -> int:
    if not torch.cuda.is_available():
        return 0
    free, total = torch.cuda.mem_get_info()
    return total - free


def seconds(run: Callable[[], object]) -> float:
    """How long `run` takes, with what it leaves to the device."""
    started = time.perf_counter()
    run()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - started


def timed(run: Callable[[], object], limit: float) -> list[float]:
    """Milliseconds of each of many runs, after one that is not counted.

    Args:
        run: what is timed.
        limit: seconds; at least LEAST runs are made.
    """
    run()
    times: list[float] = []
    end = time.perf_counter() + limit
    while len(times) < LEAST or time.perf_counter() < end:
        times.append(1e3 * seconds(run))
    return times


def spread(times: list[float], name: str) -> dict[str, float]:
    """Median and 99th percentile as `name`_median_ms and `name`_p99_ms."""
    return {
        f"{name}_median_ms": round(float(np.median(times)), 3),
        f"{name}_p99_ms": round(float(np.percentile(times, 99)), 3),
    }
