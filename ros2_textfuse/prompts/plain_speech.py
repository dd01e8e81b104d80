"""Ways of speaking put into plain words, before a text is cut into clauses.

Exclamations, comparisons, questions that expect a yes, double negations and complaints about the seeing say something
else than their words: "isn't it too dark?" denies nothing, and nobody looks for the cow in "dark as the inside of a cow".
"""

from __future__ import annotations

import re

_CAMERA = r"(?:the )?(?:thermal|visible)"
_ADJECTIVE = (
    r"(?:dark|black|dim|bright|white|foggy|hazy|misty|thick|dense|grey|gray|noisy|grainy|blurry|blurred|soft|smoky|"
    r"dusty|wet|flat|pale|yellow|green|blue|red)"
)
_UNSEEN = (
    r"(?:(?:a |any |one )?(?:\w+ )?(?:thing|bit)|anything|nothing|much|shit|squat|jack|(?:my|the) (?:own )?hands?)"
)
_TO_SEE = r"(?:see|make out|recogni[sz]e|spot|tell)"
_START = r"(?:^|(?<=[.,;!?] ))"
_LOSING = (
    r"(?:miss|los|overlook|ignor|hid|forget|skip|hit|run(?:ning)? over|crash(?:ing)? into|bump(?:ing)? into|leav\w+ out)"
    r"(?:e|ing|ting|ping|ding)?(?: (?:sight|track) of| out on| about)?"
)
_NEVER = (
    r"(?:(?:i|we|you) )?(?:(?:don't|do not|never|mustn't|must not|can't|can ?not|shouldn't|should not|won't|not)"
    r"(?: (?:want|like|wish|dare|let|afford|have|need|going|you|me|us|it|him|them|to))*|without|avoid|stop|quit|afraid of|"
    r"try not to|scared to)"
)
_TONE = r"(?P<tone>brightness|contrast|saturation|colou?rs?)"
_EFFECT = r"(?:highlight\w*|marking|marks?|markers?|emphasis|glow|outlines?|box(?:es)?|frames?)"

_RULES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), said)
    for pattern, said in (
        # exclamations and fillers
        (
            r"\b(?:ffs|wtf|omg|lol|lmao|ugh+|argh+|bro|mate|tbh|imo|imho|btw|asap|bloody|(?:god)?damn(?:ed|ned)?|f\w+king|"
            r"freaking|jesus|christ|literally|basically|honestly|obviously|(?<!what )(?<!\ba )(?:kind|sort) of|kinda|sorta)"
            r"\b[,!. ]*",
            "",
        ),
        (r"\b(?:af|as (?:hell|fuck|shit))\b", ""),
        (r"(?<=\w) n (?=\w)", " and "),
        (rf"{_START}oh (?:great|no|dear|well|my)[,! ]+", ""),
        (r"\b(is|are) back(?: again)?(?=$|[.,;!?])", r"\1 there"),
        (r"(?<!same)(?<!once) (?:yet )?again(?=$|[.,;!?])", ""),
        # comparisons
        (rf"\b(?:as )?({_ADJECTIVE}) as (?:a|an|the|in|coal|pitch|night|ink|tar|milk|snow|soup|mud)\b[^,.;!?]*", r"very \1"),
        (rf"\bso ({_ADJECTIVE}) (?:that )?(?:you|one) could\b[^,.;!?]*", r"very \1"),
        (r"\blike (?:hell|crazy|mad|there's no tomorrow)\b", "heavily"),
        # questions that expect a yes, or an act
        (rf"{_START}(?:isn't|aren't|wasn't) (it|this|that|there|they) ", lambda m: _statement(m)),  # type: ignore[arg-type]
        (rf"{_START}isn't ((?:the|this|my|our) (?:\w+ )?\w+) (?=(?:too|very|so|rather|a bit|quite) )", r"\1 is "),
        (rf"{_START}(?:don't|do not|wouldn't) you (?:think|find|agree|say|see)(?: that)? ", ""),
        (rf"{_START}(?:can't|couldn't|can not|shouldn't|why don't|why not|won't|wouldn't) (?:you|we) (?!see\b)", ""),
        (r",? (?:is|are|was|does|do|has|have|can|wo)n't (?:it|they|there|that|he|she|you|we) ?\?", "?"),
        (r", ?(?:right|eh|innit|huh) ?\?", "?"),
        (rf"{_START}(?:can|could|may|should) ((?:the|this|that|all) [\w ]+?) be (?:lower\w*|less|reduced|gone|removed|weaker|"
         r"suppressed)\b", r"reduce \1"),
        # not to lose is to look for
        (rf"\b{_NEVER} {_LOSING}\b(?! (?:and|or)\b)(?=(?: \w)|\?|$)", "watch"),
        # seeing nothing: what is in the way is what is wrong
        (
            rf"\b(?:i |we |you |one )?(?:can't|can ?not|couldn't|could not|cant|unable to|hardly|barely) (?:even |really )?"
            rf"{_TO_SEE} {_UNSEEN},? (?:through|for|past|because of|due to|with|thanks to) (?:all )?(?!{_CAMERA}\b)",
            "",
        ),
        (rf"\b(?:nothing (?:to be |can be |is )?(?:seen|visible)|sees? nothing) (?:through|past|because of|due to) "
         rf"(?!{_CAMERA}\b)", ""),
        (r"\b(?:i |we )?(?:hardly|barely) see (?:my|the) (?:own )?hands?\b", "hardly see"),
        (r"\b(?:all|the only thing)(?: that)? (?:i|we|you|one) (?:can |could )?sees? (?:is|are) (?:just )?", "everything is "),
        # wishes
        (rf"\b(?:max(?:imum|imal)?|maximi[sz]e|highest|full) (?:the )?{_TONE}\b", r"much more \g<tone>"),
        (rf"\b(?:min(?:imum|imal)?|minimi[sz]e|lowest) (?:the )?{_TONE}\b", r"much less \g<tone>"),
        (rf"\b{_TONE} (?:up )?(?:to|at) (?:the |its )?(?:max(?:imum)?|full|highest|top|limit)\b", r"much more \g<tone>"),
        (rf"\b{_TONE} (?:down )?(?:to|at) (?:the |its )?(?:min(?:imum)?|lowest|bottom)\b", r"much less \g<tone>"),
        (rf"\b({_CAMERA})(?: (?:image|camera))? instead of ({_CAMERA})\b", r"use \1, less \2"),
        (rf"\b(?:stop|quit|no|remove|drop|disable|end) (?:the |all |this |that )?((?!the\b|all\b|this\b|that\b)\w+) "
         r"(?:highlight\w*|marking|emphasis|glow)\b(?= *(?:$|[.,;!?]))", r"stop highlighting \1"),
        (rf"\b(?:take|remove|get|drop|clear) (?:the |that |those |all )?{_EFFECT} (?:off|from|of)(?: of)? ",
         "stop highlighting "),
        (r"\bboth (?=too|very|so|rather|quite|are|look)", "both images "),
        (r"(too \w+) (?=too \w+)", r"\1, "),
        # what was
        (r"\b(?:it |there )?used to be\b", "no longer"),
    )
)  # fmt: skip
_VERBS = {"it": "is", "this": "is", "that": "is", "there": "are", "they": "are"}


def _statement(found: re.Match[str]) -> str:
    return f"{found[1]} {_VERBS[found[1]]} "


def plainly(text: str) -> str:
    """`text` in plain words.

    Args:
        text: lower case, contractions with their apostrophe, the cameras called thermal and visible.
    """
    for pattern, said in _RULES:
        text = pattern.sub(said, text)
    return " ".join(text.split())
