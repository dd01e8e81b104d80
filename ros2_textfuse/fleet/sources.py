"""Which recordings a user means: folders, patterns, lists and manifests, on this machine or behind a URL."""

import csv
import io
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from ros2_textfuse.fleet import files
from ros2_textfuse.fleet.errors import FleetError
from ros2_textfuse.recordings.pairs import IMAGE_SUFFIXES
from ros2_textfuse.recordings.video_writer import SUFFIXES as VIDEOS

BAGS = (".mcap", ".db3")
LISTS = (".txt", ".csv", ".jsonl")
SIDES = ({"visible", "vis", "vi", "rgb", "color", "colour"}, {"thermal", "therm", "lwir", "ir", "infrared"})
"""Words of a video's name by which its camera is known; the rest of the name is that of its partner."""
PATHS = ("source", "visible", "thermal")


@dataclass(frozen=True)
class Source:
    """A recording as it was named."""

    paths: tuple[str, ...]
    """A bag or a folder of pairs; or the visible and the thermal video or folder. Absolute, or a URL."""
    labels: dict[str, str] = field(default_factory=dict)
    """The further columns of its manifest."""

    def __str__(self) -> str:
        return " + ".join(self.paths)

    def label(self, name: str) -> str:
        """A column of its manifest; empty without one."""
        return self.labels.get(name) or ""


def find_sources(named: Sequence[str]) -> list[Source]:
    """The recordings that a user names, each once, in the order of their names.

    Args:
        named: for each: a bag, a folder of pairs (vi/ and ir/), a folder of any depth with such or with videos whose
            names differ in `visible` and `thermal` (or rgb, lwir, ...); `RGB,THERMAL` for two videos; a pattern with *
            in it; a list (.txt, a recording a line) or a manifest (.csv, .jsonl). Paths or URLs.

    Raises:
        FleetError: there is no recording, or a list cannot be read.
        OSError: something named does not exist, or cannot be read.
    """
    found: dict[tuple[str, ...], Source] = {}
    for name in named:
        for source in _of(name):
            before = found.get(source.paths)
            if before is None or not before.labels:
                found[source.paths] = source
    if not found:
        raise FleetError(
            f"no recording in {', '.join(named)}: expected bags (.mcap, .db3), folders with vi/ and ir/, or videos in "
            "pairs, such as drive_visible.mp4 and drive_thermal.mp4"
        )
    return [found[paths] for paths in sorted(found)]


def _of(name: str) -> Iterable[Source]:
    if name.lower().endswith(LISTS):
        return _listed(name)
    if "," in name:
        return [_pair(name)]
    if any(character in name for character in "*?["):
        fs, inner = files.filesystem(name)
        matches = sorted(files.named(fs, path) for path in fs.glob(inner))
        if not matches:
            raise FleetError(f"{name} matches nothing")
        beside = [path for path in matches if path.lower().endswith(VIDEOS)]
        return [*_sorted_out(beside), *(source for path in matches if path not in beside for source in _of(path))]
    return _sorted_out(_below(name))


def _below(name: str) -> list[str]:
    fs, _ = files.filesystem(name)
    found = [files.named(fs, path) for path in files.find(name)]
    if not found:
        raise FileNotFoundError(f"{name} does not exist, or is empty")
    return found


def _sorted_out(paths: Sequence[str]) -> list[Source]:
    """The recordings among files."""
    of: dict[str, list[str]] = {}
    for path in paths:
        folder, _, file = path.rpartition("/")
        of.setdefault(folder, []).append(file)
    sources: list[Source] = []
    videos: dict[tuple[str, str], dict[int, str]] = {}
    for folder, names in of.items():
        # `ros2 bag record --compression-mode file` packs them.
        if "metadata.yaml" in names and any(name.removesuffix(".zstd").endswith(BAGS) for name in names):
            sources.append(Source((folder,)))
            continue
        for name in names:
            path = f"{folder}/{name}"
            if name.endswith(BAGS):
                sources.append(Source((path,)))
            elif name.lower().endswith(VIDEOS) and (found := _side(name)):
                videos.setdefault((folder, found[1]), {})[found[0]] = path
        parent, _, last = folder.rpartition("/")
        images = any(PurePosixPath(name).suffix.lower() in IMAGE_SUFFIXES for name in names)
        if last == "vi" and images and f"{parent}/ir" in of:
            sources.append(Source((parent,)))
    sources += [Source((sides[0], sides[1])) for sides in videos.values() if len(sides) == 2]
    return sources


def _side(name: str) -> tuple[int, str] | None:
    """Which camera a video is of, 0 or 1, and its name without that; None where it does not say."""
    words = re.split(r"([^a-z0-9]+)", name.lower())
    for place, word in enumerate(words):
        for side, known in enumerate(SIDES):
            if word in known:
                return side, "".join([*words[:place], "*", *words[place + 1 :]])
    return None


def _pair(name: str) -> Source:
    sides = tuple(_absolute(side.strip()) for side in name.split(","))
    if len(sides) != 2 or not all(sides):
        raise FleetError(f"{name}: expected the visible and the thermal video or folder, with a comma between")
    return Source(sides)


def _listed(name: str) -> list[Source]:
    text = files.read(name).decode("utf-8-sig", "replace")
    if name.lower().endswith(".txt"):
        lines = [line.split("#")[0].strip() for line in text.splitlines()]
        return [source for line in lines if line for source in ([_pair(line)] if "," in line else _kept(line))]
    try:
        if name.lower().endswith(".jsonl"):
            rows: list[dict[str, Any]] = [json.loads(line) for line in text.splitlines() if line.strip()]
        else:
            rows = list(csv.DictReader(io.StringIO(text), strict=True))
    except (ValueError, csv.Error) as error:
        raise FleetError(f"{name} is no manifest that can be read: {error}") from error
    return [_of_row(name, number, row) for number, row in enumerate(rows, 2 if name.lower().endswith(".csv") else 1)]


def _kept(path: str) -> list[Source]:
    """What a line names; where it does not exist, still a recording, so that its row can say so."""
    try:
        return list(_of(path))
    except FileNotFoundError:
        return [Source((_absolute(path),))]


def _of_row(name: str, line: int, row: dict[str, Any]) -> Source:
    if not isinstance(row, dict) or None in row:
        raise FleetError(f"{name}, line {line}: its fields do not match the header")
    labels = {str(key).strip(): "" if value is None else str(value) for key, value in row.items()}
    if calibration := labels.get("calibration", "").strip():
        labels["calibration"] = files.absolute(calibration)
    source, visible, thermal = (labels.pop(key, "").strip() for key in PATHS)
    if bool(source) == bool(visible or thermal) or bool(visible) != bool(thermal):
        raise FleetError(f"{name}, line {line}: expected a column `source`, or `visible` and `thermal`, with a path")
    if "," in source:
        return Source(_pair(source).paths, labels)
    return Source(tuple(_absolute(path) for path in ([source] if source else [visible, thermal])), labels)


def _absolute(path: str) -> str:
    fs, inner = files.filesystem(path) if path else (None, "")
    return files.named(fs, inner) if fs else ""
