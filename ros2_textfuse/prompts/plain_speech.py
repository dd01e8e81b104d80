"""Ways of speaking put into plain words, before a text is cut into clauses.

Exclamations, comparisons, questions that expect a yes, double negations and complaints about the seeing say something
else than their words: "isn't it too dark?" denies nothing, and "dark as the inside of a cow" looks for no cow.
"""

from __future__ import annotations

import re
from collections.abc import Callable

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
    r"(?:miss|los|overlook|ignor|hid|forget|skip|hit|run(?:ning)? over|crash(?:ing)? into|bump(?:ing)? into|"
    r"leav\w+ out)"
    r"(?:e|ing|ting|ping|ding)?(?: (?:sight|track) of| out on| about)?"
)
_NEVER = (
    r"(?:(?:i|we|you) )?(?:(?:don't|do not|never|mustn't|must not|can't|can ?not|shouldn't|should not|won't|not)"
    r"(?: (?:want|like|wish|dare|let|afford|have|need|going|you|me|us|it|him|them|to))*|without|avoid|stop|"
    r"quit|afraid of|"
    r"try not to|scared to)"
)
_SHORT = {
    "gimme": "give me",
    "lemme": "let me",
    "wanna": "want to",
    "gotta": "have to",
    "ain't": "is not",
    "u": "you",
    "ur": "your",
    "thru": "through",
    "cuz": "because",
    "cos": "because",
    "coz": "because",
    "tho": "though",
    "plz": "please",
    "w/o": "without",
}
_TONE = r"(?P<tone>brightness|contrast|saturation|colou?rs?)"
_EFFECT = r"(?:highlight\w*|marking|marks?|markers?|emphasis|glow|outlines?|box(?:es)?|frames?)"

_VERBS = {"it": "is", "this": "is", "that": "is", "there": "are", "they": "are"}


def _statement(found: re.Match[str]) -> str:
    return f"{found[1]} {_VERBS[found[1]]} "


def _positive(found: re.Match[str]) -> str:
    """Of "couldn't be foggier"."""
    return f"is very {found[1]}{'y' * bool(found[2])}"


def _every(found: re.Match[str]) -> str:
    """Of "no child must be missed"."""
    return f"watch {f'every {found[1]}' if found[1] else 'everybody'}"


