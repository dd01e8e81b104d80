"""Which camera a clause wants to count more."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ros2_textfuse.prompts.degrees import step

_DEFECTS = (  # "less thermal noise" is about the noise
    r"(?:contrast|nois|grain|strip|line|band|blur|detail|drift|pattern|speckl|target|pedestrian|people|person|haze|"
    r"cast|brightness|colou?r)"
)
_THING = (
    r"(?: (?:images?|cameras?|cams?|one|frames?|streams?|videos?|feeds?|sensors?|channels?|view|side|data|band|"
    r"signal|part|source|input))"
)
_CAMERA = (
    rf"(?:(?:the|a|my|our|your|this|that|its|any|pure|your) )?(?P<camera>thermal|"
    rf"visible)\b{_THING}?(?!'s)(?! {_DEFECTS})(?! \w+ {_DEFECTS})"
)
_OTHER = _CAMERA.replace("camera>", "other>")
_ADVERB = (
    r"(?: (?:what|much|a lot|a little|a bit|slightly|far|even|just|mainly|mostly|rather|only|please|more|now|instead))*"
)
_MORE = (
    r"(?:(?:fade|cut|cross|jump|flip|slide) (?:over )?(?:in)?to|"
    r"(?:rely|depend|lean|count) more on|"
    r"as much(?: of)?(?= (?:the )?(?:thermal|visible)\b.* as (?:you|possible|it))|more(?: of| from| on|"
    r" weight (?:to|on))?|us(?:e|ing)|take|trust|prefer|rely(?:ing)? on|favou?r|"
    r"believe(?: in)?|listen to|follow|lean (?:more )?(?:on|to|towards?)|mostly|mainly|primarily|rather|emphasi[sz]e|"
    r"stress|prioriti[sz]e|go(?:ing)?(?: (?:to|with|for|by|over to))?|stick (?:to|with)|shift (?:\w+ )?(?:to|"
    r"towards?)|towards?|need|want|i'd like|see|look at|show(?: me)?|give(?: me)?|bring in|mix in|add|boost|"
    r"strengthen|weigh|weight(?: on)?|dominated by|depend on|count on|focus on|concentrate on|"
    r"put (?:\w+ ){0,3}(?:weight|emphasis|focus|stress|trust|priority|accent|importance) on|choose|pick|"
    r"move to|change to|display|watch|(?:bring|get|want|give me) back|back to|return to|bet on|(?:crank|turn|"
    r"dial|ramp|push|bring)(?: up)?)"
)
_LESS = (
    r"(?:less(?: of| from)?|(?:rely|depend|lean|count) less on|"
    r"less (?:reliance|weight|trust|emphasis|focus) (?:on|to)|"
    r"too much(?: of)?|reduce|lower|weaken|tone down|distrust|mistrust|ignore|"
    r"forget(?: about)?|drop|disregard|without|no|(?:dial|turn|scale|cut|push) (?:back|down)|bring down|"
    r"stop(?: showing(?: me)?)?|avoid|leave out|skip|hide|not so much(?: of)?|fewer|cut|disable|turn off|switch off|"
    r"stop using|mute|suppress|remove|discard|kill|lose|ditch|dump|get rid of|away from|(?:don't|do not) like|dislike|"
    r"hate|(?:had |have )?(?:enough|(?:sick|tired|fed up))(?: of| with)?|no (?:use|need) for|no need of)"
)
_BROKEN = (
    r"(?: (?:is|are|has|was|seems|looks|went|just|completely|totally|gone))* (?:dead|broken|failed|failing|fails|"
    r"useless|misleading|deceptive|not (?:ok|okay|good|fine|great|usable|reliable|trustworthy)|out|down|"
    r"unusable|gone(?! \w)|"
    r"covered|sees? nothing|not working|unreliable|bad|worse|worthless|no use|"
    r"no good|no help|no longer works|lost|offline|blocked|blind|unplugged|froze|died|crashed|"
    r"(?:does not|doesn't) help|defective|faulty|(?:can ?not|can't) be trusted|(?:does not|doesn't) work|stopped|"
    r"frozen|drops? out|rubbish|crap)\b(?! of focus| contrast| details?| sharpness)"
)
_GOOD = (
    r"(?: (?:is|are|seems|looks))* (?:far |much |way |a lot |a bit )?(?:more (?:reliable|useful|trustworthy|"
    r"important)|better|"
    r"best|preferable|superior|clearer)\b"
)
_HEAT = re.compile(
    r"\b(?:hot ?spots?|(?:hot|warm|heated|glowing) (?:things?|spots?|objects?|areas?|parts?|bodies|bod(?:y|ies)|"
    r"targets?|surfaces?|bearings?|engines?|pipes?|regions?|stuff|places?)|heat (?:only|sources?|signatures?|traces?|"
    r"spots?|leaks?|up|picture|emitters?)|(?:what(?: is|'s)|where .*|whatever is|everything|anything|"
    r"something) (?:warm|hot|heated)\b|(?:see|show|show me|more|only|want|bring (?:in|up)|emphasi[sz]e) (?:a |the |"
    r"me |some |in )*(?:little |bit |more |only )*(?:heat|warmth|temperatures?)\b|"
    r"\b(?:by|via|use|using|trust|follow|rely on) (?:the |their |body |its )*(?:heat|warmth|temperatures?)\b(?! haze))"
)
# "the hot engine drowns everything"
_HEAT_HARMS = re.compile(
    r"\b(?:hot|warm|heated|glowing|heat)\b.* (?:drowns?|overwhelms?|overpowers?|swamps?|hides?|masks?|"
    r"dominates?|outshines?|"
    r"saturates?|blooms?|buries|covers?)\b"
)
_DENIED_HEAT = re.compile(
    r"\b(?:(?P<none>no|without|neither)|not|ignore|hide|forget(?: about)?|avoid|skip|less|leave out|too much)\b|n't\b"
)
_EQUAL = re.compile(
    r"\b(?:equal(?:ly)?|even(?:ly)?(?: mix| weight\w*| balance\w*)|fifty.?fifty|50.?50|same weight|balanced|"
    r"neutral balance|evenly(?! (?:lit|exposed|bright|warm))|half and half|even mix|"
    r"no preference|balance (?:\w+ ){0,3}(?:middle|cent(?:re|er)|neutral|even|zero)|"
    r"^(?:cent(?:re|er)|neutrali[sz]e|reset|even out) (?:the )?balance|^balance (?:both|the) cameras$)\b"
)
_SHARE = r"(?:(?P<percent>\d{1,3}(?:\.\d+)?) ?(?:%|percent|per cent)|(?P<part>[01]?\.\d+))"
_SHARES = (
    re.compile(rf"(?<![\d.]){_SHARE}(?: of)? {_CAMERA}"),
    re.compile(rf"{_CAMERA}(?: weight| share)? ?(?:(?:up |down )?to |at |is |= |: ?)?{_SHARE}(?![\d.])"),
)
# "30 % more thermal": a number that says by how much, and not what share.
_RELATIVE = re.compile(r"\b(?:more|less|increase\w*|raise|boost|reduce|lower|up|down|by|minus)\b|＋")
_REACHED = re.compile(r"\bto (?:about |around |only )?[\d.]+ ?(?:%|percent\b)")  # "down to 15 %"
_RATIO = re.compile(r"(?<![\d.])(\d{1,3}) ?(?:/|:|to) ?(\d{1,3})(?![\d.])")
_NUMBER = re.compile(
    r"\bbalance\b[^\d]*?(?P<minus>minus )?(?P<number>\d{0,3}\.?\d+)(?: ?(?P<percent>%|percent))?"
    r"(?: (?:to|towards?|on|for) (?:the )?(?P<camera>thermal|visible))?"
)
# "cars should be more visible", "the contrast of the thermal image up": no camera is meant to count more.
_NO_WISH = re.compile(
    rf"\b{_DEFECTS}\w* (?:of|in|on|from) (?:the )?(?:thermal|visible)\b|"
    r"\b(?:de\w+ing|noise reduction|filter\w*|repairs?|correction) (?:of|in|on|for|from) (?:the )?(?:thermal|"
    r"visible)\b|"
    r"\b(?:be|become|becomes|get|gets|is|are|make|makes|making)\b.*\b(?:more|less|better|barely|hardly|clearly|"
    r"not) visible$|\b(?:\w+s|people|them|it) (?:\w+ )?(?:more|less|better) visible$"
)
_SIGN = {"thermal": 1.0, "visible": -1.0}
_NOT = r"(?:not|n't|never|don't|do not|can't|cannot)(?: \w+){0,2}?"

# pattern, sign of the camera it names, fixed size (None: by its adverbs). The first that matches counts.
_RULES: tuple[tuple[re.Pattern[str], float, float | None], ...] = tuple(
    (re.compile(pattern), sign, size)
    for pattern, sign, size in (
        (  # a lack is complained of, not asked for
            rf"(?:\bwhy\b.* no|\b(?:can't|can ?not|couldn't) see(?: any| much| enough)?(?: of)?|\btoo little|"
            rf"\b(?:hardly|barely) "
            rf"any) {_CAMERA}",
            1,
            None,
        ),
        (rf"{_CAMERA} is missing\b", 1, None),
        (rf"\btoo {_CAMERA}(?: for (?:me|us))?$", -1, None),
        (rf"{_CAMERA}(?: is| are)? (?:rather than|instead of|over|before|not|beats?|outperforms?) {_OTHER}", 1, None),
        (rf"\b(?:from|swap|exchange|trade|replace) {_OTHER} (?:over )?(?:for|by|to) {_CAMERA}", 1, None),
        (
            rf"{_CAMERA} (?:\w+ )?(?:dominates? |is |has )?too (?:much|dominant|strong|present|prominent|loud)\b",
            -1,
            None,
        ),
        (
            rf"\b(?:prefer|better|best|nicer|clearer) (?:(?!{_DEFECTS})\w+ ){{0,4}}(?:in|on|with|through) {_CAMERA}",
            1,
            None,
        ),
        (rf"\b(?:dial|turn|bring|scale|cut|push|pull|take|hold|tone) {_CAMERA} (?:\w+ )?(?:back|down)\b", -1, None),
        (rf"(?<!let ){_CAMERA} (?:is )?dominat(?:es|ing)\b", -1, None),
        (rf"{_CAMERA} (?!(?:is|are|was|looks?|has)\b)(?:\w+ ){{1,3}}too much$", -1, None),
        (rf"{_CAMERA} (?:\w+ ){{1,2}}too little$", 1, None),
        (
            rf"{_CAMERA} (?:adds?|brings?|gives?|contributes?|helps?|offers?) (?:me |us )?(?:nothing|little|"
            rf"no (?:use|help|value))\b"
            r"(?! but\b)",
            -1,
            None,
        ),
        (rf"{_CAMERA} (?:is )?(?:over-?rated|annoy\w*|distract\w*|in the way|gets in the way)\b", -1, None),
        (rf"{_CAMERA} a (?:rest|break|miss|pause)\b", -1, None),
        (rf"{_CAMERA} (?:overwhelms?|overpowers?|drowns?|swamps?|masks?|buries|outshines?|hides?)\b", -1, None),
        (rf"{_CAMERA} (?:comes )?(?:second|last)$", -1, None),
        (rf"{_CAMERA}{_GOOD}(?: than {_OTHER})?", 1, None),
        (rf"(?<!not )(?<!n't )(?<!no )(?:less|worse|no longer|not) (?:{_OTHER})? ?than {_CAMERA}", 1, None),
        (rf"\b{_NOT} {_LESS}{_ADVERB} {_CAMERA}", 1, None),
        (rf"\b{_NOT} {_MORE}{_ADVERB} {_CAMERA} (?:only|alone)\b", 0, None),
        (rf"\b{_NOT} {_MORE}{_ADVERB} {_CAMERA}", -1, None),
        (
            rf"{_CAMERA} (?:should|must|may|need|do(?:es)?|is)(?: not|n't)(?: (?:to|allowed|be|"
            rf"so))* (?:dominat\w+|lead|win|"
            r"prevail|count(?: so| that)? much|be everything)\b",
            -1,
            None,
        ),
        (rf"^(?:but )?not (?:only )?{_CAMERA}$", -1, None),
        (rf"\b{_LESS}{_ADVERB} {_CAMERA}", -1, None),
        (rf"{_CAMERA} (?:weight |share )?(?:a (?:bit|little) )?(?:less|down|weaker|lower)\b", -1, None),
        (rf"{_CAMERA}{_BROKEN}", -1, 0.75),
        (
            rf"\b(?:only|just|nothing but|full|max(?:imum)?|pure|all|exclusively|switch (?:over )?to|solely){_ADVERB}"
            rf"(?: use| show| trust| take| see)?(?: me)?(?: the)? {_CAMERA}",
            1,
            1.0,
        ),
        (rf"{_CAMERA}(?: please)? (?:only|alone|exclusively|solely|and nothing else)\b", 1, 1.0),
        (rf"\b{_MORE}{_ADVERB} {_CAMERA}(?: (?:only|alone)\b)?", 1, None),
        (
            rf"{_CAMERA} (?:\w+ )?(?:more|dominate\w*|first|up|stronger|lead|leads|preferred|wins?|prevail\w*|higher|"
            rf"counts?|matters?)\b(?! {_DEFECTS})",
            1,
            None,
        ),
    )
)


@dataclass(frozen=True)
class Balance:
    """What a clause says about the cameras.

    Args:
        value: -1 (visible) .. 1 (thermal).
        absolute: whether it says how much ("thermal only", "70 %") and not only in which direction.
        rest: the clause without the words that said it.
    """

    value: float
    absolute: bool
    rest: str


def read_balance(clause: str) -> Balance | None:
    """Which camera a clause wants to count more; None where it says nothing of that.

    Args:
        clause: lower case, the cameras called thermal and visible, as `clauses` gives it.
    """
    about_it = not _NO_WISH.search(clause) and (_REACHED.search(clause) or not _RELATIVE.search(clause))
    if about_it and (found := _SHARES[0].search(clause) or _SHARES[1].search(clause)):
        share = min(1.0, float(found["part"]) if found["part"] else float(found["percent"]) / 100)
        return Balance(_SIGN[found["camera"]] * (2 * share - 1), True, _without(clause, found))
    if found := _NUMBER.search(clause):
        value = float(found["number"]) / (100 if found["percent"] else 1)
        named = re.search(r"\b(?:thermal|visible)\b", clause[: found.start("number")])
        camera = found["camera"] or (named[0] if named else "thermal")
        value *= _SIGN[camera] * (-1 if found["minus"] else 1)
        return Balance(value, True, "") if abs(value) <= 1 else None
    if (found := _RATIO.search(clause)) and int(found[1]) + int(found[2]) == 100:
        first = re.search(r"\b(?:thermal|visible)\b", clause)
        if first:
            return Balance(_SIGN[first[0]] * (int(found[1]) - int(found[2])) / 100, True, "")
    if found := _EQUAL.search(clause):
        return Balance(0.0, True, "")
    for pattern, sign, size in () if _NO_WISH.search(clause) else _RULES:
        if found := pattern.search(clause):
            value = sign * _SIGN[found["camera"]]
            only = size or (1.0 if re.search(r"\b(?:only|alone)\b", found[0]) else None)
            if sign < 0 and re.search(
                r"\b(?:without|no|ignore|forget|disable|turn off|switch off|stop using|not use|hide|kill|lose|"
                r"get rid of)\b",
                found[0],
            ):
                only = 1.0
            return Balance(value * (only or step(clause)), only == 1.0, _without(clause, found))
    if found := _HEAT_HARMS.search(clause):
        return Balance(-step(clause), False, "")
    if found := _HEAT.search(clause):
        denied = _DENIED_HEAT.search(clause[: found.end()])
        if denied:  # "no hot spots" tells, "ignore hot spots" asks
            return Balance(0.0 if denied["none"] else -step(clause), False, "")
        return Balance(step(clause), False, _without(clause, found))
    return None


_FILLER = re.compile(
    r"\b(?:the|a|an|in|to|of|for|now|and|i|i'd|we|you|me|us|it|is|be|should|would|will|let|lets|let's|give|use|show|"
    r"right|at|moment|today|please|out|when|doubt|rather|like|want|see|look|on|by|my|our|your|more|less|image|camera|"
    r"here|there|where|are|this|with|one|other|go|take|stand|conveyor|all|that|do|just|picture|fused|fusion|mix|"
    r"weight|much|a bit|little|bit|lot|while|until|again|from|than|as|so|must|emphasi[sz]e|reliable|details?|"
    r"matter)\b|[^a-z0-9]"
)


def _without(clause: str, found: re.Match[str]) -> str:
    """The rest of a clause; empty where nothing but filler is left."""
    rest = f"{clause[: found.start()]} {clause[found.end() :]}"
    return " ".join(rest.split()) if _FILLER.sub("", rest) else ""
