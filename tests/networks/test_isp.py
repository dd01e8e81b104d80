import numpy as np
import pytest
import torch

from ros2_textfuse.networks.folding import fold, unfold
from ros2_textfuse.networks.folding import luma as folded_luma
from ros2_textfuse.networks.isp import ISP, REACH, Balance, Destripe, Sharpen


@pytest.fixture
def scene():
    """Boxes of many sizes, float32 RGB [160, 192, 3], 0..1."""
    rng = np.random.default_rng(0)
    image = np.full((160, 192, 3), 0.4, np.float32)
    for _ in range(120):
        top, left = rng.integers(0, 150), rng.integers(0, 180)
        image[top : top + rng.integers(2, 40), left : left + rng.integers(2, 40)] = rng.uniform(0.1, 0.9, 3)
    return image


def planes(image):
    return torch.from_numpy(image.transpose(2, 0, 1).copy())[None]


def luma(image):
    return unfold(folded_luma(fold(image)))


def test_no_prompt_leave_both_images_as_they_are(scene):
    isp = ISP(modes=10)
    visible, thermal = fold(planes(scene)), fold(luma(planes(scene)))
    gate = isp.gate(torch.zeros(1, 10))
    assert not gate.any()
    for before, after in zip((visible, thermal), isp(visible, thermal, gate), strict=True):
        assert torch.equal(before, after)


def test_more_severity_opens_the_gates_further():
    isp = ISP(modes=10)
    gates = torch.cat([isp.gate(torch.full((1, 10), severity)) for severity in (0.1, 0.3, 0.6, 1.0)])
    assert (gates.diff(dim=0) > 0).all()


class TestSharpen:
    def test_the_folded_filter_is_the_filter(self):
        sharpen, image = Sharpen(), torch.rand(1, 1, 48, 64, generator=torch.Generator().manual_seed(0))
        half = torch.randn(1, sharpen.inverses.shape[1], generator=torch.Generator().manual_seed(1))
        taps = torch.cat(
            [half.flip(1), -2 * half.sum(1, keepdim=True), half], 1
        )  # symmetric, and nothing of a flat image
        kernel = taps.reshape(1, 1, 2 * REACH + 1, 2 * REACH + 1)
        expected = torch.nn.functional.conv2d(image, kernel, padding=REACH)
        inside = np.s_[..., REACH:-REACH, REACH:-REACH]
        filtered = unfold(sharpen.filtered(fold(image), half))
        torch.testing.assert_close(filtered[inside], expected[inside], atol=1e-4, rtol=1e-4)

    @pytest.mark.parametrize("number", [23, 57])
    def test_the_filters_begin_as_inverses_of_their_blurs(self, scene, number):
        """The filters of a line of 8 pixels, upright, and of a disc of radius 2.25 win back more than 2 dB."""
        y, x = np.mgrid[-4:5, -4:5]
        line = np.where(x == 0, np.clip(4.5 - np.abs(y), 0, 1), 0)
        disc = np.clip(2.75 - np.hypot(x, y), 0, 1)
        kernel = line / line.sum() if number == 23 else disc / disc.sum()
        image = luma(planes(scene))
        weight = torch.from_numpy(kernel)[None, None].float()
        blurred = torch.nn.functional.conv2d(image, weight, padding=4)
        blurred = torch.round(blurred * 255) / 255
        sharpen = Sharpen()
        added = sharpen.filtered(fold(blurred), sharpen.inverses[number : number + 1])
        sharper = blurred + unfold(added).detach()
        inside = np.s_[..., 16:-16, 16:-16]
        errors = [((x - image)[inside] ** 2).mean() for x in (blurred, sharper)]
        assert 10 * torch.log10(errors[0] / errors[1]) > 2

    def test_a_flat_image_stays_flat(self):
        added = Sharpen()(torch.full((1, 16, 8, 8), 0.7), torch.ones(1, 1))
        assert added.abs().max() < 1e-4


class TestBalance:
    def test_a_closed_gate_gives_gains_of_exactly_1(self):
        assert torch.equal(Balance()(torch.rand(2, 48, 8, 8), torch.zeros(2, 1)), torch.ones(2, 48, 1, 1))


class TestDestripe:
    def test_takes_one_offset_from_each_column_and_one_from_each_row(self):
        thermal = torch.rand(1, 1, 32, 48, generator=torch.Generator().manual_seed(0))
        taken = unfold(Destripe()(fold(thermal), torch.ones(1, 1)))[0, 0]
        assert taken.std() > 1e-4
        torch.testing.assert_close(taken, taken[:1] + taken[:, :1] - taken[:1, :1], atol=1e-6, rtol=0)
