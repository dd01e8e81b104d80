"""Figures of both polarities are drawn where their boxes are."""

import numpy as np

from ros2_textfuse.training.figures import MOST, draw_figures

SIDE = 96


def drawn(seed, visible=0.6, thermal=0.5):
    ground = np.full((SIDE, SIDE, 3), visible, np.float32), np.full((SIDE, SIDE), thermal, np.float32)
    return draw_figures(*ground, np.random.default_rng(seed))


def test_images_stay_images_and_the_ground_beside_figures_is_even():
    for seed in range(30):
        visible, thermal, boxes = drawn(seed)
        assert visible.dtype == thermal.dtype == boxes.dtype == np.float32
        assert 1 <= len(boxes) <= MOST and boxes[:, 1:].min() >= 0 and boxes[:, 1:].max() <= SIDE
        assert min(visible.min(), thermal.min()) >= 0 and max(visible.max(), thermal.max()) <= 1
        ground = np.ones((SIDE, SIDE), bool)
        for _, left, top, right, bottom in boxes:
            ground[max(0, int(top) - 4) : int(bottom) + 5, max(0, int(left) - 4) : int(right) + 5] = False
        if ground.any():
            assert max(np.ptp(visible[ground]), np.ptp(thermal[ground])) < 0.01


def test_every_polarity_is_there():
    """Darker and brighter than the ground in visible, colder and warmer in thermal, in every combination."""
    seen = set()
    for seed in range(60):
        visible, thermal, boxes = drawn(seed)
        if len(boxes) == 1:
            row, column = (boxes[0, 2] + boxes[0, 4]) / 2, (boxes[0, 1] + boxes[0, 3]) / 2
            at = int(row - 0.1 * (boxes[0, 4] - boxes[0, 2])), int(column)
            corner = max(
                ((0, 0), (0, -1), (-1, 0), (-1, -1)), key=lambda c: abs(c[0] * SIDE - row) + abs(c[1] * SIDE - column)
            )
            seen.add((bool(visible[at].mean() > visible[corner].mean()), bool(thermal[at] > thermal[corner])))
    assert len(seen) == 4
