"""What a caller may pass to `resolve`; the messages say what was wrong, what was expected, and what to do."""

from __future__ import annotations

import difflib
import math
import unicodedata
from collections.abc import Iterable

import numpy as np

from ros2_textfuse.degradations.modes import MODES
from ros2_textfuse.prompts.object_names import COCO, find_objects
from ros2_textfuse.prompts.prompt import AUTO, MAX_LENGTH, PromptError


def text_of(text: object) -> str:
    """`text`, at most MAX_LENGTH printable characters."""
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


def modes_of(modes: object) -> tuple[str, ...]:
    """The named modes; "none" is no mode, and "auto" stays among them."""
    if isinstance(modes, str | bytes) or not isinstance(modes, Iterable):
        raise PromptError(
            f"modes is {modes!r:.80}; expected a list of names. Write for example modes=['low_light', 'ir_noise']."
        )
    names = tuple(modes)
    for name in names:
        if name in MODES or (isinstance(name, str) and name in ("none", AUTO)):
            continue
        close = difflib.get_close_matches(name.lower(), (*MODES, AUTO), 1) if isinstance(name, str) else []
        guess = f" Did you mean {close[0]!r}?" if close else ""
        raise PromptError(
            f"Unknown mode {name!r:.80}.{guess} Choose from: {', '.join(MODES)}; or 'auto'; or 'none' alone."
        )
    if "none" in names and set(names) != {"none"}:
        raise PromptError(
            f"modes has 'none' beside {', '.join(sorted(set(names) - {'none'}))}; expected 'none' alone. Remove one."
        )
    return () if "none" in names else names


def objects_of(objects: object) -> tuple[str, ...]:
    """Class names of the things named; synonyms ("pedestrian") and groups ("vehicles") are resolved."""
    if isinstance(objects, str | bytes) or not isinstance(objects, Iterable):
        raise PromptError(
            f"objects is {objects!r:.80}; expected a list of names. Write for example objects=['person', 'car']."
        )
    found: dict[str, None] = {}
    for name in objects:
        classes = find_objects(name) if isinstance(name, str) else ()
        if not classes:
            close = difflib.get_close_matches(str(name).lower(), COCO, 1)
            guess = f" Did you mean {close[0]!r}?" if close else ""
            raise PromptError(
                f"Unknown object {name!r:.80}.{guess} Expected a class name of COCO, as person, car or dog; see the "
                "prompt guide."
            )
        found.update(dict.fromkeys(classes))
    return tuple(found)


def balance_of(balance: object) -> float | None:
    """-1..1, or None."""
    if balance is None:
        return None
    if isinstance(balance, bool) or not isinstance(balance, int | float | np.integer | np.floating):
        raise PromptError(f"balance is {balance!r}; expected a number from -1 to 1, or None to take it from the text.")
    if not (math.isfinite(balance) and -1 <= balance <= 1):
        raise PromptError(f"balance is {balance}; expected a number from -1 (visible) to 1 (thermal).")
    return float(balance)


def severity_of(severity: object) -> float | None:
    """0..1, or None."""
    if severity is None:
        return None
    if isinstance(severity, bool) or not isinstance(severity, int | float | np.integer | np.floating):
        raise PromptError(f"severity is {severity!r}; expected a number from 0 to 1, or None to take it from the text.")
    if not (math.isfinite(severity) and 0 <= severity <= 1):
        raise PromptError(f"severity is {severity}; expected a number from 0 to 1. 0 repairs nothing, 1 is the worst.")
    return float(severity)
