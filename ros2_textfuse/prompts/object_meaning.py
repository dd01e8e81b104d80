"""Things to look for that no list names, by meaning: a chef is a person, a goat an animal, gravel nothing to detect."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ros2_textfuse.prompts.object_names import ANIMALS, VEHICLES

# In the order of phrasings/nouns.yaml.
KINDS = {
    "person": ("person",),
    "animal": ANIMALS,
    "vehicle": VEHICLES,
    "boat": ("boat",),
    "aircraft": ("airplane",),
    "other": (),
}
_SURE = 0.75
_LOOKING = re.compile(
    r"(?:\b(?:find|highlight|bring out|look(?:ing)? (?:out )?for|watch(?:ing)? (?:out )?for|search(?:ing)? for|spot|"
    r"detect|mark|point out|track|show(?: me)?|emphasi[sz]e|where (?:is|are)|locate|keep an eye on|can you see|"
    r"do you see|follow|focus on|is there|are there|i see)\b|^(?=(?:a|an|any|some|two|three|several|"
    r"many) \w)) ?(?:(?:the|a|an|any|some|all|my|our|every|two|three|several|many|where) )*(?P<what>[a-z][\w -]*)"
)
_PLACE = re.compile(
    r" (?:before|after|until|when|while|if|"
    r"in|on|at|by|behind|near|next|above|over|under|across|along|around|through|from|to|of|who|which|that|is|are|"
    r"maybe|with|ahead|there|here|please|up|lying|standing|sitting|crossing|walking|running)\b.*"
)
_IMAGES = re.compile(
    r"\b(?:images?|pictures?|scene|details?|everything|something|things?|more|less|thermal|visible|way|view|cameras?|"
    r"it|this|that|him|her|them|me|you|us|contrast|better|colou?rs?|what|bit|little|lot|few|nothing|nobody|none|fine|good|ok)\b"
)


@dataclass(frozen=True)
class Sought:
    """What a clause looks for: the words, and the COCO classes that stand for them; none for nothing detectable."""

    words: str
    classes: tuple[str, ...] = ()

    @property
    def note(self) -> str:
        """What to answer."""
        if self.classes:
            return f"'{self.words}' is read as {', '.join(self.classes)}"
        return (
            f"'{self.words}' is nothing that the detector knows: it finds people, vehicles, animals and the other "
            f"classes "
            "of COCO"
        )


def sought(clause: str, listed: bool = False) -> Sought | None:
    """What a clause looks for by its meaning; None where it does not look for a thing.

    Args:
        clause: lower case, in which `object_names` found nothing.
        listed: whether it may go on with a list of things, as the end of "people and strollers" does.
    """
    looking = _LOOKING.search(f"find {clause}" if listed else clause)
    words = _PLACE.sub("", looking["what"]).strip()[:40] if looking else ""
    if not words or _IMAGES.search(words):
        return None
    from ros2_textfuse.prompts.head import classify
    from ros2_textfuse.prompts.text_encoder import encode

    numbers, probabilities = classify(encode([f"a {words}", f"a {words.removesuffix('s')}"]), "nouns")
    surest = int(probabilities.argmax())
    kind = list(KINDS)[int(numbers[surest])]
    classes = KINDS[kind] if probabilities[surest] >= _SURE else ()
    return None if listed and not classes else Sought(words, classes)
