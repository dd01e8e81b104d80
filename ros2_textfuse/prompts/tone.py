"""Wishes about the fused image's tone: brighter, less contrast, more colour.

A wish about the image ("make it darker") is tone; a complaint ("it is too bright") is a degradation, which the severity
head reads; and what names one camera ("brighten the visible image") is repaired in that camera. Which way a wish goes
is a rule: a sentence's feature vector hardly knows "more" from "less".
"""

from __future__ import annotations

import re

from ros2_textfuse.prompts.amounts import Amount
from ros2_textfuse.prompts.degrees import step

AXES = ("brightness", "contrast", "colour")

_UP = (
    r"(?:more|higher|stronger|greater|richer|increas\w+|rais\w+|boost\w*|strengthen|enhance|improve|amplify|pump up|"
    r"bump|add|turn up|crank up|bump up|up|push|deepen|intensify|extra|better)"
)
_DOWN = (
    r"(?:less|lower\w*|weaker|softer|milder|gentler|reduc\w+|decreas\w+|cut|drop|turn down|tone down|bring down|"
    r"dial (?:down|back)|soften|weaken|mute|minus|fewer|take (?:some|away|off|out)|remove (?:some|a bit)|"
    r"too (?:much|many)|not so (?:much|many|strong))"
)
# A noun of the axis; not where it belongs to a degradation or a camera.
_NOUNS = {
    "brightness": r"(?:brightness|luminance)",
    "contrasts": r"contrasts?",
    "colours": r"(?:colou?rs?|saturation|colou?rfulness|vividness)(?! ?(?:cast|tint|nois|shift|fring|camera|image|"
    r"frame|stream|video|channel|balance|error|correct|temperature|fidelity))",
}
_FILL = r"(?: \w+){0,4}? ?"
_EXCESS = (
    r"(?: (?:is|are|looks?|seems?))? (?:far |way |much |a bit |a little )?too (?:strong|high|harsh|hard|much|vivid|"
    r"intense|loud|bright)"
)
_LACK = r"(?: (?:is|are))? (?:up|higher|stronger|(?:to |at )?(?:the )?(?:max(?:imum)?|full|highest))\b"
_DOWNWARD = r"(?: (?:is|are))? (?:down|lower|weaker|(?:to |at )?(?:the )?(?:min(?:imum)?|lowest|zero))\b"


