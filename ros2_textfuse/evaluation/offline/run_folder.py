"""The folder of an evaluation: what was asked, a row for each frame as it is measured, and what came of it.

settings.json    what was asked; a run that was killed goes on when the same is asked again
frames.csv       a row for each evaluated pair, written as it goes
run.json         everything: settings, counts, figures with intervals; layout in docs/reference/file-formats.md
detections.json  true boxes, and what the detector found in the fused images, to compare runs by
images/        the worst and the best pairs
report.html      run.json and the images, for people
"""

import csv
import json
import math
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ros2_textfuse.detection.types import Detection
from ros2_textfuse.errors import TextfuseError
from ros2_textfuse.evaluation.metrics.boxes import Box
from ros2_textfuse.runtime.output import write_whole

LAYOUT = 1
"""Of run.json; a reader refuses another one."""


class RunError(TextfuseError, ValueError):
    """A run's folder cannot be used; the message says why and what to do."""


class RunFolder:
    """A run's folder, claimed for what is asked.

    Args:
        path: the folder, made where it is missing.
        settings: what is asked, fit for JSON.

    Raises:
        RunError: the folder holds something else.
        OSError: it cannot be written.
    """

    def __init__(self, path: Path, settings: dict[str, Any]) -> None:
        settings = json.loads(json.dumps(settings))  # as it will be read back: tuples are lists
        self.path = path
        self.images = path / "images"
        asked = path / "settings.json"
        if asked.exists():
            before = _read_json(asked)
            changed = [name for name in {**before, **settings} if before.get(name) != settings.get(name)]
            if changed:
                raise RunError(
                    f"{path} holds a run with another {', '.join(sorted(changed))}: name another folder, or remove it"
                )
        elif path.exists() and any(path.iterdir()):
            raise RunError(f"{path} is not empty and holds no run: name another folder")
        else:
            path.mkdir(parents=True, exist_ok=True)
            write_json(asked, settings)
        self.rows = self._recover()
        """The rows that an earlier, interrupted run has written."""
        self._file = self._frames.open("a", newline="")

    def write(self, row: dict[str, float]) -> None:
        """Add a frame's row to frames.csv; it is on its way to the disk before this returns."""
        if not self.rows:
            self._line(list(row))
        self._line(["" if math.isnan(value) else repr(float(value)) for value in row.values()])
        self._file.flush()
        self.rows.append(row)

    def close(self) -> None:
        """Close frames.csv."""
        self._file.close()

    @property
    def _frames(self) -> Path:
        return self.path / "frames.csv"

    def _line(self, values: list[str]) -> None:
        csv.writer(self._file, lineterminator="\n").writerow(values)

    def _recover(self) -> list[dict[str, float]]:
        """Read the rows back; half a row, the last one of a killed run, is cut off."""
        if not self._frames.exists():
            return []
        content = self._frames.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        rows = read_rows(whole.decode())
        if not rows:
            whole = b""
        if len(whole) < len(content):
            os.truncate(self._frames, len(whole))
        return rows


def read_rows(text: str) -> list[dict[str, float]]:
    """The rows of a frames.csv; an empty field is NaN."""
    lines = csv.DictReader(text.splitlines())
    return [{name: float(value) if value else math.nan for name, value in line.items()} for line in lines]


def load_run(path: Path) -> dict[str, Any]:
    """run.json of a run's folder, with its `rows`.

    Raises:
        RunError: there is no finished run, or one of another layout.
    """
    if not (path / "run.json").exists():
        raise RunError(f"{path} holds no finished run: run.json is missing")
    run = _read_json(path / "run.json")
    if run.get("layout") != LAYOUT:
        raise RunError(f"{path}/run.json has the layout {run.get('layout')}; {LAYOUT} is read: evaluate again")
    frames = path / "frames.csv"
    return {**run, "rows": read_rows(frames.read_text()) if frames.exists() else []}


def write_detections(path: Path, truth: dict[str, list[Box]], found: dict[str, list[Detection]]) -> None:
    """Write detections.json into a run's folder."""
    plain = {
        "truth": {name: [asdict(box) for box in boxes] for name, boxes in truth.items()},
        "fused": {name: [asdict(one) for one in detections] for name, detections in found.items()},
    }
    write_json(path / "detections.json", plain)


def load_detections(path: Path) -> tuple[dict[str, list[Box]], dict[str, list[Detection]]] | None:
    """True boxes and detections of a run's fused images; None for a run without boxes."""
    if not (path / "detections.json").exists():
        return None
    content = _read_json(path / "detections.json")
    truth = {name: [Box(one["name"], tuple(one["box"])) for one in of] for name, of in content["truth"].items()}
    found = {
        name: [Detection(one["name"], one["class_id"], one["score"], tuple(one["box"])) for one in of]
        for name, of in content["fused"].items()
    }
    return truth, found


def write_json(path: Path, content: Any) -> None:
    """Write JSON, whole or not at all; a value that is not finite becomes null."""
    write_whole(path, json.dumps(_finite(content), indent=2, allow_nan=False) + "\n")


def _finite(content: Any) -> Any:
    if isinstance(content, dict):
        return {name: _finite(value) for name, value in content.items()}
    if isinstance(content, list | tuple):
        return [_finite(value) for value in content]
    return None if isinstance(content, float) and not math.isfinite(content) else content


def _read_json(path: Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_text())
    except ValueError as error:
        raise RunError(f"{path} is damaged ({error}): remove the folder and evaluate again") from error
