"""Commands about the prompt in force: a bit more, less of that, undo, reset, also."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ros2_textfuse.prompts.degrees import ratio

_ADDRESS = (
    r"^(?:(?:ok(?:ay)?|now|then|and|just|please|so|no|nope|nah|yes|yeah|yep|alright|wait|hold on|"
    r"sorry|well|actually|oh|hey|hmm|let's|let us|i want|can we|"
    r"we need|i need|go|try|do) )*"
)
_END = r"(?: (?:please|again|now|then|thanks|ok|thank you|over))*$"
_IT = (
    r"(?: (?:it|that|this|them|those|all|everything|all of it|all of that|the (?:effect|prompt|settings?|last (?:one|"
    r"change|command|prompt|thing)|change|whole thing)))*"
)
_OF = r"(?: of (?:it|that|this|the same|them))?"
_DEGREE = (
    r"(?:(?:a|even|just|quite|still) )*(?:(?:little|tiny|tad|bit|touch|notch|much|lots?|far|way|slightly|somewhat|"
    r"twice|half) )*"
)
_REPAIR = (
    r"(?:de-?nois\w*|de-?haz\w*|de-?blur\w*|de-?rain\w*|de-?strip\w*|brightening|sharpening|repair\w*|correct\w*|"
    r"remov\w*|enhancement|filter\w*|clean\w*|smoothing|process\w*|strength|intensity|effect)"
)
_COMMANDS = tuple(
    (kind, re.compile(_ADDRESS + pattern + _END))
    for kind, pattern in (
        (
            "undo",
            rf"(?:undo{_IT}|bring{_IT} back|take{_IT} back|take back{_IT}|go back(?: (?:one|a) step)?|"
            rf"go back to (?:how|what) it was(?: before)?|step back|back|back to (?:how|what|"
            rf"the way) it was(?: before)?|revert{_IT}|roll ?back{_IT}|as (?:it was )?before|like before|(?:as|"
            rf"like) it was(?: before)?|(?:back to )?(?:the )?(?:previous|last|former|old) (?:one|prompt|setting|"
            rf"settings|state)|never ?mind|nevermind|cancel{_IT}|scratch that|forget{_IT}|forget it|wrong|"
            rf"that was (?:wrong|better before)|it was better before|better before|oops)",
        ),
        (
            "reset",
            rf"(?:reset{_IT}|(?:start )?from (?:scratch|zero)|start (?:over|again|anew)|clear{_IT}|"
            rf"(?:back to )?(?:the )?(?:normal|plain|defaults?|standard|neutral|original)(?: settings?| mode| image|"
            rf" fusion| view)?(?: again)?|turn{_IT} off|switch{_IT} off|turn off{_IT}|switch off{_IT}|off|stop{_IT}|"
            rf"(?:just )?plain(?: fusion)?|just fuse(?: them| the images)?|no (?:prompt|effects?|enhancements?|"
            rf"repairs?)|nothing special|wipe{_IT}|delete{_IT}|remove (?:it all|everything|all(?: of it)?|"
            rf"the prompt)|drop everything|(?:no more|(?:remove|drop|clear|delete|disable|(?:turn|"
            rf"switch) off)(?: all| any| every)?(?: the)?) (?:effects?|repairs?|enhancements?|filters?|settings?|"
            rf"prompts?|corrections?)|(?:stop|quit|end|no) (?:all )?(?:the )?"
            rf"(?:repair\w*|correct\w*|process\w*|filter\w*|enhanc\w*))",
        ),
        (
            "less",
            rf"(?:{_DEGREE}(?:less|weaker|softer|gentler|milder|lighter touch|lower|down){_OF}|(?:that(?:'s| is| was)|"
            rf"it(?:'s| is)|this is)? ?(?:(?:a (?:bit|little)|way|far|much|still) )*(?:too (?:much|strong|"
            rf"heavy|hard|intense)|over ?done|"
            rf"exaggerated)(?: of (?:it|that|this))?|(?:tone|turn|dial|take|bring|scale|back){_IT} (?:down|back|"
            rf"off){_IT}(?: (?:a|slightly) ?(?:bit|little|notch|touch|lot)?)?|tone down|(?:cut|reduce|lower|decrease|"
            rf"weaken|soften|halve|lessen){_IT}(?: by half| in half)?(?: a (?:bit|little|lot))?|half(?: (?:of|"
            rf"as much|as strong))?(?: (?:of )?(?:that|it|this))?|ease (?:off|up)(?: a (?:bit|little))?|go easy|"
            rf"back off(?: a (?:bit|little))?|not (?:so|that|as) (?:much|strong\w*|hard|heav\w+)|(?:{_DEGREE}(?:less|"
            rf"weaker|softer|reduce|lower|not so much|too much) (?:of )?(?:the )?(?:\w+ )?{_REPAIR}))",
        ),
        (
            "more",
            rf"(?:{_DEGREE}(?:more|stronger|harder|heavier|further|higher){_OF}|(?:still )?not (?:strong |"
            rf"much )?enough(?: yet)?|(?:turn|crank|dial|pump|bring|push|scale|amp){_IT} (?:up|further){_IT}(?: (?:a|"
            rf"slightly) ?(?:bit|little|notch|touch|lot)?)?|(?:increase|boost|strengthen|intensify|raise|double|"
            rf"amplify){_IT}(?: a (?:bit|little|lot))?|(?:twice|double)(?: (?:as much|as strong|"
            rf"the))?(?: (?:of )?(?:that|it|this|strength))?|push(?: it)? (?:further|harder)|(?:go|keep) (?:further|"
            rf"on|going)|further|too (?:little|weak)|(?:once|one) more(?: time)?|same again|"
            rf"(?:{_DEGREE}(?:more|stronger|increase|boost|"
            rf"heavier) (?:of )?(?:the )?(?:\w+ )?{_REPAIR}))",
        ),
    )
)
_TOO = re.compile(
    r"^(?:also|additionally|in addition|and also|and|plus|add|now also|furthermore|moreover|even) |(?: too| as well|"
    r" also| on top)$"
)
_KEEP = re.compile(
    r"^(?:keep|leave|hold)(?: (?:it|that|this|the rest|everything|all|those|the others?|them))(?: (?:as (?:it|"
    r"they) (?:is|are)|on|like that|so))?(?= (?:and|but)\b|,|$)"
)


_TALK = re.compile(
    r"(?:(?:ok|okay|thanks|thank you|thx|cheers|great|perfect|excellent|awesome|cool|nice|super|brilliant|lovely|yes|"
    r"yeah|"
    r"yep|sure|alright|good (?:job|work)|well done|(?:that|this|it)(?:'s| is)? ?(?:looks? )?(?:good|great|fine|perfect|"
    r"better|nice|ok|okay|enough)|looks? (?:good|great|fine|perfect|better|nice|ok|okay)|much better|i like (?:it|that|"
    r"this)|(?:leave|keep) (?:it|that|this|everything|all)(?: (?:on|running|so|there|be|as is|as it is|like (?:this|"
    r"that)|(?:the way|how) it is))?|(?:do|change) nothing|(?:do not|don't) change (?:anything|a thing|it)|no changes?|"
    r"(?:do not|don't|never) (?:reset|undo|revert|stop|clear|delete)(?: (?:it|that|this|anything|everything))?|"
    r"(?:not (?:quite|yet|there yet)|almost(?: there)?|nearly|hmm+|"
    r"as is|stay|now|please|already|then|so|very much|a lot|good)) ?)+"
)


@dataclass(frozen=True)
class Command:
    """A clause that is about the prompt in force.

    Args:
        kind: undo, reset, more or less.
        factor: of more and less: what every severity is multiplied by.
        target: of more and less: the clause where it names what ("less denoising"); empty for all that is in force.
        level: of more: the severity to be reached ("increase to 80 %"); 0 where the factor says how much.
    """

    kind: str
    factor: float = 1.0
    target: str = ""
    level: float = 0.0


def read_command(clause: str) -> Command | None:
    """The command that a whole clause is, in lower case; None where it is none."""
    clause = " ".join(clause.split())
    for kind, pattern in _COMMANDS:
        if not pattern.search(clause):
            continue
        if kind in ("undo", "reset"):
            return Command(kind)
        if clause.startswith("no "):  # "no more" is no wish for more
            return None
        named = re.search(rf"(?:\w+ )?{_REPAIR}$", clause)
        size = ratio(clause)
        return Command(kind, size if kind == "more" else 1 / size, named[0] if named else "")
    return None


def is_talk(clause: str) -> bool:
    """Whether a clause asks for nothing to be changed: "thanks", "looks good", "leave it as is"."""
    return bool(_TALK.fullmatch(" ".join(clause.lower().split()).strip(" .!")))


def keeps(text: str) -> bool:
    """Whether a text adds to what is in force: "also bring out cars", "rain too", "keep that"."""
    plain = " ".join(text.lower().split()).strip(" .!")
    return bool(_TOO.search(plain) or _KEEP.search(plain))
