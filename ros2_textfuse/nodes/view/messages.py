"""Messages as what the page is told."""

from typing import Any

from ros2_textfuse.imaging.outside_text import shown

MOST_BOXES = 200
LONGEST_NAME = 40  # characters


def fields(message: Any) -> dict[str, Any]:
    """The fields of a message that hold no other message, by name."""
    kinds = message.get_fields_and_field_types()
    return {name: getattr(message, name) for name, kind in kinds.items() if "/" not in kind}


def boxes(message: Any) -> list[dict[str, Any]]:
    """The best hypothesis of each detection: name, score, id, and the box's centre and size in pixels."""
    found = []
    for detection in message.detections[:MOST_BOXES]:
        if not detection.results:
            continue
        best = max(detection.results, key=lambda result: result.hypothesis.score).hypothesis
        box = detection.bbox
        # vision_msgs of Humble and later: the centre is a Pose2D with a position.
        centre = box.center.position
        found.append(
            {
                "name": shown(best.class_id, LONGEST_NAME),
                "score": best.score,
                "id": shown(detection.id, LONGEST_NAME),
                "box": [centre.x, centre.y, box.size_x, box.size_y],
            }
        )
    return found
