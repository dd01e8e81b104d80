"""What the rules make of one clause, and what they leave of it to the head."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field, replace

from ros2_textfuse.prompts.amounts import Amount, read_amount
from ros2_textfuse.prompts.balance import Balance, read_balance
from ros2_textfuse.prompts.clauses import Clause
from ros2_textfuse.prompts.commands import Command, keeps
from ros2_textfuse.prompts.conditions import Condition, read_conditions
from ros2_textfuse.prompts.object_names import COCO, split_objects, takes_out
from ros2_textfuse.prompts.prompt import AUTO
from ros2_textfuse.prompts.tone import read_tone, set_tone

_AUTO = re.compile(
    r"\bmanual(?:ly)?\b|\bby hand\b|\bmyself\b|"
    r"\bauto(?:matic(?:ally)?|pilot)?\b|\bby (?:yourself|itself)\b|\bon (?:your|its) own\b|"
    r"\byourself\b|\byou (?:decide|choose|pick)\b|\b(?:decide|choose|pick) for me\b|\badapt\b|\bself.?adjust\w*|"
    r"\bfigure (?:it|this|that) out\b|"
    r"\bup to you\b|\byour (?:call|choice)\b|\bwhatever (?:\w+ ){0,3}needs?\b|\bas (?:needed|you see fit)\b"
)
_IN_THE_DARK = re.compile(r"\b(?:dark|night|shadows?|unlit|low.?light|black)\b(?!er)")
# What is asked for objects is their being brought out.
_OF_OBJECTS = re.compile(
    r"\b(?:more|raise|increase|heighten|enhance|boost|improve|strengthen)\b.*\b(?:contrast|visibility|saliency|"
    r"brightness) (?:of|for|on) |\b(?:make|should be|must be)\b.* (?:more visible|stand out|pop|brighter)\b"
)
_BRINGING_OUT = re.compile(
    r"\b(?:(?:stop|quit|cease|start|keep|no) )?(?:highlight(?:ing|ed)?|bring(?:ing)? out|emphasi[sz](?:e|ed|ing))\b"
)
_NO_OBJECTS = re.compile(
    r"(?:(?:stop|quit|cease|end|disable|no(?: more)?|without|turn off|switch off|remove|clear|drop|don't|do not)"
    r"(?: (?:any|all|the|of|object|your))* (?:highlight\w*|bring(?:ing)? (?:\w+ )?out|emphasi[sz]\w+|"
    r"mark(?:ing|ings|ers?)|objects)|un-?(?:mark|highlight)|highlight\w* off)"
    r"(?: (?:of|any|all|every|the|it|them|things?|objects?|anything|everything|now|at all))*"
)
_LOOKED_FOR = re.compile(r"\b(?:see|show|find|highlight|bring out|look|spot|watch|where)\b")
_OFF = re.compile(r"\b(?:off|stop|disable|end|leave|manual(?:ly)?|by hand|myself)\b")
_UNTOUCHED = re.compile(
    r"^keep (?:(?:the|its|that|this) )?(?:\w+ ){0,2}(?:look|brightness|contrast|colou?rs?|tone|exposure|darkness|"
    r"settings?)$|^(?:ignore|forget|leave|skip|disregard|never mind|drop)(?: about)?(?: all)? (?:the (?:rest|others?|"
    r"other (?:stuff|things))|everything else|anything else|all else)$|"
    r"^(?:leave|keep|hold) (?:\w+ ){1,4}(?:alone|untouched|unchanged|as (?:it|they) (?:is|are))$|"
    r"^(?:do not|don't|never) (?:touch|change|alter|modify) (?:\w+ ?){1,4}$"
)
# Somebody speaks of what is brought out, and is not pleased with it.
_UNEASY = re.compile(
    r"\b(?:was|is|are|were) (?:a |an |just )?(?:mistake|wrong|error|nonsense|unnecessary|pointless|overdone|annoying|"
    r"distracting|irritating)\b|\blong enough\b|\b(?:annoys?|distracts?|irritates?|bothers?) (?:me|us)\b|"
    r"\btoo (?:prominent|intense|obvious|conspicuous|highlighted|emphasi[sz]ed)\b|\bstop it\b|"
    r"\bmake\b.* (?:less (?:bright|visible|obvious|prominent|strong|clear|striking)|darker|dimmer|fainter|weaker)\b"
)
_WHAT_OF_IT = "say 'bring out people', or 'no people' to bring them out no longer"
_NOT_HIDDEN = "nothing is taken out of an image: what is there stays to be seen"
_SAY_IT_THEN = "a prompt is about what is so now: say it once it is so, or 'auto', which looks at the images"
_NOT_SO = re.compile(r"\bnot (?:quite )?(?:so|that|as)\b")


@dataclass
class Reading:
    """What was made of a clause.

    Args:
        clause: as it was cut out.
        rest: what is left for the head; empty where nothing is.
        affirmed: the rest without its negation, where it has one.
        amount: how much it asks for in numbers.
        balance: of the cameras.
        tone: axis -> -1..1.
        auto: whether it leaves the modes to the images.
        command: what it does to the prompt in force.
        conditions: that it names, or denies.
        wanted: COCO class names to bring out.
        unwanted: COCO class names not to bring out.
        settled: whether something was made of it, be it a denial.
        advice: what to say instead, where nothing was, or less than a person may believe.
    """

    clause: Clause
    rest: str
    affirmed: str = ""
    amount: Amount | None = None
    balance: Balance | None = None
    tone: dict[str, float] = field(default_factory=dict)
    auto: bool = False
    command: Command | None = None
    conditions: tuple[Condition, ...] = ()
    wanted: tuple[str, ...] = ()
    unwanted: tuple[str, ...] = ()
    settled: bool = False
    advice: str = ""


def read_clause(clause: Clause) -> Reading:
    """What the rules make of `clause`."""
    if clause.supposed:
        return Reading(clause, "", advice=_SAY_IT_THEN)
    balance = read_balance(clause.meaning)
    amount = None if balance and balance.absolute else read_amount(clause.meaning)
    if amount:
        affirmed = read_amount(clause.affirmed)
        clause = replace(
            clause, meaning="" if amount.alone else amount.rest, affirmed=affirmed.rest if affirmed else clause.affirmed
        )
        balance = read_balance(clause.meaning)
    reading = Reading(clause, clause.meaning, clause.affirmed if clause.negated else "", amount)
    reading.wanted, reading.unwanted = split_objects(clause.text, clause.negated)
    if reading.wanted and _UNEASY.search(clause.text):
        reading.wanted, reading.rest, reading.affirmed, reading.advice = (), "", "", _WHAT_OF_IT
        return reading
    reading.settled = bool(reading.unwanted)
    if reading.unwanted and takes_out(clause.text):
        reading.rest, reading.affirmed, reading.advice = "", "", _NOT_HIDDEN
        return reading
    if reading.wanted or reading.unwanted:  # "highlight" is no word about highlights
        reading.rest, reading.affirmed = (
            " ".join(_BRINGING_OUT.sub(" ", text).split()) for text in (reading.rest, reading.affirmed)
        )
    if _AUTO.search(clause.text):
        off = clause.negated or _OFF.search(clause.text) is not None
        reading.auto, reading.unwanted = not off, (*reading.unwanted, *([AUTO] if off else []))
        reading.settled, reading.rest, reading.affirmed = True, "", ""
        return reading
    if _NO_OBJECTS.fullmatch(clause.text):
        reading.unwanted = COCO
    if reading.unwanted == COCO or _UNTOUCHED.search(clause.text):
        reading.wanted, reading.unwanted = (), (*reading.unwanted, *reading.wanted)
        reading.settled, reading.rest, reading.affirmed = True, "", ""
        return reading
    if keeps(clause.text):
        reading.settled = True
    if balance:
        if amount and not balance.absolute:
            balance = replace(balance, value=math.copysign(min(1.0, abs(amount.value)), balance.value))
        reading.balance, reading.settled, reading.rest, reading.affirmed = balance, True, balance.rest, ""
    elif reading.wanted and _OF_OBJECTS.search(clause.meaning):
        reading.rest = reading.affirmed = ""
    elif amount and (tone_set := set_tone(clause.meaning, amount)):
        reading.tone, reading.advice = tone_set
        reading.settled, reading.rest, reading.affirmed = not reading.advice, "", ""
    elif tone := read_tone(clause.meaning):
        reading.settled = True
        if amount:
            tone = {axis: math.copysign(min(1.0, abs(amount.value)), value) for axis, value in tone.items()}
        if not clause.negated or _NOT_SO.search(clause.text):
            reading.tone = tone
        if clause.negated or not _IN_THE_DARK.search(clause.text):
            reading.rest = reading.affirmed = ""
    reading.conditions = read_conditions(reading.affirmed or reading.rest)
    if any(one.note and one.away == "named" for one in reading.conditions) and not _LOOKED_FOR.search(clause.text):
        reading.wanted = ()  # who put the sticker on the lens is not looked for
    return reading
