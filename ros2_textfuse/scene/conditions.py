"""What images can say of themselves, and what it asks of the fusion.

To the degradations that a mode repairs come two obstructions, against which only the other camera helps.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ros2_textfuse.degradations.modes import MODES
from ros2_textfuse.prompts.prompt import Prompt, in_order

OBSTRUCTIONS = ("glare", "smoke")
CONDITIONS = (*MODES, *OBSTRUCTIONS)
"""In the order of the estimator's outputs."""

TOWARDS_THERMAL = {"smoke": 0.8, "glare": 0.6}  # balance at severity 1
TOWARDS_VISIBLE = {"ir_noise": 0.4, "ir_stripe": 0.4, "ir_low_contrast": 0.2}
SMOKE_AS_HAZE = 0.6  # thin smoke is haze; the network has learned to look through that
WORD = 50.0  # how many times as probable, in odds, a condition is that a person has named
LEAST = 0.01  # credibility below which nothing is repaired
DOUBTED = 0.5  # share of what was asked for, below which a person is told


def credible(probability: NDArray[np.floating]) -> NDArray[np.floating]:
    """How probable what a person has named is, in the light of how probable the images alone make it, 0..1 each.

    By Bayes' rule: the person's word is worth WORD in odds. So a repair that is plainly needless does no harm.
    """
    return WORD * probability / (1 + (WORD - 1) * probability)


def completed(prompt: Prompt, conditions: Mapping[str, float]) -> Prompt:
    """A prompt with what the images ask for where it says nothing itself; one that is not `auto` stays as it is.

    Args:
        prompt: what a person has asked for, who has the last word on the modes that it names or denies, and on the
            balance; one that only a robot is set to is where the images' balance starts from.
        conditions: names of CONDITIONS -> severity 0..1.
    """
    if not prompt.auto:
        return prompt
    open_ones = {mode: severity for mode, severity in modes(conditions).items() if mode not in prompt.denied}
    weight = prompt.balance
    if not prompt.weighed:
        weight = min(1.0, max(-1.0, weight + balance(conditions)))
    return replace(prompt, severities=in_order({**open_ones, **prompt.severities}), balance=weight)


def borne_out(prompt: Prompt, credibility: Mapping[str, float]) -> Prompt:
    """A prompt whose degradations are as severe as was said, as far as that is credible.

    Args:
        prompt: `completed`.
        credibility: names of CONDITIONS -> `credible`, 0..1; 1 for those that are missing.
    """
    believed = {mode: credibility.get(mode, 1.0) for mode in prompt.severities}
    if "haze" in believed:
        believed["haze"] = max(believed["haze"], credibility.get("smoke", 0.0))
    severities = {mode: believed[mode] * said for mode, said in prompt.severities.items() if believed[mode] >= LEAST}
    return replace(prompt, severities=severities)


def doubted(prompt: Prompt, heeded: Prompt) -> str:
    """Which degradations are named and hardly to be seen in the images, for people; empty where there are none.

    Args:
        prompt: what was asked for.
        heeded: the same, `borne_out`.
    """
    shares = {mode: heeded.severities.get(mode, 0.0) / severity for mode, severity in prompt.severities.items()}
    names = [f"{mode} by {share:.0%}" for mode, share in shares.items() if share < DOUBTED]
    return f"named and hardly to be seen in the images, so repaired in part only: {', '.join(names)}" if names else ""


def modes(conditions: Mapping[str, float]) -> dict[str, float]:
    """Mode -> severity."""
    found = {mode: conditions[mode] for mode in MODES if mode in conditions}
    if "smoke" in conditions:
        found["haze"] = max(found.get("haze", 0.0), SMOKE_AS_HAZE * conditions["smoke"])
    return found


def balance(conditions: Mapping[str, float]) -> float:
    """-1 (visible) .. 1 (thermal): away from the camera that sees less."""

    def strongest(weights: Mapping[str, float]) -> float:
        return max((weight * conditions.get(name, 0.0) for name, weight in weights.items()), default=0.0)

    return round(strongest(TOWARDS_THERMAL) - strongest(TOWARDS_VISIBLE), 3)
