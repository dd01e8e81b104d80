"""True boxes in both formats, and what is left out of them."""

import json

import pytest

from ros2_textfuse.evaluation.metrics.boxes import Box, read_boxes
from ros2_textfuse.recordings.types import RecordingError

NAMES = ("person", "bicycle", "car")
SIZES = {"a": (100, 200), "b": (100, 200)}


def coco(path, **changes):
    content = {
        "images": [{"id": 7, "file_name": "vi/a.jpg"}, {"id": 8, "file_name": "b.png"}],
        "categories": [{"id": 3, "name": "car"}, {"id": 90, "name": "toothbrush"}],
        "annotations": [
            {"image_id": 7, "category_id": 3, "bbox": [20, 10, 40, 30]},
            {"image_id": 7, "category_id": 90, "bbox": [20, 10, 40, 30]},
            {"image_id": 9, "category_id": 3, "bbox": [20, 10, 40, 30]},
        ],
    }
    path.write_text(json.dumps(content | changes))
    return path


def test_yolo(tmp_path):
    (tmp_path / "a.txt").write_text("2 0.2 0.25 0.2 0.3\n0 0.999 0.5 0.01 0.1\n")
    (tmp_path / "b.txt").write_text("")
    (tmp_path / "classes.txt").write_text("person")
    boxes = read_boxes(tmp_path, SIZES, NAMES)
    assert boxes.of["b"] == [] and not boxes.excluded
    assert boxes.of["a"][0].name == "car" and boxes.of["a"][0].box == pytest.approx((20, 10, 60, 40))
    # One pixel beyond the border is rounding, and is cut off.
    assert boxes.of["a"][1].box[2] == 200


def test_coco(tmp_path):
    boxes = read_boxes(coco(tmp_path / "boxes.json"), SIZES, NAMES)
    assert boxes.of == {"a": [Box("car", (20, 10, 60, 40))], "b": []}
    assert boxes.excluded == {"box of the unknown class toothbrush": 1, "box of an image that is not listed": 1}


def test_every_exclusion_is_counted(tmp_path):
    lines = [
        "0 0.5 0.5 0.1 0.1",
        "99 0.5 0.5 0.1 0.1",
        "0 1.2 0.5 0.1 0.1",
        "0 0.5 0.5 0 0.1",
        "0 0.5 0.5",
        "0 nan 0 1 1",
    ]
    (tmp_path / "a.txt").write_text("\n".join(lines))
    (tmp_path / "elsewhere.txt").write_text("0 0.5 0.5 0.1 0.1")
    boxes = read_boxes(tmp_path, SIZES, NAMES)
    assert len(boxes.of["a"]) == 1
    assert boxes.excluded == {
        "box of the unknown class 99": 1,
        "box outside its image": 1,
        "box without an area": 2,
        "line that is not five numbers": 1,
        "image without a statement about its boxes": 1,
        "boxes of an image that is not there": 1,
    }


def test_no_boxes_at_all(tmp_path):
    with pytest.raises(RecordingError, match="does not exist"):
        read_boxes(tmp_path / "nowhere", SIZES, NAMES)
    with pytest.raises(RecordingError, match="holds no boxes"):
        read_boxes(tmp_path, SIZES, NAMES)
    (tmp_path / "a.txt").write_text("99 0.5 0.5 0.1 0.1")
    with pytest.raises(RecordingError, match="no box that can be used: 1 × box of the unknown class 99"):
        read_boxes(tmp_path, SIZES, NAMES)
    (tmp_path / "boxes.json").write_text("[1, 2]")
    with pytest.raises(RecordingError, match="not a COCO JSON file"):
        read_boxes(tmp_path / "boxes.json", SIZES, NAMES)


def test_a_file_name_with_a_path_is_only_a_name(tmp_path):
    """Nothing outside is opened, whatever a label file names."""
    content = {
        "images": [{"id": 1, "file_name": "../../etc/passwd"}, {"id": 2, "file_name": "/data/a.png"}],
        "categories": [{"id": 1, "name": "car"}],
        "annotations": [{"image_id": 2, "category_id": 1, "bbox": [1, 1, 4, 4]}],
    }
    (tmp_path / "boxes.json").write_text(json.dumps(content))
    boxes = read_boxes(tmp_path / "boxes.json", {"a": (20, 20)}, ["car"])
    assert list(boxes.of) == ["a"] and boxes.excluded["boxes of an image that is not there"] == 1
