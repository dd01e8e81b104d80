"""Which conditions a pair of images shows, and how strong they are: a small head over `features`.

Trained by `training.scene_estimator` on degradations of `degradations`.
"""

from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ros2_textfuse.errors import TextfuseError
from ros2_textfuse.scene.conditions import CONDITIONS
from ros2_textfuse.scene.features import Features, features

WEIGHTS = Path(__file__).with_name("estimator.safetensors")
LIT = 0.3  # brightness 0..1 above which an image is not dark, however it came about
# Share of clipped pixels and brightness: below both, what is lit is not over-exposed.
CLIPS, BRIGHT = 0.03, 0.45
FURTHEST = 4.0  # standard deviations; beyond what was trained on, further is not more


class EstimatorError(TextfuseError):
    """The estimator's weights are missing, damaged, or of other features: the message says what to do."""


class Estimate(NamedTuple):
    """What one pair shows, float32 [len(CONDITIONS)] each, 0..1."""

    probability: NDArray[np.float32]
    """That the condition holds; it is named from 0.5 on."""
    severity: NDArray[np.float32]
    """How strong it is where it holds."""
    brightness: float
    """Mean of the quartiles of the visible image's luma, 0..1: lamps in the dark do not make it bright."""

    def named(self) -> dict[str, float]:
        """Condition -> severity, of those that hold."""
        return {
            name: float(severity)
            for name, probability, severity in zip(CONDITIONS, self.probability, self.severity, strict=True)
            if probability >= 0.5
        }


class Estimator:
    """Looks at pairs; the weights are read at the first.

    Args:
        path: of the weights.
    """

    def __init__(self, path: Path = WEIGHTS) -> None:
        self._path = path

    def __call__(self, visible: NDArray[np.uint8], thermal: NDArray[np.uint8]) -> Estimate:
        """What a registered pair shows.

        Args:
            visible: uint8 RGB [H, W, 3].
            thermal: uint8 [H, W].

        Raises:
            EstimatorError: the weights cannot be used.
        """
        return self.judge(features(visible, thermal))

    def judge(self, found: Features) -> Estimate:
        """What the numbers of a pair say, whichever frames its parts were read from.

        Args:
            found: as of `features`, in its order.

        Raises:
            EstimatorError: the weights cannot be used.
        """
        values = np.fromiter(found.values(), np.float32, len(found))
        weights = self._weights
        hidden = np.clip((values - weights["mean"]) / weights["spread"], -FURTHEST, FURTHEST)
        # Not `@`: OpenBLAS wakes a thread for every core even for this little, which then spins beside the fusion.
        hidden = np.maximum(np.einsum("oi,i->o", weights["hidden.weight"], hidden) + weights["hidden.bias"], 0)
        output = np.einsum("oi,i->o", weights["output.weight"], hidden) + weights["output.bias"]
        probability, severity = 1 / (1 + np.exp(-output.reshape(2, -1).clip(-30, 30)))
        brightness = (found["v_p25"] + found["v_p50"] + found["v_p75"]) / 3
        if brightness > LIT:
            probability[CONDITIONS.index("low_light")] = 0
        if LIT < brightness < BRIGHT and found["clipped"] < CLIPS:  # hard highlights of a photograph
            probability[CONDITIONS.index("over_exposure")] = 0
        return Estimate(probability, severity, brightness)

    @cached_property
    def _weights(self) -> dict[str, NDArray[np.float32]]:
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(self._path, "numpy") as file:
                metadata = file.metadata() or {}
                weights = {name: file.get_tensor(name).astype(np.float32) for name in file.keys()}  # noqa: SIM118
        except (OSError, SafetensorError) as error:
            raise EstimatorError(f"{self._path} cannot be read ({error}): install textfuse again") from error
        blank = np.zeros((64, 64), np.uint8)
        for what, here in (("conditions", CONDITIONS), ("features", features(np.dstack([blank] * 3), blank))):
            if metadata.get(what, "").split(",") != list(here):
                raise EstimatorError(
                    f"{self._path} was trained for other {what} than this version has: train it anew by "
                    "python -m ros2_textfuse.training.scene_estimator"
                )
        return weights
