"""Whether two cameras lie over each other, for people to see: edges of the one drawn over the other."""

import cv2
import numpy as np
from numpy.typing import NDArray

from ros2_textfuse.geometry.alignment import Alignment
from ros2_textfuse.geometry.calibration import Calibration
from ros2_textfuse.imaging.drawing import panel


def before_and_after(
    visible: NDArray[np.uint8], thermal: NDArray[np.uint8], calibration: Calibration
) -> NDArray[np.uint8]:
    """Edges of the thermal image over the visible one, stretched to its size and aligned, side by side.

    Args:
        visible: uint8 RGB [H, W, 3], of the size in the calibration.
        thermal: uint8 [H, W], likewise.
        calibration: of the two.

    Returns:
        uint8 RGB.

    Raises:
        CalibrationError: the cameras share no field of view.
        ImageError: an image has another size than the calibration is for.
    """
    aligned = Alignment(calibration)(visible, thermal)
    height, width = visible.shape[:2]
    before = visible, np.asarray(cv2.resize(thermal, (width, height)), np.uint8)
    halves = (("before: stretched to the same size", before), ("after", aligned))
    return np.hstack([panel(_edges_over(*pair), caption) for caption, pair in halves])


def _edges_over(visible: NDArray[np.uint8], thermal: NDArray[np.uint8]) -> NDArray[np.uint8]:
    grey = cv2.equalizeHist(cv2.cvtColor(visible, cv2.COLOR_RGB2GRAY))
    image = cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB) // 2
    smooth = cv2.GaussianBlur(np.asarray(thermal, np.float32), (0, 0), 1.5)
    strength = cv2.magnitude(cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1))
    share = np.clip(strength / max(float(np.percentile(strength, 97)), 1.0), 0, 1)[..., None]
    return np.asarray(image * (1 - share) + share * np.array([255, 140, 0]), np.uint8)
