"""The mark on an image that is not fused."""

import numpy as np
import pytest

from ros2_textfuse.imaging.drawing import AMBER, mark


@pytest.mark.parametrize("size", [(16, 16), (120, 160), (480, 640), (2160, 3840)])
def test_border_and_caption_show_and_the_middle_stays(size):
    image = np.full((*size, 3), 90, np.uint8)
    mark(image, "VISIBLE ONLY")
    for row, column in ((0, 0), (0, -1), (-1, 0), (-1, -1)):
        assert tuple(image[row, column]) == AMBER
    if min(size) >= 120:
        middle = image[size[0] // 5 : -size[0] // 20, size[1] // 20 : -size[1] // 20]
        assert (middle == 90).all()
        caption = image[: size[0] // 8, : size[1] // 2]
        assert (caption < 80).all(axis=2).any()
