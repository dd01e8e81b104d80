import cv2
import numpy as np
import pytest

from ros2_textfuse.evaluation.metrics import retention
from ros2_textfuse.evaluation.metrics.retention import Retention

BOX = (20.0, 20.0, 40.0, 60.0)


def scene(inside, around, shape=(80, 60), box=BOX):
    image = np.full(shape, around, np.float64)
    left, top, right, bottom = map(int, box)
    image[top:bottom, left:right] = inside
    return image


class TestSeparability:
    def test_disjoint_levels_give_one_and_equal_ones_nothing(self):
        assert retention.separability(scene(200, 50), BOX) == 1
        assert retention.separability(scene(50, 50), BOX) == 0

    def test_levels_of_one_bin_of_32_are_the_same(self):
        assert retention.separability(scene(55, 48), BOX) == 0
        assert retention.separability(scene(56, 55), BOX) == 1

    def test_half_of_the_object_like_its_surroundings_leaves_a_half(self):
        image = scene(200, 50)
        image[20:40, 20:40] = 50
        assert retention.separability(image, BOX) == pytest.approx(0.5)

    def test_only_the_ring_counts_not_what_is_farther_off(self):
        image = np.full((80, 60), 200.0)
        image[5:75, 11:49] = 50  # ring: 0.3 of 20 and of 40 is 6 and 12 pixels
        image[20:60, 20:40] = 200
        assert retention.separability(image, BOX) == 1

    def test_a_box_at_the_border_has_the_ring_that_is_there(self):
        box = (0.0, 0.0, 10.0, 10.0)
        assert retention.separability(scene(200, 50, box=box), box) == 1

    @pytest.mark.parametrize("box", [(0, 0, 60, 80), (70, 10, 90, 30), (-30, 0, -10, 20)])
    def test_without_inside_or_ring_there_is_no_figure(self, box):
        assert retention.separability(scene(200, 50), box) is None
        assert retention.contrast(scene(200, 50), box) is None
        assert retention.retention(*[scene(200, 50)] * 3, box) is None


class TestContrast:
    def test_sign_is_inside_minus_around(self):
        assert retention.contrast(scene(50, 80), BOX) == -30

    def test_cancelled_polarities_are_below_both_and_below_half(self):
        one = retention.retention(scene(70, 100), scene(130, 100), scene(104, 100), BOX)
        assert one.contrasts == (-30, 30, 4)
        assert one.contrast_kept == pytest.approx(4 / 30)
        assert one.below_both

    @pytest.mark.parametrize("fused", [70, 130])
    def test_either_camera_may_win(self, fused):
        one = retention.retention(scene(70, 100), scene(130, 100), scene(fused, 100), BOX)
        assert one.contrast_kept == 1
        assert not one.below_both

    def test_a_sign_that_no_camera_has_is_a_loss(self):
        one = retention.retention(scene(130, 100), scene(120, 100), scene(60, 100), BOX)
        assert one.contrast_kept < 0
        assert one.below_both


def test_summary_counts_plain_objects_alone_in_what_is_kept():
    objects = [
        Retention(0.2, 0.5, 0.46, (10, 40, 40), 30),  # keeps nine tenths
        Retention(0.6, 0.2, 0.46, (10, 40, 40), 30),  # three quarters
        Retention(0.3, 0.4, 0.10, (10, 40, 15), 30),  # neither, and below half of the contrast
        Retention(0.1, 0.2, 0.00, (5, -10, 0), 30),  # shown plainly by no camera
    ]
    found = retention.summary(objects)
    assert (found["objects"], found["plain"]) == (4, 3)
    assert found["better"] == pytest.approx((0.5 + 0.6 + 0.4 + 0.2) / 4)
    assert found["kept_90"] == pytest.approx(1 / 3)
    assert found["kept_75"] == pytest.approx(2 / 3)
    assert found["below_both"] == pytest.approx(1 / 4)
    assert found["below_half"] == pytest.approx(2 / 4)
    assert found["lost"]["low"] < found["lost"]["mean"] < found["lost"]["high"]
    assert found["lost"]["mean"] == pytest.approx(found["better"] - found["fused"])
    assert retention.summary([]) == {"objects": 0}


def test_salient_boxes_find_what_either_camera_shows():
    rng = np.random.default_rng(0)
    noise = rng.normal(100, 3, (120, 160))
    visible, thermal = noise.copy(), noise.copy()
    visible[24:72, 24:48] = 30
    thermal[48:96, 96:120] = 220
    boxes = retention.salient_boxes(visible, thermal)
    for left, top in ((24, 24), (96, 48)):
        assert any(left - 6 <= b[0] and b[2] <= left + 30 and top - 12 <= b[1] and b[3] <= top + 60 for b in boxes)
    assert retention.salient_boxes(noise, noise) == []


class TestWhiteContrast:
    thermal = np.float64(np.random.default_rng(1).integers(50, 200, (64, 64)))
    visible = np.full((64, 64), 250.0)

    def kept(self, visible, fused):
        product, square = retention.white_contrast_kept(visible, self.thermal, fused)
        return product / square

    def test_thermal_itself_keeps_all_and_white_nothing(self):
        assert self.kept(self.visible, self.thermal) == pytest.approx(1)
        assert self.kept(self.visible, self.visible) == pytest.approx(0, abs=1e-4)
        assert self.kept(self.visible, 100 + 0.4 * self.thermal) == pytest.approx(0.4, abs=1e-4)

    def test_only_white_pixels_count_and_their_outline_does_not(self):
        visible = self.visible.copy()
        visible[:, :32] = 20
        assert self.kept(visible, visible) == pytest.approx(0, abs=1e-4)
        fused = np.where(visible >= 235, self.thermal, 0)
        assert self.kept(visible, fused) == pytest.approx(1, abs=1e-4)

    def test_other_detail_is_none_of_thermal(self):
        other = np.float64(np.random.default_rng(2).integers(50, 200, (64, 64)))
        assert abs(self.kept(self.visible, other)) < 0.1


class TestGridEnergy:
    def test_a_pattern_of_the_period_is_measured_in_levels(self):
        dot = np.zeros((4, 4))
        dot[0, 0] = 4
        image = 128 + np.tile(dot, (16, 16))
        # 4 at one pixel of 16: mean 1/4, root mean square about it sqrt(16/16 - 1/16)
        assert retention.grid_energy(image) == pytest.approx(np.sqrt(15) / 4, rel=0.05)

    def test_ramps_and_other_periods_have_none(self):
        y, x = np.mgrid[:88, :88]
        assert retention.grid_energy(100 + 0.5 * x + 0.25 * y) < 1e-9
        assert retention.grid_energy(128 + 10 * np.cos(2 * np.pi * x / 5)) < 0.01
        noise = np.random.default_rng(0).normal(128, 2, (240, 240))
        assert retention.grid_energy(noise) < 0.1


def test_boxes_agree_with_opencv_on_what_lies_inside():
    image = np.float64(np.random.default_rng(3).integers(0, 256, (80, 60)))
    mask = np.zeros((80, 60), np.uint8)
    mask[20:60, 20:40] = 1
    ring = np.zeros((80, 60), np.uint8)
    ring[8:72, 14:46] = 1
    ring[20:60, 20:40] = 0
    histograms = [cv2.calcHist([np.float32(image)], [0], m, [32], [0, 256]).ravel() / m.sum() for m in (mask, ring)]
    expected = 1 - np.minimum(*histograms).sum()
    assert retention.separability(image, BOX) == pytest.approx(expected, abs=1e-6)
