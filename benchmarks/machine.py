"""What every benchmark writes beside its figures: the machine, and how values spread."""

import importlib.metadata
import json
import os
import platform
import statistics
from pathlib import Path

import numpy as np
import torch

PACKAGES = ("torch", "openvino", "onnxruntime", "torch-tensorrt-rtx", "torch-tensorrt")


def describe_machine() -> dict:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.processor())
    flags = next((line.split() for line in lines if line.startswith("flags")), [])
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "bf16_instructions": any("bf16" in flag for flag in flags),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "load_before": os.getloadavg()[0],
        "python": platform.python_version(),
        **{name: version(name) for name in PACKAGES},
    }


def version(distribution: str) -> str | None:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def spread(values: list[float]) -> dict[str, float]:
    """Median, 10th and 99th percentile, and jitter: the standard deviation; in the unit of the values."""
    low, high = np.percentile(values, (10, 99))
    figures = {"median": statistics.median(values), "p10": low, "p99": high, "jitter": np.std(values)}
    return {name: round(float(value), 2) for name, value in figures.items()}


def write(result: dict, path: Path | None) -> None:
    if path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(result, indent=2) + "\n")
