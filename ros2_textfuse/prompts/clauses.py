"""A prompt cut into clauses, each of which says one thing about one camera, or denies it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ros2_textfuse.prompts.amounts import apart, plain_numbers
from ros2_textfuse.prompts.balance import read_balance
from ros2_textfuse.prompts.plain_speech import plainly
from ros2_textfuse.prompts.shares import in_percent

_IMAGE = (
    r"(?:images?|pictures?|pics?|photos?|vids?|cameras?|cams?|frames?|streams?|videos?|feeds?|sensors?|"
    r"footage|scene|channel|band)"
)
_THERMAL = re.compile(
    r"\b(?:infra-?red|germanium|ir|lwir|mwir|flir|thermals|thermo\w*|thermic|microbolometer|"
    r"(?:the )?(?:camera|sensor|one) that (?:sees|shows) (?:heat|warmth)|heat(?= (?:"
    + _IMAGE
    + r"|one|vision|view)\b))(?!\w)"
)
_VISIBLE = re.compile(
    r"\b(?:rgb|vis|eo|colou?r(?= (?:"
    + _IMAGE
    + r"|one|contrast|nois\w+|grain)\b)|visual(?= "
    + _IMAGE
    + r"\b)|(?:day(?:light)?|normal|regular|ordinary)(?= cam))(?!\w)"
)
_EITHER = rf"(?:the )?(?:thermal|visible)(?: one| {_IMAGE})?"
_BOTH = re.compile(rf"\b{_EITHER} (?:and|&) (?:in |on |of )?{_EITHER}(?!\w)(?! (?:is|are|has|have|shows?|looks?)\b)")
# "dark, so use thermal" goes on; "not so bright" and "so pale" say how much.
_SO = (
    r"so(?= (?:i|we|you|it|they|the|that|this|there|then|use|show|make|turn|give|bring|switch|go|do|let|take|"
    r"rely|trust|add|"
    r"more|less|thermal|visible|highlight|find|can|could|try|reduce|remove|help|\w+en|de\w+)\b)"
)
_CUT = re.compile(
    r"([.;!?]+(?=\s|$)|,|\b(?:instead of|rather than|except for|except|and also|but also|and|or|nor|but|plus|"
    r"as well as|together with|while|whereas|since(?= (?:it|it's|its|there|we)\b)|although|though|however|also|"
    rf"(?<!bother )(?<!done )(?<!enough )(?<!away )(?<!stop )(?<!thing )(?<!go )with|{_SO}|because)\b|[&+|])"
)
_DENYING = ("nor", "instead of", "rather than", "except for", "except")
_POLITE = re.compile(r"\b(?:please|pls|kindly|(?:could|can|would) you)\b|\b(?:right )?now$")
_CONTRACTED = re.compile(r"\b(is|are|was|were|do|does|did|has|have|had|ca|could|wo|would|should)nt\b")  # "dont"
_HYPHEN = re.compile(r"\b(over|under|de)-(?=\w)")  # over-exposed, de-noise
_GREETING = re.compile(
    r"^(?:(?:hi|hello|hey|dear|good (?:morning|evening|day))(?: (?:there|robot|you|textfuse|all|team|system))*|"
    r"(?:oh |hey )?(?:man|boy|dude|gosh|damn|jeez)(?=[,!. ]+(?:it|its|this|that|these|i|we|what)\b)|"
    r"(?:ok(?:ay)? )?(?:robot|textfuse|system))[,!. ]+(?=\S)|[,!. ]+(?:many )?(?:thanks|thank you|thx|cheers)"
    r"(?: (?:a lot|in advance|very much))?[!. ]*$"
)
_PEPPER = re.compile(r"\bsalt(?: and | & |-and-| n )pepper\b")
_STATIC = re.compile(
    r"\b(?:(?:tv|snowy|white) static|static(?= (?:on|in|all over|over|everywhere)\b)|(?<=with )static)"
)
_SUPPOSED = re.compile(
    r"(?<!see )(?<!tell me )(?<!check )(?<!look )(?<!as )(?<!know )(?<!ask )\b(?:if|unless|in case|should it)\b"
    r"(?! (?:possible|you|needed|necessary|so)\b)|^(?:as soon as|whenever|once (?:it|we|there))\b|"
    r"\b(?:might|may|could|will|gonna|going to|soon)\b.*\b(?:later|soon|tomorrow|shortly|afterwards|in an? \w+)\b|"
    r"\bit (?:might|may)\b"
)
# "no fog, just dark": what follows "just" is not denied.
_JUST = re.compile(
    r"\b((?:no|not|without|isn't|neither|nor) (?!(?:only|just|longer|more|using|\w+ing)\b)(?:\w+ ){1,3}?)"
    r"(?=(?:just|only|simply|merely) \w)"
)
_OTHER_ONE = re.compile(
    r"\b(thermal|visible)\b((?:(?!\b(?:thermal|visible)\b).)*?)\bthe other (?:one|camera|cam|sensor)\b"
)
_OTHER_CAMERA = {"thermal": "visible", "visible": "thermal"}
_GREY = re.compile(r"\bblack (?:and|&|n) white\b(?! (?:noise|stripes|lines|bars))")
_ALL_OF = r"(?:everything|anything|everyone|everybody|anyone|anybody|all)"
_EXCEPT = r"(?:but|except(?: for)?|apart from|other than|besides)"
# What is left when all the rest goes: "hide everything but cars", "nothing but people".
_ONLY_LEFT = re.compile(
    rf"\b(?:(?:hide|remove|ignore|drop|forget(?: about)?|leave out|skip|disregard|mute|cut|(?:stop|quit) \w+ing|"
    rf"(?:don't|do not|never) \w+) {_ALL_OF}(?: else)?|nothing|nobody|no one|none) {_EXCEPT}\b"
)
_NOT_THAT_CAMERA = re.compile(rf"\b{_ALL_OF} {_EXCEPT} (?:the )?(?=(?:thermal|visible)\b)")
_BUT = re.compile(r"\b(everything|anything|everyone|everybody|all) but\b")
_OFF = re.compile(
    r"^(?:turn |switch )?((?:\w+ )?(?:thermal|visible|(?:sharpen|brighten|de-?(?:nois|haz|blur|rain|strip|fog))\w*|\w+ "
    r"(?:thing|filter\w*|remov\w+|repair|correction|reduction|enhancement))(?: (?:camera|image|one))?) off$"
)
_ANSWER = re.compile(r"\b([a-z]+(?: [a-z]+)?)\?? (yes|no)(?=[,.;!]|$)")  # "rain? no.", "people yes, cars no"
_ANSWERS = re.compile(r"(?<=\w )(yes|no) (?=(?:\w+(?: \w+)? (?:yes|no)[, ]*)+$)")  # "fog yes rain no"
_NOT_ENOUGH = tuple(
    (re.compile(rf"\b(?:(?:is |are )?not|(?:is|are)n't|lacks?) (?:quite |nearly |being )?{word} enough\b"), said)
    for word, said in (("bright", "too dark"), ("dark", "too bright"), ("sharp", "blurred"))
)
_NOT_IN = re.compile(r"\bnot (?:quite |really )?in focus\b")
_COLOUR = re.compile(
    r"\b((?:back|switch|go|over) to|us(?:e|ing)|prefer|trust|with|thermal to|(?:more|less|better|rather) than) (the )?"
    r"colou?r(?=$| (?:for|where|by)\b)|"
    r"^()()colou?r(?= (?:for|by|first|second|last|only)\b)"
)
# "it is too dark": the encoder knows what is too dark better without its subject.
_IT_IS = re.compile(r"^(?:(?:it|this|that|all of it) is|it's|its|that's) (?=(?:\w+ ){0,2}too (?:dark|bright)\b)")
_NOW = re.compile(r"^now (?=it|its|the|there|we)")
_LACKING = re.compile(r"\b(?:no|without|not (?:much|enough)|too little|little|lacks?|lacking)(?: any)? contrast\b")
# Words that either camera may mean; they keep the camera that was named last.
_AMBIGUOUS = re.compile(
    r"\b(?:de)?(?:nois|grain|speckl|contrast|flat|strip|streak|line|band|dull|faded|grey|gray|faint)|\b(?:differ|distinct|"
    r"distinguish|indistinguish|stand out|pop\b|blend|merge|melt|vanish|disappear|look (?:the same|alike)|"
    r"tell (?:apart|.+ from)|(?:told|told apart) from)"
)
# A sentence's feature vector hardly knows "less exposure" from "more", so that the direction of a wish is a rule.
_LESS_EXPOSURE = re.compile(
    r"\b(?:reduce|lower|decrease|turn down|cut)\b.*\bexposure\b|\bturn the exposure down\b|\bless exposure\b"
)
_MORE_EXPOSURE = re.compile(
    r"\b(?:raise|increase|lift|turn up|more|longer|boost)\b.*\bexposure\b|\bturn the exposure up\b"
)
_STOPS = re.compile(r" by (?:[\w.]+ ){1,3}(?:stops?|ev)\b")
_A_LITTLE = re.compile(r"\b(?:a (?:little |tiny )?bit|slightly|a little|somewhat)\b")
_MUCH = re.compile(r"\b(?:much|a lot|far|way|very)\b")
_VERB = re.compile(
    r"\b(?:is|are|was|were|has|have|had|do|does|did|it's|it|i|we|there|there's|shows?|looks?|seems?|appears?|became|"
    r"become|suffers?|remove|fix|repair|reduce|suppress|make|get|find|show|brighten|sharpen|denoise|dehaze|derain|"
    r"deblur|destripe|correct|enhance|increase|boost|clean|handle|eliminate)\b"
)
_NEGATION = re.compile(
    r"\b(?:there(?:'s| is| are|) )?(?:no longer|no more|no sign of|not any(?: ?more| longer)?|not a problem|no|not|"
    r"(?<!from )zero|without|neither|nor|never|free of|free from|don't worry about|do not worry about|ignore|"
    r"nothing (?:like|to(?! see)))\b|"
    r"^(?:please )?(?:stop|quit|end|skip|disable|cancel|drop|undo|lay off|kill|lose|leave out|(?:switch|turn) off)"
    r"(?: (?:the|all|any|with))* "
    r"(?=(?:\w+ )?(?:de-?(?:nois|haz|blur|rain|strip|fog)\w+|sharpening|brightening|repair\w*|correct\w+)\b|"
    r"(?:\w+ ){1,2}(?:thing|stuff|mode|option|setting|effect|filter\w*|remov\w+|fix|reduction|suppression|compensation|"
    r"handling|treatment|prompt)\b)|"
    r"^(?:stop|quit|cease)(?= (?!los|miss|ignor|hid|skipp|forgett|overlook)\w+ing\b)|"
    r"\b(?:should|can|may|must) (?:stay|remain)(?: in)?$|"
    r"^(?:keep|leave|preserve)(?= (?:(?:the|some|that|this) )?(?:fog|haze|mist|rain|noise|grain|blur|smoke|stripes|"
    r"lines|darkness|cast|tint)(?: (?:in|there|alone|on|as \w+ is))?$)|"
    r"\b(?:is|are|was|were|do|does|did|has|have)n't\b(?: any\b)?|\b(?:is|are|'s) (?:lifting|clearing(?: up)?)$|"
    r"\b(?:is|are|was|were|has|have|'s)? ?(?:gone(?! (?!now\b|away\b|again\b|already\b|completely$|"
    r"today\b|for good)\w)|absent|stopped|lifted|vanished|disappeared|ended|ceased)\b|\b(?:is|"
    r"are|was|'s) over$|\b(?:any ?more|any longer)\b|\bfree$"
)
# "I cannot see through the fog" denies the seeing, not the fog.
_SEEING = re.compile(
    r"\b(?:can ?not|can't|could ?n[o']t|do(?:es)? ?n[o']t|hardly|barely|unable to) ?(?:even |really |"
    r"clearly )?(?:see|recogni[sz]e|read|tell|make out|distinguish|identify|find|stand out|spot|work|"
    r"detect)\b(?! (?:any |much )?(?:rain|fog|haze|noise|stripes|blur|smoke|mist|grain|glare)\b)"
)


@dataclass(frozen=True)
class Clause:
    """A part of a prompt that is read on its own.

    Args:
        text: as it was written.
        meaning: the same in lower case, the cameras by one name each, with the camera that an earlier clause named.
        negated: whether it says that something is absent.
        affirmed: `meaning` without its negation.
        supposed: whether it is about what may be, and not about what is: "if it rains", "it might rain later".
    """

    text: str
    meaning: str
    negated: bool
    affirmed: str
    supposed: bool = False


def clauses(text: str) -> tuple[Clause, ...]:
    """`text` cut into clauses; none for text without a letter or digit."""
    plain = plain_numbers(" ".join(text.replace("’", "'").split()))
    lowered = _CONTRACTED.sub(r"\1n't", plain.lower().replace("_", " "))
    lowered = plainly(in_percent(cameras_named(lowered)))
    for pattern, said in _NOT_ENOUGH:
        lowered = pattern.sub(said, lowered)
    lowered = _NOT_IN.sub("out of focus", lowered)
    lowered = _STATIC.sub("noise", _PEPPER.sub("impulse noise", _GREETING.sub("", lowered)))
    lowered = _LACKING.sub("low contrast", _GREY.sub("monochrome", lowered))
    lowered = _HYPHEN.sub(r"\1", lowered)
    lowered = " ".join(_POLITE.sub(" ", lowered).split())
    lowered = _NOT_THAT_CAMERA.sub("not the ", _ONLY_LEFT.sub("only", lowered))
    lowered = _BUT.sub(
        r"\1 except",
        _ANSWER.sub(lambda found: f"{'no ' * (found[2] == 'no')}{found[1]}", _ANSWERS.sub(r"\1, ", lowered)),
    )
    lowered = _BOTH.sub("both images", _JUST.sub(r"\1, ", lowered))
    lowered = _OTHER_ONE.sub(lambda found: f"{found[1]}{found[2]}{_OTHER_CAMERA[found[1]]}", lowered)
    pieces = [
        part
        for index, piece in enumerate(_CUT.split(lowered))
        for part in ([piece] if index % 2 else _with_commas(apart(piece)))
    ]
    parts: list[Clause] = []
    camera, denied, supposed = "", False, False
    for index in range(0, len(pieces), 2):
        piece = pieces[index].strip(" :-'\"()[]")
        if not any(letter.isalnum() for letter in piece):
            continue
        piece = _COLOUR.sub(lambda found: f"{found[1] or ''} visible".strip(), piece)
        piece = _OFF.sub(r"turn off \1", piece)
        joint = pieces[index - 1] if index else ""
        continued = joint in ("and", "or", "nor", "as well as") and not _VERB.search(piece)
        if joint.strip(".;!?") == "" and joint:
            camera, supposed = "", False
        supposed = supposed or bool(_SUPPOSED.search(piece))
        named = [name for name in ("thermal", "visible") if re.search(rf"\b{name}\b", piece)]
        if named:  # "more thermal, less contrast": the contrast of what is fused
            camera = "" if read_balance(piece) else named[-1]
        meaning = _STOPS.sub("", _NOW.sub("", _IT_IS.sub("", piece)))
        owner = camera or _camera_after(pieces[index + 1 :])
        if not named and owner and _AMBIGUOUS.search(piece) and "both" not in piece:
            meaning = f"{owner} image: {piece}"
        if _LESS_EXPOSURE.search(piece):
            degree = "slightly " if _A_LITTLE.search(piece) else "much " if _MUCH.search(piece) else ""
            meaning = f"the image is {degree}too bright"
        elif _MORE_EXPOSURE.search(piece):
            meaning = "the image is too dark"
        negations = bool(_NEGATION.search(piece)) and not _SEEING.search(piece)
        negated = negations or (continued and denied) or joint in _DENYING
        denied = negated
        affirmed = " ".join(_NEGATION.sub(" ", meaning).split()) if negated else meaning
        parts.append(Clause(piece, meaning, negated, affirmed or meaning, supposed))
    return tuple(parts)


def cameras_named(text: str) -> str:
    """`text`, lower case, with the cameras by one name each: thermal and visible."""
    return _VISIBLE.sub("visible", _THERMAL.sub("thermal", text))


def _with_commas(parts: Sequence[str]) -> list[str]:
    """Parts with what separates them between, as `_CUT` leaves it."""
    return [piece for part in parts for piece in (",", part)][1:]


def _camera_after(pieces: Sequence[str]) -> str:
    """The camera of "noise and stripes in the thermal image" for its first word."""
    if len(pieces) < 2 or pieces[0] not in ("and", ",", "or", "as well as", "&", "+") or _VERB.search(pieces[1]):
        return ""
    named = re.search(r"\b(?:in|on|of|from|across) (?:the )?(thermal|visible)\b", pieces[1])
    return named[1] if named else _camera_after(pieces[2:])
