"""Degradation modes, free text, and what a prompt resolves to.

A prompt becomes ten numbers, one severity for each mode, and nothing else of it reaches the network: what a prompt
did can be read, and answered to whoever spoke them. Modes given by name need no model. Free text is cut into clauses;
each goes through the frozen sentence encoder (`text_encoder`) and a small head (`severity_head.safetensors`).

Negation is a rule and not learned, because a sentence's feature vector hardly knows "rain" from "no rain": a negated
clause is first read without its negation, and what is then found is what is not there. Where nothing is found ("not
enough light" holds no complaint without its "not"), the clause is read as it stands.
"""

from __future__ import annotations

import difflib
import functools
import math
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from ros2_textfuse.degradations.modes import MODES
from ros2_textfuse.errors import TextfuseError
from ros2_textfuse.prompts.advice import GENERAL, advise, asks_the_opposite
from ros2_textfuse.prompts.clauses import clauses
from ros2_textfuse.prompts.object_names import find_objects

DEFAULT_SEVERITY = 0.5
MAX_LENGTH = 1000
WEIGHTS = Path(__file__).with_name("severity_head.safetensors")


class PromptError(TextfuseError, ValueError):
    """A prompt that cannot be used: the message says what was wrong, what was expected, and what to do."""


@dataclass(frozen=True)
class Tone:
    """What is asked of the fused image's tone, -1..1 each; 0 leaves it as fused."""

    brightness: float = 0.0
    contrast: float = 0.0
    colour: float = 0.0


@dataclass(frozen=True)
class Understanding:
    """What free text says.

    Args:
        modes: mode -> severity, above 0 and at most 1, in the order of MODES.
        objects: COCO class names that the text mentions, in the order of their first mention.
        unknown: the clauses nothing was made of, in lower case.
        advice: what could be said instead of those, each once.
        balance: -1 (visible) .. 1 (thermal), which camera is to count more.
        tone: of the fused image.
        auto: whether the text leaves the modes to the images.
    """

    modes: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    objects: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    advice: tuple[str, ...] = ()
    balance: float = 0.0
    tone: Tone = Tone()
    auto: bool = False


@dataclass(frozen=True)
class Prompt:
    """What a prompt resolved to.

    Args:
        text: the free text, as given.
        severities: mode -> severity, above 0 and at most 1, in the order of MODES; read-only.
        objects: COCO class names that the text mentions.
        unknown: the clauses of the text nothing was made of.
        advice: what could be said instead of those.
        balance: -1 (visible) .. 1 (thermal), which camera counts more.
        tone: of the fused image.
        auto: whether the images themselves name modes too.
    """

    text: str = ""
    severities: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    objects: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    advice: tuple[str, ...] = ()
    balance: float = 0.0
    tone: Tone = Tone()
    auto: bool = False

    def vector(self) -> NDArray[np.float32]:
        """What reaches the network: float32 [len(MODES) + 1].

        The severities, 0..1, in the order of MODES, 0 where a mode is not meant; then the balance, -1..1.
        """
        return np.array([*(self.severities.get(mode, 0.0) for mode in MODES), self.balance], np.float32)

    def summary(self) -> str:
        """One line for people: what is repaired and how strongly, and what was not understood."""
        repaired = ", ".join(f"{mode} {severity:.2f}" for mode, severity in self.severities.items())
        nothing = "no degradation named: plain fusion" if self.text else "no prompt: plain fusion"
        parts = [f"repairing {repaired}" if repaired else nothing]
        if self.objects:
            parts.append(f"objects change nothing yet: {', '.join(self.objects)}")
        if self.unknown:
            parts.append(f"not understood: {'; '.join(self.unknown)}")
        return "; ".join([*parts, *self.advice])


def resolve(text: str = "", modes: Iterable[str] = (), severity: float | None = None) -> Prompt:
    """What `text` and the named `modes` ask for.

    Text alone takes its severities from its words ("slightly", "heavily"); `severity` replaces them. Named modes take
    `severity`, or DEFAULT_SEVERITY. With both, the union holds, and named modes win. Severity 0 repairs nothing.

    Args:
        text: at most MAX_LENGTH characters; newlines and tabs count as spaces, other control characters are refused.
        modes: names of MODES; "none" alone stands for no mode. A name given twice counts once.
        severity: 0..1, or None.

    Raises:
        PromptError: one of the arguments is not as described.
        EncoderError: there is text, and no sentence encoder (`text_encoder.find_encoder`), or the head's weights are
            missing or damaged.
    """
    text = _checked_text(text)
    names = _checked_modes(modes)
    amount = _checked_severity(severity)
    understood = understand(text)
    found = dict(understood.modes)
    if amount is not None:
        found = dict.fromkeys(found, amount)
    found.update(dict.fromkeys(names, DEFAULT_SEVERITY if amount is None else amount))
    return Prompt(text, _ordered(found), understood.objects, understood.unknown, understood.advice)


def understand(text: str) -> Understanding:
    """What free text says about degradations and objects; the sentence encoder is loaded at the first call.

    Raises:
        PromptError: not a string, too long, or with control characters.
        EncoderError: no sentence encoder (`text_encoder.find_encoder`); empty text needs none.
    """
    return _understand(_checked_text(text))


