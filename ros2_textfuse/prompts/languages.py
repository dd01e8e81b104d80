"""German, Spanish, Chinese and Japanese, word by word; other languages are named and left.

The sentence encoder reads English alone. A prompt is short and its words are few, so that a table of them, in
phrasings/languages.yaml, goes a long way; what the table does not hold is answered as not understood.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import yaml

TABLE = Path(__file__).with_name("phrasings") / "languages.yaml"
UNKNOWN = "unknown"  # a language without a table

_KANA = re.compile(r"[\u3040-\u30ff]")
_HAN = re.compile(r"[\u3400-\u9fff]")
_FOREIGN = re.compile(r"[^\W\d_a-zA-Z\u00aa-\u024f\u3040-\u30ff\u3400-\u9fff]")  # of another script
# Words by which a language without a table shows itself, and which are no English ones.
_OTHERS_LIST = (
    "il fait nuit c'est les une des dans avec pas sont est plus moins très je nous vous montre brouillard pluie "
    "fumée sombre è molto sono il la buio nebbia pioggia fumo mostra persone più meno che della está muito escuro "
    "chuva fumaça mostre pessoas não mais het een niet en donker mensen meer minder jest bardzo ciemno nie pokaż "
    "ludzi mgła deszcz"
)
_OTHERS = frozenset(_OTHERS_LIST.split())
# Words of a table that are English words too: alone, they say nothing of the language.
_SHARED_LIST = (
    "die des man an in am so also hat war was bus auto autos person tunnel zug rot no a me son sin solo color menos "
    "mas visible animal el la lo y e o en de un us note rad wagen moto carro es weg wo motorrad los alles"
)
_SHARED = frozenset(_SHARED_LIST.split())


@lru_cache(maxsize=1)
def _tables() -> Mapping[str, Mapping[str, str]]:
    """Language -> word or phrase in lower case -> English."""
    content = yaml.safe_load(TABLE.read_text(encoding="utf-8"))
    return {
        language: {word.strip().lower(): english for words, english in table.items() for word in words.split(", ")}
        for language, table in content.items()
    }


@lru_cache(maxsize=8)
def _pattern(language: str) -> re.Pattern[str]:
    words = "|".join(map(re.escape, sorted(_tables()[language], key=len, reverse=True)))
    return re.compile(words if language in ("Chinese", "Japanese") else rf"(?<![\w'-])(?:{words})(?![\w'-])")


def _language(text: str) -> str:
    """The language of a table that `text` is in; empty for English and for any other."""
    if _KANA.search(text):
        return "Japanese"
    if _HAN.search(text):
        return "Chinese"
    words = re.findall(r"[^\W\d_]+(?:-[^\W\d_]+)*", text)
    best, most = "", 0.5
    for language in ("German", "Spanish"):
        known = [word for word in words if word in _single_words(language)]
        if any(word not in _SHARED for word in known) and len(known) >= most * len(words):
            best, most = language, len(known) / len(words)
    return best


@lru_cache(maxsize=8)
def _single_words(language: str) -> frozenset[str]:
    return frozenset(word for phrase in _tables()[language] for word in phrase.split())


def note_of(language: str, english: str) -> str:
    """What to answer about a text's language, as `to_english` gave both; empty for English."""
    if language == UNKNOWN:
        return "this language is not read: write English, or name modes"
    if not language:
        return ""
    left = "".join(dict.fromkeys(_HAN.findall(english) + _KANA.findall(english)))
    return f"{language}, read as '{english}'{f', without {left}' * bool(left)}"


def to_english(text: str) -> tuple[str, str]:
    """`text` in English as far as the tables go, and the language it was in; empty for English.

    What is in a language without a table, or in a script that none has, comes back as it is, with UNKNOWN.
    """
    lowered = text.lower().replace("。", ". ").replace("、", ", ").replace("，", ", ").replace("！", "! ")
    language = _language(lowered)
    if not language:
        words = re.findall(r"[^\W\d_]+(?:'[^\W\d_]+)?", lowered)
        foreign = sum(word in _OTHERS for word in words)
        strange = bool(_FOREIGN.search(lowered)) or (foreign >= 2 and 2 * foreign >= len(words))
        return text, UNKNOWN if strange else ""
    table = _tables()[language]
    joint = " {} " if language in ("Chinese", "Japanese") else "{}"
    english = _pattern(language).sub(lambda found: joint.format(table[found[0]]), lowered)
    return _reordered(" ".join(english.split()), language), language


def _reordered(english: str, language: str) -> str:
    """Verbs and negations that stand behind their object, put before it."""
    if language == "Japanese":
        english = re.sub(r"^(.*) (highlight|show|find|use|remove|less|increase)$", r"\2 \1", english)
        return ",".join(re.sub(r"^(?!.*cannot)( ?)(.*\w) no( ?)$", r"\1no \2\3", part) for part in english.split(","))
    if language == "German":
        return re.sub(r"^(?:make )?(.*) (highlight|show|find|use|remove)$", r"\2 \1", english)
    return english
