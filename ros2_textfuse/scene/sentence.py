"""The scene as a sentence: the light, the weather, what is wrong with each image, and who is where."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from ros2_textfuse.scene.watch import Scene

WEATHER = {
    "rain": ("light", "heavy"),
    "haze": ("thin", "dense"),
    "smoke": ("thin", "thick"),
    "glare": ("some", "strong"),
}
LOOKS = {
    "visible": {
        "low_light": "dark",
        "over_exposure": "overexposed",
        "blur": "blurred",
        "visible_noise": "noisy",
        "color_cast": "off-colour",
    },
    "thermal": {"ir_low_contrast": "low in contrast", "ir_noise": "noisy", "ir_stripe": "striped"},
}
MILD, STRONG = 0.35, 0.75  # severities below and above which a word of degree is said
NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
PLURALS = {"person": "people", "bus": "buses", "sheep": "sheep", "knife": "knives"}
PLACES = (("left", 1 / 3), ("ahead", 2 / 3), ("right", math.inf))
MOST = 5  # groups of objects; a sentence is to be read at a glance


class Seen(NamedTuple):
    """An object in the fused image."""

    name: str
    """Of its class, e.g. `person`."""
    across: float
    """Where its middle is, 0 (left edge) .. 1 (right edge)."""


def sentence(scene: Scene, faults: Mapping[str, str] | None = None, objects: Iterable[Seen] = ()) -> str:
    """The scene in plain English, e.g. "night; visible image dark and noisy; two people ahead, one car left".

    Args:
        scene: of the images.
        faults: camera -> what is wrong with it, in a few words; empty for a camera that is well.
        objects: what was detected, in any order.
    """
    weather = [_by_degree(name, *words, scene.conditions) for name, words in WEATHER.items()]
    parts = [", ".join([scene.light, *filter(None, weather)])]
    for camera, looks in LOOKS.items():
        if fault := (faults or {}).get(camera):
            parts.append(f"{camera} camera: {fault}")
        elif named := [_look(look, scene.conditions[name]) for name, look in looks.items() if name in scene.conditions]:
            parts.append(f"{camera} image {_listed(named)}")
    if len(parts) == 1 and not any(weather):
        parts.append("both images clear")
    return "; ".join([*parts, *filter(None, [_who(objects)])])


def _listed(names: Sequence[str]) -> str:
    """a; a and b; a, b and c."""
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def _by_degree(name: str, mild: str, strong: str, conditions: Mapping[str, float]) -> str:
    if name not in conditions:
        return ""
    severity = conditions[name]
    return f"{mild} {name}" if severity < MILD else f"{strong} {name}" if severity > STRONG else name


def _look(look: str, severity: float) -> str:
    return f"slightly {look}" if severity < MILD else f"very {look}" if severity > STRONG else look


def _who(objects: Iterable[Seen]) -> str:
    """Objects counted by class and place, the most numerous first."""
    groups = Counter((seen.name, next(place for place, end in PLACES if seen.across < end)) for seen in objects)
    ordered = sorted(groups.items(), key=lambda group: (-group[1], group[0]))
    said = [f"{_number(count)} {_plural(name) if count > 1 else name} {place}" for (name, place), count in ordered]
    return ", ".join(said[:MOST])


def _number(count: int) -> str:
    return NUMBERS[count] if count < len(NUMBERS) else str(count)


def _plural(name: str) -> str:
    return PLURALS.get(name) or f"{name}{'es' if name.endswith(('s', 'x', 'ch', 'sh')) else 's'}"
