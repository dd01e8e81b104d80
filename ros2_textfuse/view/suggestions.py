"""What the page offers to say."""

from typing import Any

from ros2_textfuse.degradations.modes import MODES

OBJECTS = ("person", "bicycle", "car", "motorcycle", "bus", "truck", "dog")
"""Class names of COCO that robots meet; the others can be written into the sentence."""

SENTENCES = (
    "it is very dark",
    "it is dark and the thermal image is noisy",
    "dense fog, watch for people",
    "the sun blinds the camera",
    "heavy rain on the lens",
    "stripes in the thermal image",
    "the image is blurred and its colours are off",
    "smoke everywhere, trust the thermal camera",
)


def suggestions() -> dict[str, Any]:
    """For Source.describe."""
    return {"modes": MODES, "objects": OBJECTS, "suggestions": SENTENCES}
