"""True boxes of a folder of pairs, in YOLO text files or one COCO JSON file."""

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ros2_textfuse.recordings.types import RecordingError

OUTSIDE = 1.0  # pixels that a box may reach beyond its image, for rounding


@dataclass(frozen=True)
class Box:
    """One object."""

    name: str
    """Class name."""
    box: tuple[float, float, float, float]
    """Left, top, right, bottom in pixels."""


@dataclass
class Boxes:
    """The boxes of each image that has any statement about them; no boxes means that nothing is there."""

    of: dict[str, list[Box]]
    """Name of a pair -> its boxes."""
    excluded: Counter[str]
    """Reason -> boxes or images left out."""


def read_boxes(path: Path, sizes: Mapping[str, tuple[int, int]], names: Sequence[str]) -> Boxes:
    """Read the boxes of some pairs.

    Args:
        path: a folder with NAME.txt for each pair (lines of class number, centre x, y, width, height, as shares of the
            image), or a COCO JSON file (its file_name without folder and suffix is the pair's name).
        sizes: pair's name -> height and width of its images.
        names: the detector's classes; YOLO's class numbers are places in it, COCO's classes go by name.

    Raises:
        RecordingError: there is nothing of that form, or no box of a known class in any image.
    """
    if path.is_dir():
        found, excluded = _yolo(path, sizes, names)
    elif path.is_file():
        found, excluded = _coco(path, sizes, names)
    else:
        raise RecordingError(f"{path} does not exist: boxes are a folder of YOLO text files or a COCO JSON file")
    boxes = Boxes({}, excluded)
    for name, (height, width) in sizes.items():
        if name not in found:
            boxes.excluded["image without a statement about its boxes"] += 1
            continue
        boxes.of[name] = []
        for box in found[name]:
            if fault := _fault(box.box, height, width):
                boxes.excluded[fault] += 1
            else:
                left, top, right, bottom = box.box
                inside = max(left, 0.0), max(top, 0.0), min(right, float(width)), min(bottom, float(height))
                boxes.of[name].append(Box(box.name, inside))
    if unknown := sum(name not in sizes for name in found):
        boxes.excluded["boxes of an image that is not there"] = unknown
    if not any(boxes.of.values()):
        reasons = "; ".join(f"{count} × {reason}" for reason, count in boxes.excluded.items())
        raise RecordingError(f"{path} has no box that can be used: {reasons or 'it is empty'}")
    return boxes


def _fault(box: tuple[float, float, float, float], height: int, width: int) -> str:
    left, top, right, bottom = box
    if not all(map(math.isfinite, box)) or right <= left or bottom <= top:
        return "box without an area"
    if left < -OUTSIDE or top < -OUTSIDE or right > width + OUTSIDE or bottom > height + OUTSIDE:
        return "box outside its image"
    return ""


def _yolo(
    path: Path, sizes: Mapping[str, tuple[int, int]], names: Sequence[str]
) -> tuple[dict[str, list[Box]], Counter[str]]:
    found: dict[str, list[Box]] = {}
    excluded: Counter[str] = Counter()
    for file in sorted(path.glob("*.txt")):
        if file.name == "classes.txt":  # some tools leave it beside the boxes
            continue
        boxes = found.setdefault(file.stem, [])
        height, width = sizes.get(file.stem, (1, 1))
        for line in file.read_text().splitlines():
            try:
                number, x, y, w, h = map(float, line.split())
            except ValueError:
                excluded["line that is not five numbers"] += bool(line.strip())
                continue
            if not (number.is_integer() and 0 <= number < len(names)):
                excluded[f"box of the unknown class {number:g}"] += 1
                continue
            box = (x - w / 2) * width, (y - h / 2) * height, (x + w / 2) * width, (y + h / 2) * height
            boxes.append(Box(names[int(number)], box))
    if not found:
        raise RecordingError(f"{path} holds no boxes: NAME.txt for each pair is expected")
    return found, excluded


def _coco(
    path: Path, sizes: Mapping[str, tuple[int, int]], names: Sequence[str]
) -> tuple[dict[str, list[Box]], Counter[str]]:
    excluded: Counter[str] = Counter()
    try:
        content = json.loads(path.read_text())
        images = {image["id"]: Path(image["file_name"]).stem for image in content["images"]}
        classes = {category["id"]: str(category["name"]) for category in content["categories"]}
        found: dict[str, list[Box]] = {name: [] for name in images.values()}
        for annotation in content["annotations"]:
            name = classes.get(annotation["category_id"], f"{annotation['category_id']}")
            if annotation["image_id"] not in images:
                excluded["box of an image that is not listed"] += 1
            elif name not in names:
                excluded[f"box of the unknown class {name}"] += 1
            else:
                x, y, w, h = map(float, annotation["bbox"])
                found[images[annotation["image_id"]]].append(Box(name, (x, y, x + w, y + h)))
    except (ValueError, KeyError, TypeError) as error:
        raise RecordingError(f"{path} is not a COCO JSON file of boxes: {error!r}") from error
    return found, excluded
