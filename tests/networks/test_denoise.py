"""Coring: what is fine and faint goes, what is fine and strong stays."""

import pytest
import torch
from torch.nn import functional as F

from ros2_textfuse.networks.denoise import REACH, Denoise
from ros2_textfuse.networks.folding import fold, unfold
from ros2_textfuse.networks.weights import load_network


def image(seed=0, noise=0.04):
    """A step edge of 0.5 with noise on it: the noisy and the clean one, [1, 1, 64, 64]."""
    clean = torch.where(torch.arange(64) < 32, 0.25, 0.75).expand(1, 1, 64, 64)
    return clean + noise * torch.randn(clean.shape, generator=torch.Generator().manual_seed(seed)), clean


@pytest.fixture(scope="module", params=["nano", "pico"])
def trained(request):
    return load_network(request.param).isp.denoise


def test_a_gate_of_nothing_takes_nothing():
    noisy, _ = image()
    for noise in Denoise()(fold(noisy), fold(noisy), torch.zeros(1, 2)):
        assert not noise.any()


def test_the_folded_filter_is_the_filter_of_the_plain_image():
    denoise, (noisy, _) = Denoise(), image()
    around = torch.softmax(denoise.around.flatten(1), 1).view(2, 1, 2 * REACH + 1, 2 * REACH + 1)
    expected = noisy - F.conv2d(noisy, around[:1], padding=REACH)
    found = F.conv2d(F.pad(fold(noisy).repeat(1, 2, 1, 1), (1,) * 4), denoise._filter(), groups=2)[:, :16]
    inner = (..., slice(8, -8), slice(8, -8))
    torch.testing.assert_close(unfold(found)[inner], expected[inner])


def test_noise_goes_and_edges_stay(trained):
    noisy, clean = image()
    with torch.no_grad():
        for number, noise in enumerate(trained(fold(noisy), fold(noisy), torch.ones(1, 2))):
            left = noisy - unfold(noise) - clean
            assert left.square().mean() < (0.6, 0.4)[number] * (noisy - clean).square().mean()
            edge = (noisy - unfold(noise))[..., 8:-8, 31:33].mean((0, 1, 2))
            assert edge[1] - edge[0] > 0.28


def test_where_there_is_no_noise_hardly_anything_goes(trained):
    _, clean = image()
    with torch.no_grad():
        for noise in trained(fold(clean), fold(clean), torch.ones(1, 2)):
            assert noise.abs().mean() < 1e-3
