"""What people say about images: prompts with the severities they mean, for training and testing the severity head.

Everything is written by hand in two separate parts, `TRAIN` and `TEST` (phrasings/train.yaml and test.yaml): whole
sentences, names of degradations ("things"), descriptions ("states"), and the templates that things and states are put
into. No sentence, thing, state or template of the one is in the other, so that the held-out figures tell what happens
with words nobody trained on.

A line is a sentence, where needed with the severity it means (`pitch black | 0.9`); without one it is
`DEFAULT_SEVERITY`.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ros2_textfuse.degradations.modes import MODES
from ros2_textfuse.prompts.prompt import DEFAULT_SEVERITY

# How strong a word is; things take an adjective ("heavy rain"), states an adverb ("heavily blurred").
ADJECTIVES = {
    "barely any": 0.2, "hardly any": 0.2, "a touch of": 0.2, "slight": 0.2, "minor": 0.2, "faint": 0.2,
    "a bit of": 0.25, "a little": 0.25, "mild": 0.3, "some": 0.4, "moderate": 0.5, "medium": 0.5, "noticeable": 0.6,
    "considerable": 0.7,
    "a lot of": 0.8, "strong": 0.8, "bad": 0.8, "heavy": 0.9, "severe": 0.9, "extreme": 0.9, "terrible": 0.9,
    "massive": 0.9,
}  # fmt: skip
ADVERBS = {
    "barely": 0.2, "slightly": 0.2, "a tiny bit": 0.2, "marginally": 0.2, "a bit": 0.25,
    "a little": 0.25, "mildly": 0.3,
    "somewhat": 0.4, "moderately": 0.5, "fairly": 0.6, "rather": 0.6, "quite": 0.6, "very": 0.8, "really": 0.8,
    "badly": 0.8, "strongly": 0.8, "heavily": 0.9, "severely": 0.9, "extremely": 0.9, "terribly": 0.9, "way too": 0.9,
    "completely": 0.95,
}  # fmt: skip

VISIBLE = tuple(mode for mode in MODES if not mode.startswith("ir_"))


@dataclass(frozen=True)
class Prompted:
    """A prompt and what it means.

    Args:
        text: the sentence.
        severities: mode -> severity, 0..1, only of the modes meant; empty for a neutral sentence.
        about: whether it speaks of the images' quality or of fusing at all ("no rain today" does, "good morning"
            does not).
    """

    text: str
    severities: dict[str, float]
    about: bool


@dataclass(frozen=True)
class Part:
    """One side of the split; each field holds lines (a line may end in `| severity`)."""

    sentences: dict[str, list[str]]
    things: dict[str, list[str]]
    states: dict[str, list[str]]
    compounds: list[tuple[str, dict[str, float]]]
    clear: list[str]  # about the images, nothing to repair
    idle: list[str]  # about something else
    thing_templates: list[str]
    state_templates: list[str]
    negated_things: list[str]
    negated_states: list[str]
    good_states: list[str]
    visible_subjects: list[str]
    thermal_subjects: list[str]
    joints: list[str]
    find_templates: list[str]
    find_objects: list[str]
    find_places: list[str]


def _split(line: str, severity: float = DEFAULT_SEVERITY) -> tuple[str, float]:
    text, bar, value = line.rpartition("|")
    return (text.strip(), float(value)) if bar else (line, severity)


def _compound(line: str) -> tuple[str, dict[str, float]]:
    """A line `sentence => mode, mode 0.9`."""
    text, meant = line.split("=>")
    severities = {}
    for item in meant.split(","):
        name, _, value = item.strip().partition(" ")
        severities[name] = float(value or DEFAULT_SEVERITY)
    return text.strip(), severities


def _load(name: str) -> Part:
    text = (Path(__file__).parent / "phrasings" / f"{name}.yaml").read_text(encoding="utf-8")
    content = yaml.safe_load(text)
    content["compounds"] = [_compound(line) for line in content["compounds"]]
    return Part(**content)


def words(name: str) -> dict[str, Any]:
    """The content of phrasings/`name`.yaml: `requests`, sentences by what they ask for, or `nouns` by kind."""
    text = (Path(__file__).parent / "phrasings" / f"{name}.yaml").read_text(encoding="utf-8")
    content: dict[str, Any] = yaml.safe_load(text)
    return content


TRAIN, TEST = _load("train"), _load("test")


def _with_severity(line: str, words: dict[str, float], rng: random.Random) -> tuple[str, float | None]:
    """A thing or state, half the time with a severity word in front; the severity, None where nothing says it."""
    if rng.random() < 0.5:
        return line, None
    word = rng.choice(sorted(words))
    if (word.startswith(("a ", "way")) and line.startswith(("a ", "an ", "the ", "too "))) or line.startswith("in "):
        return line, None  # "a touch of a yellow tint" is fine English, "a bit too dark" another strength
    for article in ("the ", "an ", "a "):
        line = line.removeprefix(article)
    return f"{word} {line.removeprefix('too ')}", words[word]


def _one(part: Part, mode: str, rng: random.Random) -> tuple[str, float]:
    """One generated clause about `mode`."""
    if rng.random() < 0.55:
        template, loudness = _split(rng.choice(part.thing_templates))
        name, severity = _with_severity(rng.choice(part.things[mode]), ADJECTIVES, rng)
        if severity is not None and ("much" in template or "the {thing}" in template):
            template, loudness = "{thing}", DEFAULT_SEVERITY
        if name.startswith(("a ", "an ", "the ")):
            template = template.replace("the {thing}", "{thing}").replace("a {thing}", "{thing}")
        return template.format(thing=name), severity or loudness
    template = rng.choice(part.state_templates)
    state, severity = _with_severity(rng.choice(part.states[mode]), ADVERBS, rng)
    subjects = part.visible_subjects if mode in VISIBLE else part.thermal_subjects
    if mode not in VISIBLE and "{subject}" not in template:
        template = "{subject} " + template
    return template.format(subject=rng.choice(subjects), state=state), severity or DEFAULT_SEVERITY


def _negated(part: Part, mode: str, rng: random.Random) -> str:
    if rng.random() < 0.5:
        thing = rng.choice(part.things[mode])
        for article in ("the ", "an ", "a "):
            thing = thing.removeprefix(article)
        return rng.choice(part.negated_things).format(thing=thing)
    template = rng.choice(part.negated_states)
    subjects = part.visible_subjects if mode in VISIBLE else part.thermal_subjects
    if mode not in VISIBLE and "{subject}" not in template:
        template = "{subject} " + template
    return template.format(subject=rng.choice(subjects), state=rng.choice(part.states[mode]))


def _joined(part: Part, rng: random.Random) -> Prompted:
    """Two or three clauses in one prompt; one of them may be negated or neutral."""
    count = rng.choice((2, 2, 2, 3))
    modes = rng.sample(MODES, count)
    kind = rng.random()
    if kind < 0.35:  # a list of things
        words, severities = [], {}
        for mode in modes:
            name, severity = _with_severity(rng.choice(part.things[mode]), ADJECTIVES, rng)
            words.append(name)
            severities[mode] = severity or DEFAULT_SEVERITY
        text = rng.choice(part.joints).format(a=", ".join(words[:-1]), b=words[-1])
        return Prompted(rng.choice(part.thing_templates[:8]).split("|")[0].strip().format(thing=text), severities, True)
    if kind < 0.55:  # several states of one camera
        camera = rng.random() < 0.6
        own = [mode for mode in MODES if (mode in VISIBLE) == camera]
        modes = rng.sample(own, 2)
        words, severities = [], {}
        for mode in modes:
            name, severity = _with_severity(rng.choice(part.states[mode]), ADVERBS, rng)
            words.append(name)
            severities[mode] = severity or DEFAULT_SEVERITY
        subject = rng.choice(part.visible_subjects if camera else part.thermal_subjects)
        return Prompted(f"{subject} is {words[0]} and {words[1]}", severities, True)
    if kind < 0.75:  # one negated, one not
        text, severity = _one(part, modes[0], rng)
        other = _negated(part, modes[1], rng)
        order = (f"{other}, but {text}", f"{text}, but {other}", f"{text}. {other}.", f"{other}, {text}")
        return Prompted(rng.choice(order), {modes[0]: severity}, True)
    if kind < 0.85:  # a wish beside a complaint
        text, severity = _one(part, modes[0], rng)
        wish = _find(part, rng)
        return Prompted(
            rng.choice((f"{wish}, {text}", f"{text}. {wish}", f"{text}, {wish}")), {modes[0]: severity}, True
        )
    clauses = [_one(part, mode, rng) for mode in modes]
    text = rng.choice(part.joints).format(a=", ".join(c for c, _ in clauses[:-1]), b=clauses[-1][0])
    return Prompted(text, {mode: severity for mode, (_, severity) in zip(modes, clauses, strict=True)}, True)


def _good(part: Part, rng: random.Random) -> str:
    """Praise: what stays of "not in focus" without its "not"."""
    subject = rng.choice(part.visible_subjects + part.thermal_subjects)
    template = rng.choice(("{subject} is {state}", "{subject} {state}", "{subject} looks {state}", "{state}"))
    return template.format(subject=subject, state=rng.choice(part.good_states))


def _find(part: Part, rng: random.Random) -> str:
    return rng.choice(part.find_templates).format(
        object=rng.choice(part.find_objects), place=rng.choice(part.find_places)
    )


def _spoken(text: str, rng: random.Random) -> str:
    """The same words as people type them: capitals, a full stop, a "please"."""
    kind = rng.random()
    if kind < 0.15:
        return text[:1].upper() + text[1:] + "."
    if kind < 0.2:
        return text.upper()
    if kind < 0.25:
        return text + " please"
    return text


def handwritten(part: Part) -> Iterator[Prompted]:
    """Every sentence of `part` that a person wrote, as it stands."""
    for mode, lines in part.sentences.items():
        for line in lines:
            text, severity = _split(line)
            yield Prompted(text, {mode: severity}, True)
    for text, severities in part.compounds:
        yield Prompted(text, dict(severities), True)
    for text in part.clear:
        yield Prompted(text, {}, True)
    for text in part.idle:
        yield Prompted(text, {}, False)


def prompts(part: Part, count: int, seed: int) -> list[Prompted]:
    """All of `handwritten(part)` and `count` sentences made from the templates, without repetition.

    Args:
        part: TRAIN or TEST.
        count: how many to make, at least 0.
        seed: the same seed gives the same sentences.
    """
    rng = random.Random(seed)

    def described(_: int) -> Prompted:
        mode = rng.choice(MODES)
        text, severity = _one(part, mode, rng)
        return Prompted(text, {mode: severity}, True)

    makers: tuple[tuple[float, Callable[[int], Prompted]], ...] = (
        (0.42, described),
        (0.26, lambda _: _joined(part, rng)),
        (0.16, lambda _: Prompted(_negated(part, rng.choice(MODES), rng), {}, True)),
        (0.08, lambda _: Prompted(_good(part, rng), {}, True)),
        (0.08, lambda _: Prompted(_find(part, rng), {}, False)),
    )
    made = {prompted.text: prompted for prompted in handwritten(part)}
    for share, make in makers:
        for index in range(round(count * share)):
            prompted = make(index)
            text = _spoken(prompted.text, rng)
            made.setdefault(text, Prompted(text, prompted.severities, prompted.about))
    return list(made.values())
