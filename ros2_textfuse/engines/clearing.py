"""An engine with others in front of it that clear the visible image of rain and of noise before it is fused.

The networks for that (networks/clearing.py) are shared by all that fuse, are compiled like them, and cost nothing while
no prompt names what they take. The range of the thermal image is spread there as well, which takes no network. The
network that fuses is then not told of it any more.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ros2_textfuse.degradations.modes import MODES
from ros2_textfuse.engines.base import DeviceEngine, Engine, EngineConfig, OverlappingEngine, start
from ros2_textfuse.engines.selection import build_engine
from ros2_textfuse.imaging.stretching import stretched, table
from ros2_textfuse.networks.source import NetworkSource, modulation_of, reads_sentences
from ros2_textfuse.networks.stored import CLEARED, LEAST, read_clearing

if TYPE_CHECKING:
    from torch import Tensor

STRETCHED = "ir_low_contrast"
TAKEN = [MODES.index(mode) for mode in (*CLEARED, STRETCHED)]


def build(name: str, config: EngineConfig) -> tuple[Engine, str]:
    """As `build_engine`, with those that clear in front where the network reads severities; textif clears by itself.

    Raises:
        EngineError: as of `build_engine`.
    """
    fusing, warning = build_engine(name, config)
    if reads_sentences(config.source):
        return fusing, warning

    def build_clearing(mode: str) -> Engine:
        return build_engine(name, replace(config, source=read_clearing(mode)))[0]

    kind = ClearedOnDevice if isinstance(fusing, DeviceEngine) else Cleared
    return kind(build_clearing, fusing), warning


def modulation_in_parts(
    source: NetworkSource, features: NDArray[np.float32], clears: bool = True
) -> NDArray[np.float32]:
    """The modulation that an engine of `build` takes: a number for each of TAKEN, then that of the one that fuses.

    Args:
        source: of the network that fuses.
        features: [1, inputs], as of `PromptInput.features`.
        clears: whether networks in front act; else the one that fuses is told of all that they would take.

    Returns:
        float32 [1, len(TAKEN) + modulation_size], or [1, modulation_size] of textif.
    """
    if reads_sentences(source):
        return modulation_of(source, features)
    taken, told = features[:, TAKEN], features.copy()
    taken[:, : len(CLEARED)] *= clears
    told[:, TAKEN] -= taken
    return np.concatenate([taken, modulation_of(source, told)], 1)


class Cleared(OverlappingEngine):
    """See `Engine`; the first numbers of its modulation say how far each of those in front is to act, 0..1.

    Those in front are built when they are first asked for, or by `complete`: many a prompt needs none.

    Args:
        build_clearing: builds the engine that takes a mode of CLEARED; may raise EngineError.
        fusing: of the network that fuses.
    """

    def __init__(self, build_clearing: Callable[[str], Engine], fusing: Engine) -> None:
        self.name = fusing.name
        self._build_clearing, self._fusing = build_clearing, fusing
        self._clearing: dict[str, Engine] = {}
        self._building = threading.Lock()
        self._modulation = self._fusion_modulation = np.zeros((1, 0), np.float32)
        self._active: list[tuple[Engine, NDArray[np.float32]]] = []
        self._stretch = 0.0

    def complete(self) -> None:
        """Build all of those in front.

        Raises:
            EngineError: one cannot be built.
        """
        for mode in CLEARED:
            self._clearing_engine(mode)

    def _clearing_engine(self, mode: str) -> Engine:
        with self._building:
            if mode not in self._clearing:
                self._clearing[mode] = self._build_clearing(mode)
            return self._clearing[mode]

    def start(
        self,
        visible: NDArray[np.uint8],
        thermal: NDArray[np.uint8],
        modulation: NDArray[np.float32],
        out: NDArray[np.uint8],
    ) -> Callable[[], None]:
        """See `OverlappingEngine.start`; those in front have done their work when it returns."""
        self._take_up(modulation)
        if self._stretch:
            thermal = stretched(thermal, self._stretch)
        for engine, severity in self._active:
            clear = np.empty_like(visible, order="C")
            engine.run(visible, thermal, severity, clear)
            visible = clear
        return start(self._fusing, visible, thermal, self._fusion_modulation, out)

    def _take_up(self, modulation: NDArray[np.float32]) -> None:
        if modulation is self._modulation:  # engines know a modulation that they have seen by its identity
            return
        *severities, stretch, self._fusion_modulation = (
            np.ascontiguousarray(part) for part in np.split(modulation, range(1, len(TAKEN) + 1), 1)
        )
        self._stretch = float(stretch[0, 0])
        named = [pair for pair in zip(CLEARED, severities, strict=True) if pair[1][0, 0] > LEAST]
        self._active = [(self._clearing_engine(mode), severity) for mode, severity in named]
        self._modulation = modulation


class ClearedOnDevice(Cleared):
    """The same of engines that take images on their device; see `DeviceEngine`."""

    def run_on_device(
        self, visible: Tensor, thermal: Tensor, modulation: NDArray[np.float32], out: Tensor | None
    ) -> Tensor:
        """See `DeviceEngine.run_on_device`."""
        self._take_up(modulation)
        if self._stretch:  # 256 numbers go to the host and back
            counts = thermal.flatten().bincount(minlength=256).cpu().numpy()
            levels = table(counts, self._stretch)
            thermal = thermal.new_tensor(levels)[thermal.long()]
        for engine, severity in self._active:
            assert isinstance(engine, DeviceEngine)
            visible = engine.run_on_device(visible, thermal, severity, None)
        assert isinstance(self._fusing, DeviceEngine)
        return self._fusing.run_on_device(visible, thermal, self._fusion_modulation, out)
