"""The log of a run: the mean of every part of the loss between two checkpoints."""

import csv
import math
import time
from pathlib import Path

import torch
from torch import Tensor

from ros2_textfuse.training import processes

LOG = "log.csv"
PARTS = (
    "total",
    "intensity",
    "gradient",
    "grid",
    "colour",
    "complementarity",
    "fidelity",
    "separability",
    "faded",
    "taught",
)


class Log:
    """The CSV of a run. Rows later than the step that is resumed are dropped.

    Args:
        folder: of the run; of several processes, only the first one writes there.
        step: that the run goes on from.
    """

    def __init__(self, folder: Path, step: int) -> None:
        path = folder / LOG
        rows = path.read_text().splitlines()[1:] if processes.is_first() and step and path.exists() else []
        self._file = path.open("w", newline="") if processes.is_first() else None
        self._begun = time.monotonic()
        self._parts: list[dict[str, Tensor]] = []
        self._row("step", "seconds", "rate", *PARTS)
        for row in rows:
            if int(row.split(",")[0]) <= step:
                self._row(*row.split(","))

    def add(self, parts: dict[str, Tensor]) -> None:
        """Note the losses of a step."""
        self._parts.append(parts)

    def write(self, step: int, rate: float) -> float:
        """Write one row, in all processes at once; returns the mean total loss since the last."""
        if not self._parts:
            return math.nan
        absent = torch.zeros(())  # of a run without a teacher
        parts = [[parts.get(name, absent).cpu() for name in PARTS] for parts in self._parts]
        means = processes.mean(torch.tensor(parts).mean(0)).tolist()
        self._parts.clear()
        self._row(step, f"{time.monotonic() - self._begun:.1f}", f"{rate:.3e}", *(f"{mean:.6f}" for mean in means))
        return means[PARTS.index("total")]

    def _row(self, *cells: object) -> None:
        if self._file:
            csv.writer(self._file).writerow(cells)
            self._file.flush()

    def __enter__(self) -> "Log":
        return self

    def __exit__(self, *_: object) -> None:
        if self._file:
            self._file.close()
