"""What helps in conditions that are no degradation by name: smoke, dust, spray, snow, glare, a dirty lens."""

from __future__ import annotations

import re
from dataclasses import dataclass

_LENS = r"(?:lens|lenses|glass|windscreen|windshield|window|visor|cover|dome|housing|optics?|camera)"
_DIRT = (
    r"(?:dirty|dirt|mud\w*|smudg\w*|smear\w*|finger ?prints?|scratch\w*|covered|insects?|bugs?|bird droppings?|"
    r"oil\w*|grease|greasy|ice|iced|icy|frozen|frost\w*|filthy|stain\w*|paint\w*|spider\w*|cobwebs?|leaves|leaf|"
    r"grime|grimy|soiled)"
)
_WATER = r"(?:wet|water|drops?|droplets|raindrops?|splash\w*)"
_MIST = r"(?:fogg?ed(?: up)?|fogs? up|steamed(?: up)?|steams? up|misted(?: up)?|condensation|condensed)"


def _on_lens(what: str) -> str:
    return rf"\b{what}\b.*\b{_LENS}\b|\b{_LENS}\b.*\b{what}\b"


@dataclass(frozen=True)
class Condition:
    """What to do about a condition.

    Args:
        modes: that come nearest to it, with the severity to assume where the severity head finds none.
        away: the camera that suffers (`visible`), from which the balance goes; `named` for the one the clause names,
            else the visible one; empty for none.
        note: what a person should know.
    """

    modes: tuple[str, ...] = ()
    away: str = ""
    note: str = ""


_CLEAN = "what lies on a lens hides the scene: the other camera counts more; clean it"
_CONDITIONS = tuple(
    (re.compile(pattern), condition)
    for pattern, condition in (
        (_on_lens(_MIST), Condition(("haze",), "named", _CLEAN)),
        (
            r"\b(?:foggy|misty|steamy) (?:\w+ )?(?:lens|glass|dome|visor|windscreen|windshield)\b|"
            r"\b(?:lens|glass|dome|visor|windscreen|windshield) (?:is|looks|seems|gets|got) (?:\w+ )?"
            r"(?:foggy|misty|steamy)\b",
            Condition(("haze",), "named", _CLEAN),
        ),
        (_on_lens(_WATER), Condition(("rain",), "named", _CLEAN)),
        (
            rf"\b(?:snow\w*|slush)\b (?:(?:is|lies|sticks|stuck|sitting|piles up|builds up) )*(?:on|to|over|cover\w*)"
            rf"(?: (?:the|my|our|its))?(?: (?:thermal|visible|camera))? (?!camera){_LENS}\b",
            Condition((), "named", _CLEAN),
        ),
        (_on_lens(_DIRT), Condition((), "named", _CLEAN)),
        (
            r"\b(?:smok(?:e|y|ed|escreen)|fumes?|soot\w*|tear ?gas|dust\w*|sand ?storm|sand|pollen|ash|ashes|smog|"
            r"powder)\b(?! (?:detector|alarm|bin))",
            Condition(("haze",), "visible"),
        ),
        (r"\b(?:steam|vapou?r)\b", Condition(("haze",))),
        (
            r"\bsnow\w*\b.*\b(?:dazzl\w+|bright|glar\w+|blind\w*|white|ground|overexposed|reflect\w*)\b|"
            r"\b(?:dazzl\w+|bright|glar\w+|blind\w*|white)\b.*\bsnow\w*\b",
            Condition(("over_exposure",), "visible"),
        ),
        (
            r"^(?!thermal\b(?: \w+){0,3} snowy)(?!.*\b(?:glar|dazzl|blind)).*\b(?:snow(?:ing|s|fall|flakes?|"
            r"storm|y)?|flurr(?:y|ies)|blizzard|hail\w*|sleet)\b"
            r"(?![- ](?:like )?(?:noise|grain|speckl|static))(?!.*\b(?:yellow|blue|"
            r"green|pink|red|orange|ground|covered)\b)",
            Condition(("rain",), "", "snow and hail are read as rain, which comes nearest"),
        ),
        (r"\bwipers?\b", Condition(("rain",))),
        (
            r"\b(?:everything|all|image|screen|view|frame|exit) (?:\w+ )?(?:is|are|turns?|turned|goes|went|gone) "
            r"(?:\w+ )?white\b",
            Condition(("over_exposure",), "visible"),
        ),
        (r"\b(?:spray|splash\w*|spindrift)\b(?! can)", Condition(("rain",), "visible")),
        (
            r"\bglar\w+|"
            r"(?<!turn off your )(?<!switch off your )(?<!turn on your )(?<!dim your )\b(?:head ?lights?|"
            r"head ?lamps?|high beams?|full beams?|flood ?lights?|"
            r"spot ?lights?)\b(?!.* (?:off|broken|out)\b)|\bdazzl\w+|\bblind(?:s|ed|ing|ed by|)\b(?! spot)|\b(?:low|"
            r"setting|rising|direct) sun\b|"
            r"\bsun (?:(?:is|stands|hangs|very|so|too) )*(?:low|rising|setting)\b|"
            r"\b(?:sun|torch|flash\w*|laser|lamp|light)\b.*\b(?:into|in|at|on) (?:the |"
            r"my |our |its |his )?(?:lens|camera|eyes?|face|sensor)\b|\bagainst the (?:sun|light)\b|\bbacklight\w*|"
            r"\bback ?lit\b|\blens flare\b|\breflections? on\b|\bwelding\b|\blaser\b",
            Condition(("over_exposure",), "visible"),
        ),
        (
            r"\b(?:on|over|covers?|covering) (?:the |my |our |its )?(?:\w+ )?(?:lens|dome|visor|windscreen|windshield|"
            r"optics?)\b(?<!focus on the lens)",
            Condition((), "named", _CLEAN),
        ),
    )
)


def read_conditions(clause: str) -> tuple[Condition, ...]:
    """The conditions that a clause names; of a lens, only what is on it.

    Args:
        clause: lower case, the cameras called thermal and visible, as `clauses` gives it.
    """
    found = [condition for pattern, condition in _CONDITIONS if pattern.search(clause)]
    return tuple(found[:1] if found and found[0].away == "named" else found)
