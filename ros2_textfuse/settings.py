"""What can be set on the way of a frame: one set of names and defaults for the node, the commands and scripts.

Nothing here needs ROS or torch.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from ros2_textfuse.geometry.alignment import Alignment
from ros2_textfuse.geometry.calibration import Calibration, CalibrationError, read_calibration
from ros2_textfuse.imaging.gain_control import GainControl
from ros2_textfuse.sync.policy import PairingSettings

FAMILY = ("nano", "pico")
"""The networks among which the model AUTO chooses, best first."""
AUTO = "auto"
ENGINES = ("tensorrt", "compile", "openvino", "eager")
"""What may run a network, fastest first; AUTO chooses among them."""


@dataclass(frozen=True)
class FusionSettings(PairingSettings):
    """All that decides what a fused image looks like; names, units and defaults are those of the node's parameters.

    `severity` None (of the parameter: 0) takes it from the text; `keep_objects` keeps those that no prompt names;
    `in_flight` 0 leaves to `model_choice` how many pairs overlap; `balance` holds where a prompt says nothing of the
    cameras; `thermal_low` equal to `thermal_high` follows the scene; `calibration` is a file's path, empty for
    registered cameras.
    """

    model: str = "nano"
    engine: str = "auto"
    threads: int = 0
    in_flight: int = 0
    width: int = 640
    height: int = 480
    calibration: str = ""
    camera_info: bool = False
    prompt: str = ""
    modes: tuple[str, ...] = ()
    severity: float | None = None
    objects: tuple[str, ...] = ()
    keep_objects: bool = False
    balance: float = 0.0
    thermal_gain: str = "percentile"
    thermal_low: float = 0.0
    thermal_high: float = 0.0

    @classmethod
    def from_parameters(cls, parameters: Mapping[str, Any]) -> "FusionSettings":
        """Those of a node's parameters that belong here; those of topics and of the node itself are passed over."""
        known = {field.name: parameters[field.name] for field in fields(cls) if field.name in parameters}
        return cls(**known | {"severity": known.get("severity") or None})

    def request(self) -> dict[str, Any]:
        """Arguments of `Fuser.set_prompt`."""
        return {"text": self.prompt, "modes": self.modes, "severity": self.severity, "objects": self.objects}

    def gain_control(self) -> GainControl:
        """A new gain control, which has seen nothing yet.

        Raises:
            GainControlError: the fixed range has no extent.
        """
        follow = self.thermal_low == self.thermal_high
        return GainControl(self.thermal_gain, None if follow else (self.thermal_low, self.thermal_high))

    def read_calibration(self) -> Calibration | None:
        """The calibration that is named; None for registered cameras.

        Raises:
            CalibrationError: it cannot be read, or `camera_info` has no use for it.
        """
        if not self.calibration:
            if self.camera_info:
                raise CalibrationError("parameter camera_info needs the extrinsics of a file: set calibration as well")
            return None
        calibration = read_calibration(self.calibration)
        if self.camera_info and calibration.extrinsics is None:
            raise CalibrationError(
                f"{calibration.source}: key extrinsics is missing: with the parameter camera_info, intrinsics come "
                "from CameraInfo, and a homography has no use for them"
            )
        return calibration

    def alignment(self) -> Alignment | None:
        """The alignment that the calibration asks for; None for registered cameras.

        Raises:
            CalibrationError: it cannot be made; or the intrinsics come with CameraInfo, which only a node receives.
        """
        if self.camera_info:
            raise CalibrationError(
                "camera_info takes the intrinsics from CameraInfo on topics, which only the node hears: write them "
                "into the calibration and set camera_info to false"
            )
        calibration = self.read_calibration()
        return None if calibration is None else Alignment(calibration)
