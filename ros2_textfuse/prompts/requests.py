"""Requests in words that no rule knows, by meaning: "put some light in", "you know best"."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ros2_textfuse.prompts.commands import Command
from ros2_textfuse.prompts.degrees import ratio, step
from ros2_textfuse.prompts.head import classify
from ros2_textfuse.prompts.tone import is_state

# In the order of phrasings/requests.yaml.
REQUESTS = (
    "cameras", "darker", "brighter", "contrast+", "contrast-", "colour+", "colour-",
    "auto", "undo", "reset", "more", "less", "none",
)  # fmt: skip
_SURE = 0.7
_TONES = {
    "darker": ("brightness", -1.0), "brighter": ("brightness", 1.0), "contrast+": ("contrast", 1.0),
    "contrast-": ("contrast", -1.0), "colour+": ("colour", 1.0), "colour-": ("colour", -1.0),
}  # fmt: skip


@dataclass(frozen=True)
class Request:
    """What a clause asks for: one of these is set.

    Args:
        tone: axis -> -1..1.
        auto: whether it leaves the modes to the images.
        command: what it does to the prompt in force.
        advice: what to say instead, where it is about the cameras: which of them is to count more, a feature vector
            hardly knows.
    """

    tone: tuple[tuple[str, float], ...] = ()
    auto: bool = False
    command: Command | None = None
    advice: str = ""


def read_request(features: NDArray[np.float32], clause: str) -> Request | None:
    """What a clause asks for by its meaning; None where that is not sure.

    Args:
        features: of the clause, float32 [384].
        clause: lower case; its words say how much.
    """
    number, probability = classify(features[None], "requests")
    name = REQUESTS[int(number[0])]
    if name == "none" or probability[0] < _SURE:
        return None
    if name == "cameras":
        return Request(advice="which camera is to count more? Say 'more thermal', 'less thermal' or 'thermal only'")
    if name in _TONES:
        if is_state(clause):  # a complaint, which the severity head knows or nobody
            return None
        axis, sign = _TONES[name]
        return Request(tone=((axis, sign * step(clause)),))
    if name == "auto":
        return Request(auto=True)
    size = ratio(clause)
    return Request(command=Command(name, {"more": size, "less": 1 / size}.get(name, 1.0)))
