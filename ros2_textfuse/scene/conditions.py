"""What images can say of themselves, and what it asks of the fusion.

To the degradations that a mode repairs come two obstructions, against which only the other camera helps.
"""

from collections.abc import Mapping
from dataclasses import replace

from ros2_textfuse.degradations.modes import MODES
from ros2_textfuse.prompts.prompt import Prompt, in_order

OBSTRUCTIONS = ("glare", "smoke")
CONDITIONS = (*MODES, *OBSTRUCTIONS)
"""In the order of the estimator's outputs."""

TOWARDS_THERMAL = {"smoke": 0.8, "glare": 0.6}  # balance at severity 1
TOWARDS_VISIBLE = {"ir_noise": 0.4, "ir_stripe": 0.4, "ir_low_contrast": 0.2}
SMOKE_AS_HAZE = 0.6  # thin smoke is haze; the network has learned to look through that


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
