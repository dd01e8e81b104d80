"""An engine with one for rain in front of it: streaks are taken from the visible image before it is fused.

The network for rain (networks/derain.py) is shared by all that fuse, is compiled like them, and costs nothing while no
prompt names rain. The network that fuses is then not told of rain any more.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ros2_textfuse.degradations.modes import MODES
from ros2_textfuse.engines.base import DeviceEngine, Engine, EngineConfig
from ros2_textfuse.engines.selection import build_engine
from ros2_textfuse.networks.source import NetworkSource, modulation_of, reads_sentences
from ros2_textfuse.networks.stored import StoredNetwork, read_derain

if TYPE_CHECKING:
    from torch import Tensor

RAIN = MODES.index("rain")


def build(name: str, config: EngineConfig) -> tuple[Engine, str]:
    """As `build_engine`, with the network for rain in front where the network reads severities; textif knows rain.

    Raises:
        EngineError: as of `build_engine`.
        WeightsError: the weights of the network for rain are missing or damaged.
    """
    fusing, warning = build_engine(name, config)
    if reads_sentences(config.source):
        return fusing, warning
    clearing, _ = build_engine(name, replace(config, source=_derain()))
    if isinstance(fusing, DeviceEngine) and isinstance(clearing, DeviceEngine):
        return DerainingOnDevice(clearing, fusing), warning
    return Deraining(clearing, fusing), warning


def modulation_under_rain(source: NetworkSource, features: NDArray[np.float32]) -> NDArray[np.float32]:
    """The modulation that an engine of `build` takes: that of the network for rain, then that of the one that fuses.

    Args:
        source: of the network that fuses.
        features: [1, inputs], as of `PromptInput.features`.

    Returns:
        float32 [1, 1 + modulation_size], or [1, modulation_size] of textif.
    """
    if reads_sentences(source):
        return modulation_of(source, features)
    dry = features.copy()
    dry[:, RAIN] = 0
    return np.concatenate([modulation_of(_derain(), features), modulation_of(source, dry)], 1)


class Deraining:
    """See `Engine`; the first number of its modulation is how far streaks are taken, 0..1.

    Args:
        clearing: of the network for rain.
        fusing: of the network that fuses.
    """

    def __init__(self, clearing: Engine, fusing: Engine) -> None:
        self.name = fusing.name
        self._clearing, self._fusing = clearing, fusing
        self._clear: NDArray[np.uint8] | None = None
        self._given = self._of_rain = self._of_fusion = np.zeros((1, 0), np.float32)

    def run(
        self,
        visible: NDArray[np.uint8],
        thermal: NDArray[np.uint8],
        modulation: NDArray[np.float32],
        out: NDArray[np.uint8],
    ) -> None:
        """See `Engine.run`."""
        if self._rains(modulation):
            if self._clear is None:
                self._clear = np.empty_like(visible, order="C")
            self._clearing.run(visible, thermal, self._of_rain, self._clear)
            visible = self._clear
        self._fusing.run(visible, thermal, self._of_fusion, out)

    def _rains(self, modulation: NDArray[np.float32]) -> bool:
        if modulation is not self._given:  # engines know a modulation that they have seen by its identity
            self._given = modulation
            self._of_rain, self._of_fusion = (np.ascontiguousarray(part) for part in np.split(modulation, [1], 1))
        return bool(self._of_rain[0, 0] > 0)


class DerainingOnDevice(Deraining):
    """The same of two engines that take images on their device; see `DeviceEngine`."""

    _clearing: DeviceEngine  # type: ignore[assignment]  # which is an Engine, too
    _fusing: DeviceEngine  # type: ignore[assignment]

    def run_on_device(
        self, visible: Tensor, thermal: Tensor, modulation: NDArray[np.float32], out: Tensor | None
    ) -> Tensor:
        """See `DeviceEngine.run_on_device`."""
        if self._rains(modulation):
            visible = self._clearing.run_on_device(visible, thermal, self._of_rain, None)
        return self._fusing.run_on_device(visible, thermal, self._of_fusion, out)


@cache
def _derain() -> StoredNetwork:
    return read_derain()