@functools.lru_cache(maxsize=64)  # operators and configurations repeat themselves
def _understand(text: str) -> Understanding:
    parts = clauses(text)
    if not parts:
        return Understanding(unknown=(text.strip(),), advice=(GENERAL,)) if text.strip() else Understanding()
    from ros2_textfuse.prompts.text_encoder import encode

    # Each negated clause is encoded twice, without and with its negation; one batch for all of the text.
    sentences = [part.meaning for part in parts] + [part.affirmed for part in parts if part.negated]
    severities, about = read(encode(sentences))
    affirmed = iter(range(len(parts), len(sentences)))
    found: dict[str, float] = {}
    unknown, advice = [], []
    for index, part in enumerate(parts):
        absent = severities[next(affirmed)].any() if part.negated else False
        # A sentence's feature vector hardly knows "less contrast" from "more contrast".
        row = severities[index] * (not asks_the_opposite(part.meaning))
        if not absent:
            for mode, value in zip(MODES, row.tolist(), strict=True):
                found[mode] = max(found.get(mode, 0.0), value)
        if absent or row.any():
            continue
        hint = advise(part.meaning)
        if hint or not (about[index] or find_objects(part.text)):
            unknown.append(part.text)
            advice.append(hint or GENERAL)
    return Understanding(_ordered(found), find_objects(text), tuple(unknown), tuple(dict.fromkeys(advice)))


def read(features: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """The head: feature vectors to severities.

    Args:
        features: float32 [N, 384], as the sentence encoder makes them.

    Returns:
        severities, float32 [N, len(MODES)], 0 or 0.05..1, in the order of MODES; and whether each sentence speaks of
        the images at all, bool [N].
    """
    weights = _head()

    def linear(x: NDArray[np.float32], layer: str) -> NDArray[np.float32]:
        # Not `@`: OpenBLAS wakes a thread for every core even for this little, which then spins beside the fusion.
        return np.einsum("ni,oi->no", x, weights[f"{layer}.weight"]) + weights[f"{layer}.bias"]

    output = linear(np.maximum(linear(features, "hidden"), 0), "output")
    count = len(MODES)
    present, strength = output[:, : count + 1], output[:, count + 1 :]
    severity = np.clip(1 / (1 + np.exp(-strength.clip(-30, 30))), 0.05, 1)
    # Below the threshold a mode is exactly 0, so that a neutral prompt is the same as none.
    severities = np.where(present[:, :count] > weights["threshold"], severity, 0).astype(np.float32)
    return severities, present[:, count] > 0


@functools.lru_cache(maxsize=1)
def _head() -> dict[str, NDArray[np.float32]]:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    from ros2_textfuse.prompts.text_encoder import EncoderError

    try:
        return {name: array.astype(np.float32) for name, array in load_file(WEIGHTS).items()}
    except (OSError, SafetensorError) as error:
        raise EncoderError(f"{WEIGHTS} cannot be read ({error}): install textfuse again") from error


def forget() -> None:
    """Reads the head's weights anew at the next text, after they were written."""
    _head.cache_clear()
    _understand.cache_clear()


def _ordered(found: Mapping[str, float]) -> Mapping[str, float]:
    return MappingProxyType({mode: float(found[mode]) for mode in MODES if found.get(mode, 0.0) > 0})


def _checked_text(text: object) -> str:
    if not isinstance(text, str):
        raise PromptError(f"The prompt is a {type(text).__name__}; expected a string. Pass text, or '' for none.")
    if len(text) > MAX_LENGTH:
        raise PromptError(
            f"The prompt has {len(text)} characters; at most {MAX_LENGTH} are read. Shorten it to what matters."
        )
    for position, letter in enumerate(text):
        if unicodedata.category(letter) in ("Cc", "Cs") and letter not in "\n\r\t":
            raise PromptError(
                f"The prompt has the control character U+{ord(letter):04X} at position {position}; expected printable "
                "text (newlines and tabs are allowed). Remove it."
            )
    return text


def _checked_modes(modes: object) -> tuple[str, ...]:
    if isinstance(modes, str | bytes) or not isinstance(modes, Iterable):
        raise PromptError(
            f"modes is {modes!r:.80}; expected a list of names. Write for example modes=['low_light', 'ir_noise']."
        )
    names = tuple(modes)
    for name in names:
        if name in MODES or (isinstance(name, str) and name == "none"):
            continue
        close = difflib.get_close_matches(name.lower(), MODES, 1) if isinstance(name, str) else []
        guess = f" Did you mean {close[0]!r}?" if close else ""
        raise PromptError(f"Unknown mode {name!r:.80}.{guess} Choose from: {', '.join(MODES)}; or 'none' alone.")
    if "none" in names and set(names) != {"none"}:
        raise PromptError(
            f"modes has 'none' beside {', '.join(sorted(set(names) - {'none'}))}; expected 'none' alone. Remove one."
        )
    return () if "none" in names else names


def _checked_severity(severity: object) -> float | None:
    if severity is None:
        return None
    if isinstance(severity, bool) or not isinstance(severity, int | float | np.integer | np.floating):
        raise PromptError(f"severity is {severity!r}; expected a number from 0 to 1, or None to take it from the text.")
    if not (math.isfinite(severity) and 0 <= severity <= 1):
        raise PromptError(f"severity is {severity}; expected a number from 0 to 1. 0 repairs nothing, 1 is the worst.")
    return float(severity)