def _of_noun(noun: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    up = rf"\b{_UP}\b{_FILL}\b{noun}\b|\b{noun}\b{_LACK}"
    down = (
        rf"\b{_DOWN}\b{_FILL}\b{noun}\b|\b{noun}\b{_DOWNWARD}|\b{noun}\b{_EXCESS}|\b(?:turn|bring|"
        rf"dial)\b.*\b{noun}\b.*\bdown\b"
    )
    return re.compile(up), re.compile(down)


_NEED = (
    r"(?:^(?:a )?(?:(?:bit|little|touch|lot|much|slightly|somewhat) )?|"
    r"\b(?:need|want|like|use|give me|give it|with|let in|put) (?:\w+ )?)"
)
_SO = r"\bnot (?:quite )?(?:so|that|as|too) (?:\w+ )?"
_WISH = (
    r"(?:^(?:\w+ ){0,3}|\b(?:make|turn|render|get|want|like|should be|needs? to be|could be|bit|little|touch|notch|"
    r"slightly|somewhat|much|lot|far|even|it|image|everything|all|as|of) (?:\w+ )?)"
)
# A complaint about what comes out, and not about what a camera sees.
_FUSED_TOO = re.compile(
    r"\b(?:fused|fusion|output|result\w*)\b(?: \w+)?(?: (?:is|are|looks?|seems?|comes out|gets|got))?"
    r"(?: (?:a|bit|little|much|way|far|still|slightly))* too (?P<what>dark|bright)\b"
)
_WORDS: dict[str, tuple[re.Pattern[str], re.Pattern[str]]] = {  # axis: up, down
    "brightness": (
        re.compile(rf"{_WISH}(?:brighter|lighter)\b|\b(?:brighten|lighten)(?:ing)?(?: up)?\b|{_NEED}more light\b"),
        re.compile(
            rf"{_WISH}(?:darker|dimmer|less bright)\b|\b(?:darken(?:ing)?|dimming)\b(?! (?:light|tunnel|room|"
            rf"hall|scene|"
            rf"street|corridor|garage))|\bdim(?= (?:it|the|this|that|everything|all|down|a|my|our|image|"
            rf"picture)\b|$)|{_NEED}less light\b|{_SO}bright\b"
        ),
    ),
    "contrast": (
        re.compile(r"\b(?:punchier|contrastier|more punch|snappier)\b"),
        re.compile(r"\b(?:flatter)(?: image)?\b|\b(?:less|too) contrasty\b"),
    ),
    "colour": (
        re.compile(
            r"^(?:more )?(?:vivid|vibrant)$|\b(?:more|very|make .*) (?:colou?rful|saturated|vivid|vibrant)\b|"
            r"\b(?:saturate|more vivid|more vibrant)\b|\bcolou?rs? (?:\w+ )?(?:more intense|more vivid|stronger)\b|"
            r"\bcolou?rs? (?:\w+ ){0,3}(?:washed out|faded|pale|dull|too weak|not (?:\w+ )?enough)\b"
        ),
        re.compile(
            r"\b(?:desaturate\w*|gr[ea]yscale|monochrome|black and white|black-and-white|b/w|colou?rless|paler|"
            r"(?:without|no) colou?rs?\b(?! (?:cast|tint|camera|image|noise)))|"
            rf"{_SO}(?:colou?rful|saturated|vivid)\b|\bless (?:colou?rful|saturated|vivid)\b|"
            r"^(?:wash out|fade|drain|bleach) (?:the |all )*colou?rs?\b|"
            r"\btoo (?:colou?rful|saturated|vivid)\b|\bcolou?rs? (?:\w+ )?(?:less \w+|weaker|paler)\b|\b(?:remove|"
            r"drop|kill|take away|take out|switch off|turn off) (?:all )?(?:the )?colou?rs?$"
        ),
    ),
}
_OF_NOUNS = dict(zip(AXES, (_of_noun(noun) for noun in _NOUNS.values()), strict=True))
_WEAKEST = re.compile(
    r"\b(?:gr[ea]yscale|monochrome|black and white|black-and-white|b/w|colou?rless|without colou?rs?|no colou?rs?)\b"
)
_TOO = re.compile(r"\btoo (?:much|bright|dark)\b|\b(?:any|some) much\b")
# Complaints and states, which are degradations or nothing.
_STATE = re.compile(
    r"\b(?:gets?|getting|became|becomes?|becoming|growing|grows|there (?:is|are)|has|have|had|"
    r"it's getting)\b(?!.*\btoo\b)|\b(?:is|are|was|were|it's) (?:\w+ )?(?:darker|brighter|dimmer|lighter)\b|"
    r"\bnatural\b|\bcorrect\b|\bneutral\b|\bvolume\b"
)


def is_state(clause: str) -> bool:
    """Whether a clause, as `read_tone` takes it, says how something is and wishes for nothing: "it's darker now"."""
    return bool(_STATE.search(clause))


def read_tone(clause: str) -> dict[str, float]:
    """What a clause wishes for: axis -> -1..1; empty where it wishes nothing of the whole image's tone.

    Args:
        clause: lower case, the cameras called thermal and visible, as `clauses` gives it.
    """
    if re.search(r"\b(?:thermal|visible)\b", clause) or _STATE.search(clause):
        return {}
    if fused := _FUSED_TOO.search(clause):
        return {"brightness": step(clause) if fused["what"] == "dark" else -step(clause)}
    found: dict[str, float] = {}
    for axis in AXES:
        for up, down in (_WORDS[axis], _OF_NOUNS[axis]):
            if axis == "brightness" and _TOO.search(clause):
                break
            if down.search(clause):
                found[axis] = -step(clause)
            elif up.search(clause):
                found[axis] = step(clause)
            if axis in found:
                break
    if _WEAKEST.search(clause):
        found["colour"] = -1.0
    return found


_NOUN_ALONE = re.compile(
    r"(?:set|put|make|turn|change|the|image|images|image's|fused|overall|to| )*(?P<noun>brightness|luminance|contrast|"
    r"colou?rs?|saturation)(?: (?:of the )?(?:fused )?image)?"
)
_AXES = {"b": "brightness", "l": "brightness", "cont": "contrast", "col": "colour", "s": "colour"}
_WHICH_WAY = "which way? Say '{noun} +{value}', '{noun} -{value}', or 'more' or 'less' of it"


def set_tone(clause: str, amount: Amount) -> tuple[dict[str, float], str] | None:
    """What "brightness +20 %" wishes for, and what to answer where it does not say which way; None for other clauses.

    Args:
        clause: as `read_tone` takes it, without the amount.
        amount: that the clause held.
    """
    found = _NOUN_ALONE.fullmatch(clause)
    if not found:
        return None
    noun = found["noun"]
    axis = next(axis for start, axis in _AXES.items() if noun.startswith(start))
    if amount.signed:
        return {axis: max(-1.0, min(1.0, amount.value))}, ""
    if amount.value == 0 and axis == "colour":
        return {axis: -1.0}, ""
    if amount.value == 0:
        return {}, f"what is said of {noun} is added up: 'undo' takes the last of it back, 'reset' all that is in force"
    if abs(amount.value) > 1:
        return {}, f"{noun} goes from -100 % to +100 %, added to what is in force"
    return {}, _WHICH_WAY.format(noun=noun, value=f"{100 * abs(amount.value):.0f} %")
