"""The geometry between two cameras from a chessboard that both see (OpenCV's detectors).

A printed board shows in thermal once it is warmed, by sun or a lamp: black squares take more heat than white ones. They
may look inverted, which the detector does not mind.
"""

from collections.abc import Callable, Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

from ros2_textfuse.geometry.registration import RegistrationError

FEWEST = 3  # pairs with the board; one can be wrong without notice
SAMPLE_ERROR = 3.0  # pixels, RANSAC's
LARGEST_RESIDUAL = 3.0  # pixels, median; more says that the boards do not lie at one depth
SMALLEST_SPREAD = 0.2  # of the image's width and height that the corners must reach over

Grey = NDArray[np.uint8]
Matrix = NDArray[np.float64]


def find_corners(grey: Grey, board: tuple[int, int]) -> NDArray[np.float32] | None:
    """Inner corners of a board, [N, 2] in pixels, in a fixed order; None where it is not seen whole.

    Args:
        grey: uint8 [H, W].
        board: inner corners in a row and in a column.
    """
    flags = cv2.CALIB_CB_NORMALIZE_IMAGE | cv2.CALIB_CB_EXHAUSTIVE
    found, corners = cv2.findChessboardCornersSB(grey, board, flags=flags)
    return np.asarray(corners, np.float32).reshape(-1, 2) if found else None


def register_board(
    pairs: Iterable[tuple[Grey, Grey]], board: tuple[int, int], progress: Callable[[], object] = lambda: None
) -> tuple[Matrix, float, int]:
    """The homography between two cameras at the board's depth.

    Args:
        pairs: visible and thermal, grey uint8 [H, W], each of its own size.
        board: inner corners in a row and in a column; one even, one odd, else a board turned by half looks the same.
        progress: called for each pair.

    Returns:
        3 x 3 from thermal to visible pixels, the median residual in visible pixels, and the number of pairs in which
        both saw the board.

    Raises:
        RegistrationError: too few pairs show the board, its corners cover too little, or they do not fit.
    """
    thermal_points: list[NDArray[np.float32]] = []
    visible_points: list[NDArray[np.float32]] = []
    size, seen = np.ones(2), [0, 0]
    for visible, thermal in pairs:
        corners = [find_corners(image, board) for image in (visible, thermal)]
        seen = [count + (found is not None) for count, found in zip(seen, corners, strict=True)]
        if corners[0] is not None and corners[1] is not None:
            visible_points.append(corners[0])
            # The detector may begin at the other end, when the squares look inverted.
            thermal_points.append(_same_order(corners[1], corners[0]))
            size = np.array(visible.shape[::-1])
        progress()
    if len(visible_points) < FEWEST:
        raise RegistrationError(
            f"a board of {board[0]}x{board[1]} inner corners is seen by both cameras in {len(visible_points)} pairs "
            f"(visible alone {seen[0]}, thermal {seen[1]}), and {FEWEST} are needed: warm it, and show it whole"
        )
    target, source = np.concatenate(visible_points), np.concatenate(thermal_points)
    covered = np.ptp(target, axis=0) / size
    if covered.min() < SMALLEST_SPREAD:
        raise RegistrationError(
            f"the board was shown in {covered[0]:.0%} x {covered[1]:.0%} of the image, and {SMALLEST_SPREAD:.0%} "
            "are needed both ways: move it about at the working depth"
        )
    homography, _ = cv2.findHomography(source, target, cv2.RANSAC, SAMPLE_ERROR)
    if homography is None:
        raise RegistrationError("no homography fits the corners of the board")
    moved = cv2.perspectiveTransform(source[:, None], homography)[:, 0]
    residual = float(np.median(np.linalg.norm(moved - target, axis=1)))
    if residual > LARGEST_RESIDUAL:
        raise RegistrationError(
            f"the corners are {residual:.1f} px apart in the median, and {LARGEST_RESIDUAL:g} are allowed: "
            "show the board at one distance, the working depth"
        )
    return np.asarray(homography, np.float64), residual, len(visible_points)


def _same_order(corners: NDArray[np.float32], like: NDArray[np.float32]) -> NDArray[np.float32]:
    """Corners from first to last or from last to first, as `like` runs; neither camera is upside down to the other."""
    return corners if (corners[-1] - corners[0]) @ (like[-1] - like[0]) > 0 else corners[::-1]
