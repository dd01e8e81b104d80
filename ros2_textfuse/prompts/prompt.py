"""What a prompt is: severities of degradations, objects, the balance of the cameras, the tone of the fused image.

Nothing else of a text reaches the images: what a prompt did can be read, and is answered to whoever spoke it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ros2_textfuse.degradations.modes import MODES
from ros2_textfuse.errors import TextfuseError
from ros2_textfuse.prompts.commands import Command

DEFAULT_SEVERITY = 0.5
MAX_LENGTH = 1000
AUTO = "auto"  # beside the modes: the images themselves name them
_QUOTED = 60  # characters of a clause that is quoted in an answer


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
    """What free text says, whatever is in force.

    Args:
        modes: mode -> severity, above 0 and at most 1, in the order of MODES.
        objects: COCO class names that the text wants to see, in the order of their first mention.
        unknown: the clauses nothing was made of, in lower case.
        advice: what could be said instead of those, and what was read as what, each once.
        balance: -1 (visible) .. 1 (thermal), which camera is to count more.
        tone: of the fused image.
        auto: whether the text leaves the modes to the images.
        denied: modes and class names that the text says are absent or unwanted.
        command: what the text does to the prompt in force, before all else that it asks for.
        adds: whether the text only adds to what is in force: "also ...", a wish for more thermal or less contrast, or
            nothing but negations.
        sets_balance: whether the text says how much a camera counts ("thermal only") and not only in which direction.
        refused: whether a clause was understood and cannot be served, or contradicts another.
    """

    modes: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    objects: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    advice: tuple[str, ...] = ()
    balance: float = 0.0
    tone: Tone = Tone()
    auto: bool = False
    denied: tuple[str, ...] = ()
    command: Command | None = None
    adds: bool = False
    sets_balance: bool = False
    refused: bool = False

    @property
    def asks(self) -> bool:
        """Whether anything was made of the text beside a command, and of the modes that this is about."""
        modes = self.modes if not (self.command and self.command.target) else ()
        made = modes or self.objects or self.balance or self.auto or self.denied
        return bool(made) or self.tone != Tone() or self.sets_balance

    @property
    def says_nothing(self) -> bool:
        """Whether there was text, and nothing was made of any of it."""
        return bool(self.unknown) and not self.asks and not self.command


@dataclass(frozen=True)
class Prompt:
    """What a prompt resolved to.

    Args:
        text: the free text, as given.
        severities: mode -> severity, above 0 and at most 1, in the order of MODES; read-only.
        objects: COCO class names of what is to be brought out.
        unknown: the clauses of the text nothing was made of.
        advice: what could be said instead of those, and what was read as what.
        balance: -1 (visible) .. 1 (thermal), which camera counts more.
        tone: of the fused image.
        auto: whether the images themselves name modes too.
        weighed: whether the balance was asked for, be it 0; else it may be whatever a robot is set to.
        denied: modes that are not to be repaired, whatever the images say.
    """

    text: str = ""
    severities: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    objects: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    advice: tuple[str, ...] = ()
    balance: float = 0.0
    tone: Tone = Tone()
    auto: bool = False
    weighed: bool = False
    denied: tuple[str, ...] = ()

    def vector(self) -> NDArray[np.float32]:
        """What reaches the network: float32 [len(MODES) + 1].

        The severities, 0..1, in the order of MODES, 0 where a mode is not meant; then the balance, -1..1.
        """
        return np.array([*(self.severities.get(mode, 0.0) for mode in MODES), self.balance], np.float32)

    def fields(self) -> dict[str, Any]:
        """What is said of it to others, under the names of FusionStatus and of SetPrompt's answer."""
        return {
            "prompt": self.text,
            "modes": list(self.severities),
            "severities": list(self.severities.values()),
            "objects": list(self.objects),
            "balance": self.balance,
            "auto_mode": self.auto,
            **asdict(self.tone),
        }

    def summary(self) -> str:
        """One line for people: what is done and how strongly, and what was not understood, in quotation marks."""
        parts = self._done()
        if not parts:
            parts = [f"{self._nothing()}: plain fusion"]
        if self.unknown:
            parts.append("not understood: " + ", ".join(map(quoted, self.unknown)))
        return "; ".join([*parts, *self.advice])

    def _nothing(self) -> str:
        """Why nothing is done: never silence on what somebody said."""
        if not self.text.strip():
            return "no prompt"
        return "no degradation named" if self.unknown or self.advice else f"nothing to do in {quoted(self.text)}"

    def _done(self) -> list[str]:
        parts = ["auto: the images name what is repaired"] if self.auto else []
        if self.severities:
            parts.append("repairing " + ", ".join(f"{mode} {value:.2f}" for mode, value in self.severities.items()))
        if self.objects:
            parts.append("bringing out " + ", ".join(self.objects))
        if self.balance:
            parts.append(f"balance {self.balance:+.2f} (to {'thermal' if self.balance > 0 else 'visible'})")
        tone = ", ".join(f"{axis} {value:+.2f}" for axis, value in vars(self.tone).items() if value)
        return [*parts, *([tone] if tone else [])]


def quoted(clause: str) -> str:
    """Someone else's words inside an answer: short, on one line, and seen to be a quotation."""
    plain = " ".join(clause.replace('"', "'").split())
    return f'"{plain}"' if len(plain) <= _QUOTED else f'"{plain[: _QUOTED - 3]}..."'


def in_order(found: Mapping[str, float]) -> Mapping[str, float]:
    """Severities above 0, in the order of MODES; read-only."""
    return MappingProxyType({mode: float(found[mode]) for mode in MODES if found.get(mode, 0.0) > 0})
