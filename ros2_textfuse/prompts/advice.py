"""What to say instead of a request that nothing can serve."""

from __future__ import annotations

import re

_CAMERA = r"(?:the |both )?(?:thermal|visible|colou?r|heat|warm)"
Advice = tuple[tuple[re.Pattern[str], str], ...]
_OPPOSITES: Advice = (  # of what a mode repairs
    (
        re.compile(
            r"^(?!.*\b(?:there|has|have|had|shows?|is|are)\b).*\b(?:less|lower|reduce|decrease|soften)\b.*\bcontrast\b|"
            r"\btoo much contrast\b"
        ),
        "contrast can only be raised: 'the thermal image has low contrast'",
    ),
    (
        re.compile(
            r"\b(?:more|less|stronger|vivid|richer) (?:vivid )?(?:colou?rs?|saturat\w*)\b"
            r"(?! (?:cast|tint|noise|shift|fring|camera|image|picture|video|balance|error))"
        ),
        "colours can be corrected, not strengthened: 'the image has a blue tint'",
    ),
)
_ADVICE: Advice = (
    (
        re.compile(
            rf"\b(?:more|less|only|mostly|rather|use|trust|prefer|rely on|favou?r|weigh|weight) (?:of |to |on )?"
            rf"{_CAMERA}\b|^{_CAMERA}(?: \w+)? (?:only|first|alone)$|\bhot ?spots?\b|"
            r"\b(?:warm|hot) (?:things|spots|objects|areas)\b"
        ),
        "the cameras cannot be weighed by a prompt; say what is wrong with the other one, as in 'the visible image is "
        "dark' or 'the thermal image is noisy'",
    ),
    (
        re.compile(
            r"\b(?:dirty|dirt|mud|muddy|smudge\w*|smear\w*|fingerprints?|scratch\w*|covered|wet|drops?|droplets|ice|iced|"
            r"frozen)\b.*\b(?:lens|camera|glass|windscreen|windshield|window|cover)\b"
            r"|\b(?:lens|camera|glass|windscreen|windshield|window|cover)\b.*\b(?:dirty|dirt|mud|muddy|smudge\w*|smear\w*|"
            r"fingerprints?|scratch\w*|covered|wet|drops?|droplets|ice|iced|frozen)\b"
        ),
        "what lies on a lens hides the scene: clean it; meanwhile name what it looks like, 'haze', 'blur' or 'rain'",
    ),
    (
        re.compile(
            r"\b(?:can ?not|can't|could ?n[o']t|hardly|barely|unable to|nothing|nobody|not) (?:\w+ )?"
            r"(?:see|seen|visible|recogni[sz]e|make out)|\bsees? nothing\b|"
            r"\b(?:bad|poor|low|no) (?:visibility|quality|view|image|picture)\b|"
            r"\b(?:better|improve|enhance|nicer?|clean|fix|repair|optimi[sz]e)\b"
        ),
        "say why: 'it is dark', 'too bright', 'fog' or 'smoke', 'rain', 'blurred', 'the thermal image is noisy'",
    ),
    (
        re.compile(r"\b(?:reset|turn (?:it|that|this) off|switch (?:it|that|this) off|undo|normal again|stop)\b"),
        "an empty prompt, or mode 'none', fuses plainly",
    ),
    (
        re.compile(r"\bsnow\w*\b"),
        "snow has no mode of its own: try 'rain' for flakes in the air, 'too bright' for snow on the ground",
    ),
)
GENERAL = "say what is wrong with the images, as in 'it is dark' or 'the thermal image is noisy', or name modes"


def advise(clause: str) -> str:
    """What could be said instead of a clause that changes nothing; empty where it asks for nothing that we know of.

    Args:
        clause: lower case, the cameras called thermal and visible, as `clauses` gives it.
    """
    return next((advice for pattern, advice in (*_OPPOSITES, *_ADVICE) if pattern.search(clause)), "")


def asks_the_opposite(clause: str) -> bool:
    """Whether a clause, as `advise` takes it, wants more of what a mode repairs."""
    return any(pattern.search(clause) for pattern, _ in _OPPOSITES)
