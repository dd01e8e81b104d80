"""What every benchmark writes beside its figures: the machine, and how values spread."""

import json
import os
import statistics
from pathlib import Path

import numpy as np
import torch

from ros2_textfuse.runtime.machine import describe


def describe_machine() -> dict:
    """As in a report, with what decides about speed."""
    cpu = Path("/proc/cpuinfo")
    return {
        **describe(),
        "bf16_instructions": cpu.is_file() and "bf16" in cpu.read_text(),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "load_before": os.getloadavg()[0],
    }


def spread(values: list[float]) -> dict[str, float]:
    """Median, 10th and 99th percentile, and jitter: the standard deviation; in the unit of the values."""
    low, high = np.percentile(values, (10, 99))
    figures = {"median": statistics.median(values), "p10": low, "p99": high, "jitter": np.std(values)}
    return {name: round(float(value), 2) for name, value in figures.items()}


def write(result: dict, path: Path | None) -> None:
    if path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(result, indent=2) + "\n")
