"""A chessboard drawn by formula, seen by two cameras."""

import cv2
import numpy as np
import pytest

from ros2_textfuse.geometry.chessboard import register_board
from ros2_textfuse.geometry.registration import RegistrationError

BOARD = (7, 4)  # inner corners
HOMOGRAPHY = np.array([[1.9, 0.1, 14.0], [-0.05, 1.95, 22.0], [1e-5, 2e-5, 1.0]])  # thermal 320x240 to visible 640x480


def board(left, top, square, degrees, low, high):
    """A visible image of 640x480 with a board in it."""
    columns, rows = BOARD[0] + 1, BOARD[1] + 1
    squares = (np.indices((rows, columns)).sum(axis=0) % 2 * (high - low) + low).astype(np.uint8)
    drawn = cv2.copyMakeBorder(
        np.kron(squares, np.ones((40, 40), np.uint8)), 40, 40, 40, 40, cv2.BORDER_CONSTANT, value=high
    )
    matrix = cv2.getRotationMatrix2D((0, 0), degrees, square / 40)
    matrix[:, 2] += left, top
    return cv2.warpAffine(drawn, matrix, (640, 480), borderValue=(low + high) // 2, flags=cv2.INTER_AREA)


def pairs(places):
    for left, top, square, degrees in places:
        # Thermal: the levels the other way round, as a board warmed by the sun looks.
        visible, thermal = (board(left, top, square, degrees, *levels) for levels in ((20, 235), (200, 60)))
        yield visible, cv2.warpPerspective(thermal, np.linalg.inv(HOMOGRAPHY), (320, 240), borderValue=130)


PLACES = [(60, 60, 36, 0), (200, 120, 38, 6), (120, 90, 40, -3), (180, 60, 34, 8)]


def test_the_homography_is_found():
    steps = []
    found, residual, count = register_board(pairs(PLACES), BOARD, lambda: steps.append(1))
    assert count == len(steps) == len(PLACES) and residual < 0.5
    corners = np.array([[[0.0, 0], [319, 0], [0, 239], [319, 239]]])
    apart = cv2.perspectiveTransform(corners, found) - cv2.perspectiveTransform(corners, HOMOGRAPHY)
    assert np.linalg.norm(apart, axis=2).max() < 1.5


def test_too_few_boards_are_refused():
    with pytest.raises(RegistrationError, match="in 2 pairs"):
        register_board(pairs(PLACES[:2]), BOARD)


def test_a_board_in_one_corner_is_refused():
    small = [(10 * number, 5 * number, 12, 0) for number in range(3)]
    big = [(visible, board(60, 60, 36, 0, 200, 60)) for visible, _ in pairs(small)]
    with pytest.raises(RegistrationError, match="move it about"):
        register_board(big, BOARD)
