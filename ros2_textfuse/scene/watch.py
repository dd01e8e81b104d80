"""The scene over time: estimates smoothed, with hysteresis, so that the fused image neither pumps nor flips."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ros2_textfuse.scene.conditions import CONDITIONS, credible
from ros2_textfuse.scene.estimator import Estimate, Estimator
from ros2_textfuse.scene.features import PARTS, Features

GLANCE = 0.025  # s that pass for each of the PARTS of a look: at 30 Hz one with each frame
MEMORY = 0.45  # s in which an estimate loses two thirds of its weight
LONGEST = 2.0  # s without a look, after which the scene begins anew
ON, OFF = 0.65, 0.35  # smoothed probability from which a condition holds, and below which it does no more
STEP = 0.12  # by which a severity must have moved to be followed
RATE = 0.8  # severity a second, at most: a change is a fade
LIGHTS = ("night", "dusk", "day")
DARKER, BRIGHTER = (0.12, 0.24), (0.15, 0.28)  # brightness that ends a light, and that begins the next brighter one


@dataclass(frozen=True)
class Scene:
    """What the images say of themselves.

    Args:
        conditions: degradation, `glare` or `smoke` -> severity 0..1, of those that hold; read-only.
        light: `night`, `dusk` or `day`.
        credibility: the same names -> how far to believe a person who names it, 0..1; empty before the first look.
    """

    conditions: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    light: str = "day"
    credibility: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))

    def __reduce__(self) -> tuple[Any, ...]:
        """For pickle, which does not take a read-only mapping."""
        return _scene, (dict(self.conditions), self.light, dict(self.credibility))


def _scene(conditions: dict[str, float], light: str, credibility: dict[str, float]) -> Scene:
    return Scene(MappingProxyType(conditions), light, MappingProxyType(credibility))


class SceneWatch:
    """Looks at the pairs of a stream, several times a second, and says what lasts.

    A look takes longer than a frame can spare, so its parts are shared among frames: what a scene is does not change
    from one to the next.

    Args:
        estimator: of single pairs.
    """

    def __init__(self, estimator: Estimator | None = None) -> None:
        self._estimator = estimator or Estimator()
        self.scene = Scene()
        """What was said last."""
        self._last: float | None = None  # stamp of the last pair
        self._glanced = self._looked = 0.0  # stamps of the last one that a part was read from, and of the last look
        self._found: Features = {}  # by the parts of the look that is under way
        self._part = 0  # that comes next
        self._holds = np.zeros(len(CONDITIONS), bool)

    def prepare(self, height: int, width: int) -> None:
        """Load the estimator and look once, so that the first image does not wait for it.

        Args:
            height: of images, pixels.
            width: of images, pixels.

        Raises:
            EstimatorError: the estimator's weights cannot be used.
        """
        blank = np.zeros((height, width), np.uint8)
        self._estimator(np.dstack([blank] * 3), blank)

    def look(self, visible: NDArray[np.uint8], thermal: NDArray[np.uint8], seconds: float | None = None) -> Scene:
        """What the scene is after this pair; one that follows another closely is looked at in part, or not at all.

        Args:
            visible: uint8 RGB [H, W, 3], registered.
            thermal: uint8 [H, W].
            seconds: stamp of the pair; None for one that has nothing to do with those before.

        Raises:
            EstimatorError: the estimator's weights cannot be used.
        """
        if seconds is None or self._last is None or not 0 <= seconds - self._last <= LONGEST:
            # What a single pair says is all that is known of it; of a stream more will come.
            self._begin(self._estimator(visible, thermal), 0.5 if seconds is None else ON)
            self._glanced = self._looked = seconds or 0.0
            self._part = 0
        else:
            if self._glance(visible, thermal, seconds):
                self._go_on(self._estimator.judge(self._found), seconds - self._looked)
                self._looked = seconds
            elif np.array_equal(self._shown, self._goal):
                self._last = seconds
                return self.scene
            self._fade(seconds - self._last)
        self._last = seconds
        severities, credibility = self._shown.round(3).tolist()
        conditions = {name: severity for name, severity in zip(CONDITIONS, severities, strict=True) if severity}
        believed = dict(zip(CONDITIONS, credibility, strict=True))
        self.scene = Scene(MappingProxyType(conditions), LIGHTS[self._light], MappingProxyType(believed))
        return self.scene

    def _glance(self, visible: NDArray[np.uint8], thermal: NDArray[np.uint8], seconds: float) -> bool:
        """Read the parts that are due from a pair; whether they complete a look."""
        due = min(int((seconds - self._glanced) / GLANCE), len(PARTS) - self._part)
        for part in PARTS[self._part : self._part + due]:
            self._found |= part(visible, thermal)
        if due:
            self._glanced = seconds
        self._part = (self._part + due) % len(PARTS)
        return due > 0 and self._part == 0

    def _begin(self, estimate: Estimate, on: float) -> None:
        self._probability, self._severity = estimate.probability, estimate.severity
        self._brightness = estimate.brightness
        self._light = sum(estimate.brightness > level for level in DARKER)
        self._holds = estimate.probability >= on
        self._goal = self._shown = np.stack(
            [np.where(self._holds, estimate.severity, 0), credible(estimate.probability)]
        )

    def _go_on(self, estimate: Estimate, passed: float) -> None:
        new = 1 - math.exp(-passed / MEMORY)
        self._probability = self._probability + new * (estimate.probability - self._probability)
        # A severity means something only where its condition was seen.
        trust = new * np.maximum(estimate.probability, 0.05)
        self._severity = self._severity + trust * (estimate.severity - self._severity)
        self._brightness += new * (estimate.brightness - self._brightness)
        self._light = max(self._light, sum(self._brightness > level for level in BRIGHTER))
        self._light = min(self._light, sum(self._brightness > level for level in DARKER))
        began = ~self._holds & (self._probability >= ON)
        self._holds = (self._holds | began) & (self._probability >= OFF)
        new_goal = np.stack([self._severity, credible(self._probability)])
        moved = np.abs(new_goal - self._goal) > STEP
        moved[0] |= began
        self._goal = np.where(moved, new_goal, self._goal)
        self._goal[0] *= self._holds

    def _fade(self, passed: float) -> None:
        """Towards the goal, with every frame: a change at each look would be seen as a step."""
        self._shown = self._shown + np.clip(self._goal - self._shown, -RATE * passed, RATE * passed)
        near = np.abs(self._shown - self._goal) < 1e-3
        self._shown = np.where(near, self._goal, self._shown)
