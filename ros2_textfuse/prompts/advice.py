"""What to say instead of a request that nothing can serve."""

from __future__ import annotations

import re

Advice = tuple[tuple[re.Pattern[str], str], ...]
_OPPOSITES: Advice = (  # of what a mode repairs
    (
        re.compile(
            r"^(?!.*\b(?:there|has|have|had|shows?|is|are)\b).*\b(?:less|lower|reduce|decrease|"
            r"soften)\b.*\bcontrast\b|\btoo much contrast\b|\bcontrast (?:\w+ )?(?:down|lower)\b|\bcontrasty\b"
        ),
        "a camera's contrast can only be raised; 'less contrast' alone is for the fused image",
    ),
    (
        re.compile(
            r"^(?:make|turn|render)\b.*\b(?:thermal|visible)\b.*\b(?:darker|dimmer)\b|^(?:darken|"
            r"dim)\b.*\b(?:thermal|visible)\b"
        ),
        "one camera's brightness cannot be lowered; 'darker' alone is for the fused image",
    ),
    (
        re.compile(
            r"^(?:blur|pixelate|obscure|smear)(?: out)? (?:the|all|my|our|their|her|his|this|these|those|every|any|"
            r"faces?|people|number|licen[cs]e|everything)\b|^(?:simulate|fake|inject|generate) "
        ),
        "nothing is hidden or made worse: what degrades an image is taken out of it",
    ),
)
_ADVICE: Advice = (
    (re.compile(r"\bbalance\b.*\d"), "the balance goes from -1 (visible) to 1 (thermal)"),
    (
        re.compile(
            r"\b(?:can ?not|can't|could ?n[o']t|hardly|barely|unable to|nothing|nobody|not) (?:\w+ )?(?:see|seen|"
            r"visible|recogni[sz]e|make out)|\bsees? nothing\b|\b(?:bad|poor|low|no) (?:visibility|quality|view|"
            r"image|picture)\b|\b(?:visibility|quality|view|image|picture) (?:is |looks )?(?:\w+ )?(?:bad|poor|low|"
            r"terrible|awful|horrible)\b|\b(?:better|improve|enhance|nicer?|clean|fix|repair|optimi[sz]e)\b"
        ),
        "say why: 'it is dark', 'too bright', 'fog' or 'smoke', 'rain', 'blurred', 'the thermal image is noisy'",
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