_Said = str | Callable[[re.Match[str]], str]
_SAID_AS: tuple[tuple[str, _Said], ...] = (
    # exclamations and fillers
    (
        r"\b(?:ffs|wtf|omg|lol|lmao|ugh+|argh+|bro|mate|tbh|imo|imho|btw|asap|bloody|(?:god)?damn(?:ed|ned)?|f\w+king|"
        r"freaking|jesus|christ|literally|basically|honestly|obviously|(?<!what )(?<!\ba )(?:kind|sort) of|"
        r"kinda|sorta)\b ?",
        "",
    ),
    (r"\b(?:af|as (?:hell|fuck|shit))\b", ""),
    (r"(?<=\w) n (?=\w)", " and "),
    (rf"{_START}oh (?:great|no|dear|well|my)[,! ]+", ""),
    (r"\b(is|are) back(?: again)?(?=$|[.,;!?])", r"\1 there"),
    (r"(?<!same)(?<!once) (?:yet )?again(?=$|[.,;!?])", ""),
    (
        r"\b(?:maybe|perhaps|probably|apparently|i (?:think|guess|believe|feel|find|suppose)(?: that)?|"
        r"(?:it )?seems to me(?: "
        r"that)?)\b",
        "",
    ),
    # as it is spoken
    *((rf"\b{short}\b", long) for short, long in _SHORT.items()),
    # what somebody puts up with is not to be touched
    (
        r"\b(?:(?:i|we|i'm|we're|i am|we are|it's|there(?:'s| is| are)) )?(?:couldn't care less|"
        r"could care less|(?:don't|do not) "
        r"(?:really )?(?:care|mind|bother)|not (?:really )?(?:interested|bothered|worried|concerned)|"
        r"no (?:real )?(?:interest|"
        r"issues?|problems?|trouble|complaints?|worries)|can live|could live|(?:fine|ok|okay|happy) (?=with|about))"
        rf"(?: (?:about|with|in|by|for|of))? (?=\w)(?!if\b|{_CAMERA}\b)",
        "ignore ",
    ),
    (
        rf"{_START}(?!(?:turn|switch|take|back|cut|shut|lay|ease|it|all|that|this|highlight\w*|colou?rs? are|"
        rf"goes|is|are|colou?rs?|balance|focus|exposure|tint|white|contrast|brightness) )"
        r"((?!thermal|visible)[a-z]+(?: (?!is|are|it)[a-z]+)?) off(?= *(?:$|[.,;!?]))",
        r"no \1",
    ),
    # what is stressed
    (
        r"\b(?:it's|its|it is) (?:only |just )?((?:the )?\w+(?: \w+)?) (?:that|which|who) (?=(?:is|are|has|"
        r"have|\w+s)\b)",
        r"\1 ",
    ),
    (rf"\b(?:only|just) (?=(?:{_CAMERA})(?: (?:image|camera|one))? (?:is|has|shows?|looks?|suffers?)\b)", ""),
    (
        r"\b(?:it's|its|it is) not (?:the |a )?(\w+(?: \w+)?),? (?:it's|its|it is|but) (?=(?:the |"
        r"a )?\w+)",
        r"no \1, ",
    ),
    (r"(?<=\w) (?=without \w+ing\b)", ", "),
    (
        r"^(thermal|visible)(?: (?:image|view|mode|camera|cam|vision|picture))?(?: (?:please|pls|plz|"
        r"now))+$",
        r"use \1",
    ),
    (r"\b(?:severity|strength) (?:of )?([\d.]+ ?%?) (?:for|of|on) (?:the )?(\w+(?: \w+)?)", r"\2 \1"),
    (r"\b(?:dead|hot|stuck|defective|bad|flickering) pixels?\b", "impulse noise"),
    # comparisons
    (
        rf"\b(?:as )?({_ADJECTIVE}) as (?:a|an|the|in|coal|pitch|night|ink|tar|milk|snow|soup|"
        rf"mud)\b[^,.;!?]*",
        r"very \1",
    ),
    (rf"\bso ({_ADJECTIVE}) (?:that )?(?:you|one) could\b[^,.;!?]*", r"very \1"),
    (r"\bas (bright|light|dark) as (?:possible|you can|it (?:gets|goes))\b", r"much \1er"),
    (r"\blike (?:hell|crazy|mad|there's no tomorrow)\b", "heavily"),
    (r"\b(?:as )?blind as a bat\b", "hardly see"),
    # questions that expect a yes, or an act
    (rf"{_START}(?:isn't|aren't|wasn't) (it|this|that|there|they) ", _statement),
    (rf"{_START}isn't ((?:the|this|my|our) (?:\w+ )?\w+) (?=(?:too|very|so|rather|a bit|quite) )", r"\1 is "),
    (rf"{_START}(?:don't|do not|wouldn't) you (?:think|find|agree|say|see)(?: that)? ", ""),
    (rf"{_START}(?:can't|couldn't|can not|shouldn't|why don't|why not|won't|wouldn't) (?:you|we) (?!see\b)", ""),
    (r",? (?:is|are|was|does|do|has|have|can|wo)n't (?:it|they|there|that|he|she|you|we) ?\?", "?"),
    (r", ?(?:right|eh|innit|huh) ?\?", "?"),
    (
        rf"{_START}(?:can|could|may|should) ((?:the|this|that|all) [\w ]+?) be (?:lower\w*|less|reduced|gone|"
        rf"removed|weaker|"
        r"suppressed)(?= *(?:$|[.,;!?]|a bit|by))",
        r"reduce \1",
    ),
    (
        rf"{_START}(?:can|could|may|should) (?:it|(?:the|this|that) (?:image|picture|view|scene|screen|pic|output)) be "
        r"(?=(?:a |much |made |\w+er\b|less\b|more\b))",
        "make it ",
    ),
    (
        r"\b(?:nobody|no one|nothing|no (\w+)) (?:should|must|may|can|shall) (?:be|get|go|stay) (?:overlooked|"
        r"missed|lost|"
        r"forgotten|ignored|hidden|unseen|unnoticed)\b",
        _every,
    ),
    # not to lose is to look for
    (rf"\b{_NEVER} {_LOSING}\b(?! (?:and|or)\b)(?=(?: \w)|\?|$)", "watch"),
    (
        r"\b(?:put|shine|throw|turn|point|shed) (?:a |the |some |more )?(?:spot ?light|light|lamp|torch|"
        r"focus) (?:on|at|upon) "
        rf"(?=(?:the|a|all|those|these|that|our|every|people|\w+s)\b)(?!{_CAMERA}|the scene)",
        "bring out ",
    ),
    # "it looks like rain, but it's only noise"
    (
        r"\b(?:it |this |that )?(?:looks|seems|appears) (?:like|as if|as though) ([^,.;!?]*?),? but (?:it's|"
        r"its|it is|that's|"
        r"in fact|really) (?:only |just |really |actually )?",
        r"no \1, but ",
    ),
    # seeing nothing: what is in the way is what is wrong
    (
        rf"\b(?:i |we |you |one )?(?:can't|can ?not|couldn't|could not|cant|unable to|hardly|"
        rf"barely) (?:even |really )?"
        rf"{_TO_SEE} {_UNSEEN},? (?:through|for|past|because of|due to|with|thanks to) (?:all )?(?!{_CAMERA}\b)",
        "",
    ),
    (
        rf"\b(?:nothing (?:to be |can be |is )?(?:seen|visible)|sees? nothing) (?:through|past|because of|due to) "
        rf"(?!{_CAMERA}\b)",
        "",
    ),
    (r"\b(?:i |we )?(?:hardly|barely) see (?:my|the) (?:own )?hands?\b", "hardly see"),
    (
        r"\b(?:all|the only thing)(?: that)? (?:i|we|you|one) (?:can |could )?sees? (?:is|"
        r"are) (?:just )?",
        "everything is ",
    ),
    # repairs by their names
    (r"\bnoise (?:reduction|removal|suppression|filter\w*)\b(?=.* too\b|$)", "denoising"),
    (
        rf"{_START}(?:switch on|turn on|enable|activate|start|engage)(?: the| some)? (?=(?:de-?(?:nois|haz|"
        rf"blur|rain|strip|fog)\w*|"
        r"sharpening|brightening)\b)",
        "",
    ),
    # wishes
    (r"\b(?:it|the (?:image|picture|view)) lacks (?=(?:contrast|brightness|colou?rs?|sharpness|detail)\b)", "more "),
    (r"\b(?:i|we) (?:want|need|like) no (?!one\b|body\b)", "no "),
    (
        r"\b(lean|rely|depend|count|focus)(?:ing)? (?:so|too|that|very) (?:much|heavily|hard|strongly) (on|in)\b",
        r"\1 \2",
    ),
    (rf"\bmake (?:more strong|stronger) ({_CAMERA})\b", r"more \1"),
    (r"\bmore (strong|dark|bright|sharp|light)(?= *(?:$|[.,;!?]|please|the\b|it\b))", r"\1er"),
    (
        r"\b(?:the |your |this |that )?(de-?\w+ing|brighten\w*|sharpen\w*|smoothing) (?:eats?|kills?|destroys?|"
        r"removes?|"
        r"swallows?|loses?|ruins?|smears?|hides?|takes? away|costs?)\b[^,.;!?]*",
        r"too much \1",
    ),
    (rf"\b(?:max(?:imum|imal)?|maximi[sz]e|highest|full) (?:the )?{_TONE}\b", r"much more \g<tone>"),
    (rf"\b(?:min(?:imum|imal)?|minimi[sz]e|lowest) (?:the )?{_TONE}\b", r"much less \g<tone>"),
    (
        rf"\b{_TONE} (?:up )?(?:to|at) (?:the |its )?(?:max(?:imum)?|full|highest|top|"
        rf"limit)\b",
        r"much more \g<tone>",
    ),
    (rf"\b{_TONE} (?:down )?(?:to|at) (?:the |its )?(?:min(?:imum)?|lowest|bottom)\b", r"much less \g<tone>"),
    (rf"\b({_CAMERA})(?: (?:image|camera))? instead of ({_CAMERA})\b", r"use \1, less \2"),
    (
        r"\b(?:stop|quit|no|remove|drop|disable|end) (?:the |all |this |that )?((?!the\b|all\b|this\b|that\b)\w+) "
        r"(?:highlight\w*|marking|emphasis|glow)\b(?= *(?:$|[.,;!?]))",
        r"stop highlighting \1",
    ),
    (
        rf"\b(?:take|remove|get|drop|clear) (?:the |that |those |all )?{_EFFECT} (?:off|from|of)(?: of)? ",
        "stop highlighting ",
    ),
    (r"\bboth (?=too|very|so|rather|quite|are|look)", "both images "),
    (r"(too \w+) (?=too \w+)", r"\1, "),
    (
        r"\b(?:i|we) (?:wish|want) (?:that )?(?:it|(?:the|this|that) (?:image|picture|view|scene)) (?:was|"
        r"were|to be) ",
        "make it ",
    ),
    (r"\bif only (?:it|the (?:image|picture)) (?:was|were) ", "make it "),
    (r"\b(?:should|must)(?: not|n't) be (?:so|this|that|as) (?=\w+)", "is too "),
    (r"\b(?:don't|do not) (?:like|want) (?:it|the image|the picture) (?:so|this|that|as) (?=\w+)", "it is too "),
    (
        r"\bcould(?: not|n't) be (?!better|worse|"
        r"sooner)(\w+?)(i?)er\b",
        _positive,
    ),
    (
        r"\b(?:you |it )?over(?:did|do|does|done) (?:it with )?(?:the |on )?(?=brightness|contrast|saturation|"
        r"colou?rs?\b)",
        "too much ",
    ),
    (
        r"\b(?:the |that |this |your )?(de-?\w+ing|brighten\w*|sharpen\w*|smoothing) (?:is|was|looks|got) (?:\w+ )?"
        r"too (?:much|strong|heavy|hard|harsh|aggressive|high)\b",
        r"too much \1",
    ),
    (
        rf"\b({_CAMERA}) (?:brings?|gives?|shows?|delivers?|has|is|sees?) (?:nothing but|only|just) (?=noise|"
        rf"grain|static|"
        r"stripes|lines)",
        r"\1 image has ",
    ),
    # one and not the other
    (rf"{_START}instead of ([\w ]+?),? (?=(?:show|find|highlight|bring|use|look|give)\b)", r"no \1, "),
    (r"\b((?:ignore|hide|skip|leave out|forget|mute|disregard) [^,.;!?]+?),? but not ", r"\1, but show "),
    (r"\bwithout (?:the |this |all this )?(\w+),? (?:i|we|you) (?:would|could|might) ", r"\1, "),
    # what was
    (
        r"\b(?:turned|switched|put) (?:off|out) the lights?\b|\b(?:turned|switched) the lights? (?:off|"
        r"out)\b",
        "left us dark",
    ),
    (r"\b(?:it |there )?used to be\b", "no longer"),
    (r"\b(?:it|there) (?:was|were|had been) (?!too )([^,.;!?]*?),? but (?=[^.;!?]*\bnow\b)", r"no longer \1, but "),
    (r"\b(?:it|there) (?:was|were|had been) ([\w ]+?) (?:before|earlier|yesterday)\b", r"no longer \1"),
)
_RULES = tuple((re.compile(pattern), said) for pattern, said in _SAID_AS)


def plainly(text: str) -> str:
    """`text` in plain words.

    Args:
        text: lower case, contractions with their apostrophe, the cameras called thermal and visible.
    """
    for pattern, said in _RULES:
        text = pattern.sub(said, text)
    return " ".join(text.split())
