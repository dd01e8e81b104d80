"""All that decides the figures of a recording beside its content: one recipe, one store."""

import hashlib
import json
import tempfile
from dataclasses import asdict, dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from ros2_textfuse.detection.weights import find_weights as find_detector
from ros2_textfuse.errors import WeightsError
from ros2_textfuse.fleet.boxes import StreamBoxes
from ros2_textfuse.fleet.errors import FleetError
from ros2_textfuse.fleet.sources import Source
from ros2_textfuse.fuser import Fuser
from ros2_textfuse.geometry.alignment import Alignment
from ros2_textfuse.geometry.calibration import CalibrationError, read_calibration
from ros2_textfuse.networks.stored import NAMES, find_weights
from ros2_textfuse.runtime.output import write_whole
from ros2_textfuse.settings import AUTO, FAMILY, FusionSettings

LAYOUT = 1
"""Of the store; raised when a column changes its meaning."""
UNSEEN = ("threads", "width", "height", "camera_info")  # they leave the figures as they are


@dataclass(frozen=True)
class Recipe:
    """How frames are fused and measured; whole in itself, so that any machine can follow it.

    Args:
        fusion: how the node would pair and fuse.
        every: measures every so many-th pair.
        weights: content of the weights' file; empty for a network of the package.
        calibration: content of the calibration file; empty for registered cameras.
        detector: name of the weights' file of the detector; empty for none.
        detector_weights: its content.
    """

    fusion: FusionSettings
    every: int = 1
    weights: bytes = b""
    calibration: bytes = b""
    detector: str = ""
    detector_weights: bytes = b""

    @classmethod
    def read(cls, fusion: FusionSettings, every: int = 1, detector: str = "") -> "Recipe":
        """With the files that the settings name.

        Args:
            fusion: how frames are fused.
            every: measures every so many-th pair.
            detector: weights, as of `Detector`, to look for objects with in all three streams; empty for none.

        Raises:
            WeightsError, CalibrationError: one of them cannot be read.
        """
        model = FAMILY[0] if fusion.model == AUTO else fusion.model
        path = find_weights(model)
        calibration = fusion.read_calibration()  # which says what is wrong with it
        return cls(
            replace(fusion, model=model),
            every,
            b"" if model in NAMES else path.read_bytes(),
            b"" if calibration is None else Path(fusion.calibration).read_bytes(),
            *((found.name, found.read_bytes()) if (found := detector and find_detector(detector)) else ()),
        )

    @cached_property
    def description(self) -> dict[str, Any]:
        """By name, fit for JSON: what store.json holds, and what two stores differ in."""
        settings = {name: value for name, value in asdict(self.fusion).items() if name not in UNSEEN}
        model = Path(self.fusion.model).name
        weights = self.weights or find_weights(self.fusion.model).read_bytes()
        settings |= {"model": model, "calibration": _digest(self.calibration), "weights": _digest(weights)}
        if self.detector:  # without one, a store is what it was before there were any
            settings["detector"] = f"{self.detector} {_digest(self.detector_weights)}"
        found: dict[str, Any] = json.loads(json.dumps({"layout": LAYOUT, "every": self.every, **settings}))
        return found

    def key(self, content: str, source: Source) -> str:
        """Name of a recording's file: 32 hex digits of its content, these settings and those of its own.

        Raises:
            CalibrationError: its calibration cannot be read.
            FleetError: its time offset is no number.
        """
        own = self.of(source)
        parts = content, own.description, source.label("visible_topic"), source.label("thermal_topic")
        return hashlib.blake2b(json.dumps(parts, sort_keys=True).encode(), digest_size=16).hexdigest()

    def of(self, source: Source) -> "Recipe":
        """With what the manifest says of one recording: its calibration and its cameras' time offset."""
        recipe = self
        if path := source.label("calibration"):
            read_calibration(path)
            recipe = replace(recipe, calibration=Path(path).read_bytes())
        if offset := source.label("thermal_time_offset"):
            try:
                fusion = replace(recipe.fusion, thermal_time_offset=float(offset))
            except ValueError as error:
                raise FleetError(f"{source}: thermal_time_offset is {offset!r}, expected seconds") from error
            recipe = replace(recipe, fusion=fusion)
        return recipe

    def fuser(self, threads: int) -> Fuser:
        """A fuser, ready but for its engine; the last one is kept, since loading takes longer than a short recording.

        Args:
            threads: CPU threads of its engine; 0 for the engine's own choice.

        Raises:
            WeightsError, EngineError, PromptError, EncoderError: as of `Fuser.from_settings`.
            CalibrationError: the calibration cannot be used.
        """
        fuser = _fuser(replace(self, calibration=b"", every=1, detector="", detector_weights=b""), threads)
        fuser.alignment = _alignment(self.calibration) if self.calibration else None
        return fuser

    def boxes(self, threads: int) -> StreamBoxes | None:
        """What looks for objects in each stream; None without a detector. The last one is kept, as of `fuser`.

        Raises:
            WeightsError, DetectorError: the detector cannot be used on this machine.
        """
        return _boxes(self.detector, self.detector_weights, threads) if self.detector else None


@lru_cache(maxsize=1)
def _boxes(name: str, weights: bytes, threads: int) -> StreamBoxes:
    try:
        path = _as_file(weights, f"/{name}")  # under its name, by which its export is kept
    except OSError as error:
        raise WeightsError(f"the detector cannot be kept in {tempfile.gettempdir()}: {error}") from error
    return StreamBoxes(str(path), threads)


@lru_cache(maxsize=1)
def _fuser(recipe: Recipe, threads: int) -> Fuser:
    settings = replace(recipe.fusion, threads=threads)
    if recipe.weights:
        settings = replace(settings, model=str(_as_file(recipe.weights, Path(recipe.fusion.model).suffix)))
    return Fuser.from_settings(settings)


@lru_cache(maxsize=4)
def _alignment(calibration: bytes) -> Alignment:
    try:
        return Alignment(read_calibration(_as_file(calibration, ".yaml")))
    except OSError as error:
        raise CalibrationError(f"the calibration cannot be kept in {tempfile.gettempdir()}: {error}") from error


def _as_file(content: bytes, suffix: str) -> Path:
    """A file of this machine with some content, written where it is not there, or is somebody else's by that name."""
    path = Path(tempfile.gettempdir()) / f"textfuse-fleet-{_digest(content)[:16]}{suffix}"
    if not path.is_file() or path.read_bytes() != content:
        write_whole(path, content)
    return path


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest() if content else ""
