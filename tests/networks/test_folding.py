import pytest
import torch
from torch.nn import functional as F

from ros2_textfuse.networks import folding


def image(channels, height=24, width=40):
    return torch.rand(2, channels, height, width, generator=torch.Generator().manual_seed(0))


def test_unfold_undoes_fold():
    assert torch.equal(folding.unfold(folding.fold(image(3))), image(3))


def test_pixels_of_a_cell_lie_by_rows():
    folded = folding.pixels(folding.fold(image(3)))
    assert torch.equal(folded[:, 2, 7, 3, 5], image(3)[:, 2, 4 * 3 + 1, 4 * 5 + 3])


def test_cell_means():
    torch.testing.assert_close(folding.cell_means(folding.fold(image(3))), F.avg_pool2d(image(3), 4))


def test_luma_is_that_of_bt601():
    red, green, blue = image(3).split(1, dim=1)
    luma = folding.unfold(folding.luma(folding.fold(image(3))))
    torch.testing.assert_close(luma, 0.299 * red + 0.587 * green + 0.114 * blue)


@pytest.mark.parametrize("channels", [1, 4])
def test_interpolation_is_that_of_torch(channels):
    cells = image(channels, 6, 10)
    folded = folding.interpolate(cells, folding.interpolation(channels))
    expected = F.interpolate(cells, scale_factor=4, mode="bilinear")
    torch.testing.assert_close(folding.unfold(folded), expected)
