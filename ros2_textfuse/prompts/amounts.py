"""Numbers that say how much: "haze 80 %", "balance -0.3", "30 % darker", "to half", "7 out of 10".

A number counts where its form says so: a percentage, a fraction, a decimal below one, or whatever follows "severity"
or "=". "Two people 30 m ahead" holds none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_TEN_NAMES = ("ten", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety", "hundred")
_TENS = {name: 10 * number for number, name in enumerate(_TEN_NAMES, 1)}
_PARTS = {"half": 0.5, "a third": 1 / 3, "one third": 1 / 3, "two thirds": 2 / 3, "a quarter": 0.25,
          "one quarter": 0.25, "three quarters": 0.75, "zero": 0.0, "nothing": 0.0}  # fmt: skip
_MOST = r"(?:full|max(?:imum)?|the (?:max(?:imum)?|full))"
_SPELT = re.compile(rf"\b({'|'.join(_TENS)})(?:[- ](five))?(?= ?(?:%|percent\b|per cent\b))", re.IGNORECASE)
_STRENGTH = r"(?:severity|strength|level|intensity|power|amount|value|weight|factor|degree)"
_UNIT = (
    r"(?!\.?\d)(?! ?(?:k?m|cm|mm|met(?:er|re)s?|feet|foot|ft|yards?|miles?|mph|km/?h|seconds?|secs?|s|minutes?|mins?|h|"
    r"hours?|hz|fps|px|pixels?|degrees?|deg|°|o'?clock|am|pm|x|k|people|persons?|cars?|times)\b)"
)
_OF_THE_SCENE = r"(?! (?:of the (?:image|frame|scene|time|day|picture|view|pixels)|chance|humidity|sure|certain)\b)"
_DECIMAL = r"(?:\d{1,3}(?:\.\d+)?|\.\d+)"
_SHARE = (  # of a hundred, of one, of ten, or in words
    rf"(?P<percent>{_DECIMAL}) ?(?:%|percent|per ?cent|pct)(?!\w){_OF_THE_SCENE}|"
    r"(?P<of>\d{1,3}) ?(?:/|out of|of) ?(?P<ten>5|10|100)\b(?! (?:people|cars|images|frames|pixels))"
)
_FRACTION = rf"(?P<part>{'|'.join(_PARTS)})\b(?! (?:of|the)\b(?! (?:the )?(?:full|max)))"
_SIGNED = r"(?:(?P<sign>plus|＋|minus|-) ?)?"
# What comes before and belongs to the number, and which numbers may follow it.
_FORMS = tuple(
    re.compile(rf"(?:^|(?<=[ :=]))(?:{before}){_SIGNED}(?:{number})")
    for before, number in (
        (
            rf"(?:(?:with|at|to|of) )?(?:a )?{_STRENGTH} ?(?:of|to|at|is|by|=|:)? ?|(?:= ?|: ?)",
            rf"{_SHARE}|(?P<number>{_DECIMAL}){_UNIT}|{_FRACTION}|(?P<most>{_MOST}\b)",
        ),
        (r"(?P<joint>at|to|by|around|about|of) (?:about |around )?", rf"{_SHARE}|{_FRACTION}|"
         rf"(?P<number>(?:0|1)?\.\d+|0|1(?:\.0+)?){_UNIT}(?=$| )|(?P<most>{_MOST})(?=$| {_STRENGTH})"),
        (r"", rf"{_SHARE}|(?P<number>(?:0|1)?\.\d+){_UNIT}|(?P<whole>[01]){_UNIT}(?=$)|"
         r"(?P<part>half|a third|a quarter)(?= (?:less|more|weaker|stronger|darker|brighter|strength|power|intensity|"
         r"de\w+ing)\b)|(?P<most>full|max(?:imum)?)(?= (?:strength|power|intensity|de\w+ing|repair\w*|removal)\b)"),
    )
)  # fmt: skip
_AFTER = re.compile(rf"^ ?(?:of (?:the )?(?:full|max(?:imum)?) )?(?:in )?{_STRENGTH}\b")
_NO_NAME = re.compile(
    r"(?:(?:say|like|roughly|maybe|or so|"
    r"both|all|each|everything|them|these|those|it|that|set|of|each of|the|rest)(?: |$))*"
)
_TWO = re.compile(rf"(?<![\w.])(?:{_DECIMAL} ?(?:%|percent\b)|0?\.\d+)")


@dataclass(frozen=True)
class Amount:
    """How much a clause asks for.

    Args:
        value: 1 for all of it, negative where a minus stands before it; may lie outside -1..1.
        rest: the clause without it.
        signed: whether a plus or minus stands before it.
        reached: whether it is where to go ("to 30 %") and not how far ("by 30 %").
    """

    value: float
    rest: str
    signed: bool = False
    reached: bool = False

    @property
    def alone(self) -> bool:
        """Whether the clause says nothing else: it is for what other clauses name."""
        return _NO_NAME.fullmatch(self.rest) is not None


def plain_numbers(text: str) -> str:
    """`text` with one way of writing numbers, so that what cuts and strips it leaves them whole."""
    text = re.sub(r" ?= ?", " = ", text.replace("％", "%").replace("−", "-"))
    text = _SPELT.sub(lambda found: f"{_TENS[found[1].lower()] + 5 * bool(found[2])}", text)
    text = re.sub(r"(?<=\d),(?=\d)", ".", text)
    text = re.sub(r"(?:(?<=\s)|^)\+ ?(?=[\d.])", "＋", text)  # a plus would join two clauses
    text = re.sub(r"(?:(?<=[\s=:])|^)- ?(?=\.?\d)", "minus ", text)
    return text


def apart(clause: str) -> list[str]:
    """A clause of several amounts ("haze 0.7 rain 0.3") cut so that each part has one."""
    found = list(_TWO.finditer(clause))
    if len(found) < 2:
        return [clause]
    leading = found[0].start() == 0
    cuts = [match.start() for match in found] if leading else [0, *(match.end() for match in found)]
    parts = [clause[start:end].strip() for start, end in zip(cuts, [*cuts[1:], len(clause)], strict=True)]
    return [part for part in parts if part]


def read_amount(clause: str) -> Amount | None:
    """The first number of `clause`, lower case and by `plain_numbers`, that says how much; None where none does."""
    for form in _FORMS:
        if found := form.search(clause):
            break
    else:
        return None
    named = found.groupdict()
    if named.get("percent"):
        value = float(named["percent"]) / 100
    elif named.get("of"):
        value = float(named["of"]) / float(named["ten"])
    elif named.get("part"):
        value = _PARTS[named["part"]]
    elif named.get("most"):
        value = 1.0
    else:
        value = float(named.get("number") or named["whole"])
    after = _AFTER.sub("", clause[found.end() :])
    rest = " ".join(f"{clause[: found.start()]} {after}".split()).strip(" :=-")
    sign = named.get("sign")
    reached = named.get("joint") not in (None, "by")
    return Amount(-value if sign in ("minus", "-") else value, rest, bool(sign), reached)
