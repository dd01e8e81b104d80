"""A data set: a folder of registered pairs whose manifest says where and when each was taken, and what it is for.

`vi/NAME.png` (RGB), `ir/NAME.png` (thermal, 8 bits) and `manifest.csv`. Frames of one moment are on one side, train or
test: the manifest is what keeps it so, whoever reads the folder.
"""

import csv
import hashlib
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ros2_textfuse.imaging import image_files
from ros2_textfuse.recordings.pairs import SIDES
from ros2_textfuse.recordings.types import RecordingError
from ros2_textfuse.runtime.output import write_whole

MANIFEST = "manifest.csv"
TRAIN, TEST = "train", "test"
GAP = 2.0  # seconds, at most, between what is trained on and what is held back


@dataclass(frozen=True)
class Sample:
    """A row of the manifest."""

    name: str
    """Of the two files, without their suffix."""
    recording: str
    """That it is from."""
    time: float
    """Seconds from the recording's start."""
    split: str
    """TRAIN or TEST."""
    reason: str = ""
    """Why it was taken; empty where it was its turn."""


class Splits:
    """Which moments are trained on, and which are held back to judge by.

    Of enough recordings, whole ones are held back: which ones depends on their names alone, so that one more recording
    moves few of the others. Of few, each one's end is. Up to GAP seconds before and after what is held back are on
    neither side, at a recording's ends as well: what follows it may be the same drive in another file.

    Args:
        durations: recording -> seconds.
        share: of the recordings, or of each one's time, to hold back, 0..0.9.
    """

    def __init__(self, durations: Mapping[str, float], share: float) -> None:
        self._limits = dict.fromkeys(durations, (math.inf, math.inf, math.inf))  # train before; test from, and until
        by_whole = share * len(durations) >= 1
        held_back = sorted(durations, key=_scattered)[: round(share * len(durations))] if by_whole else durations
        for name in held_back if share else ():
            duration = durations[name]
            gap, start = min(GAP, share * duration / 4), 0.0 if by_whole else (1 - share) * duration
            until = duration - gap if len(durations) > 1 else math.inf
            self._limits[name] = (start - gap, start + gap * by_whole, until)

    def of(self, recording: str, time: float) -> str:
        """TRAIN, TEST, or empty for what is too near to both."""
        before, start, until = self._limits[recording]
        return TRAIN if time < before else TEST if start <= time < until else ""


def _scattered(name: str) -> bytes:
    return hashlib.sha256(name.encode("utf-8", "surrogateescape")).digest()


def write_pair(folder: Path, name: str, visible: NDArray[np.uint8], thermal: NDArray[np.uint8]) -> None:
    """Write a pair of a data set, uint8 RGB [H, W, 3] and uint8 [H, W].

    Raises:
        OSError: it cannot be written.
    """
    for side, image in zip(SIDES, (visible, thermal), strict=True):
        write_whole(folder / side / f"{name}.png", image_files.encode(image, ".png"))


def size(image: Path) -> tuple[int, int]:
    """Width and height of an image of a data set, from its header.

    Raises:
        RecordingError: it is no image.
    """
    with image.open("rb") as file:
        found = image_files.image_size(file.read(64))
    if found is None:
        raise RecordingError(f"{image} is no PNG")
    return found


def write_manifest(folder: Path, samples: Sequence[Sample]) -> None:
    """Write the manifest; it comes last, so that a folder that has one is whole.

    Raises:
        OSError: it cannot be written.
    """
    text = io.StringIO()
    rows = csv.DictWriter(text, [field.name for field in fields(Sample)], lineterminator="\n")
    rows.writeheader()
    rows.writerows({**asdict(sample), "time": f"{sample.time:.3f}"} for sample in samples)
    write_whole(folder / MANIFEST, text.getvalue())


def read_manifest(folder: Path) -> dict[str, Sample]:
    """The samples of a data set by name; other columns than those of `Sample` are passed over.

    Raises:
        RecordingError: the manifest cannot be read, a row has another split, or a name comes twice.
    """
    path = folder / MANIFEST
    found: dict[str, Sample] = {}
    try:
        with path.open(newline="", encoding="utf-8") as file:
            for number, row in enumerate(csv.DictReader(file), 2):
                sample = Sample(
                    row["name"], row["recording"], float(row["time"]), row["split"], row.get("reason") or ""
                )
                if sample.split not in (TRAIN, TEST):
                    raise RecordingError(f"{path}:{number}: split is {TRAIN} or {TEST}, not {sample.split!r}")
                if sample.name in found:
                    raise RecordingError(f"{path}:{number}: {sample.name} comes a second time")
                found[sample.name] = sample
    except (OSError, UnicodeError, csv.Error, KeyError, TypeError, ValueError) as error:
        if isinstance(error, RecordingError):
            raise
        needed = "name, recording, time, split"
        raise RecordingError(f"{path} cannot be read ({error!r}); it has the columns {needed}") from error
    return found
