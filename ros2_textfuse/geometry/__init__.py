"""The geometric relation of the two cameras: calibration files, finding one, and warping by it."""

from ros2_textfuse.geometry.alignment import Alignment
from ros2_textfuse.geometry.calibration import Calibration, CalibrationError, CameraModel, read_calibration

__all__ = ["Alignment", "Calibration", "CalibrationError", "CameraModel", "read_calibration"]
