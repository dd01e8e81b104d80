"""COCO class names in free text."""

import pytest

from ros2_textfuse.prompts.object_names import COCO, find_objects


@pytest.mark.parametrize(
    ("text", "objects"),
    [
        ("show me the person at night", ("person",)),
        ("pedestrians and automobiles", ("person", "car")),
        ("a cyclist behind two buses", ("person", "bicycle", "bus")),
        ("Traffic lights, a hot dog and a DOG", ("traffic light", "hot dog", "dog")),
        ("people, women, children, a man", ("person",)),
        ("an orange tint", ()),
        ("the carpet and the scarf", ()),
        ("knives and sandwiches", ("knife", "sandwich")),
        ("", ()),
    ],
)
def test_objects_are_found(text: str, objects: tuple[str, ...]) -> None:
    assert find_objects(text) == objects


def test_the_classes_are_those_of_coco() -> None:
    assert len(COCO) == len(set(COCO)) == 80 and COCO[0] == "person" and COCO[-1] == "toothbrush"
