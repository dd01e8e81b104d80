import pytest
import torch

from ros2_textfuse.evaluation.metrics.fusion import visual_information_fidelity
from ros2_textfuse.networks.folding import luma
from ros2_textfuse.training import losses
from ros2_textfuse.training.losses import Weights, fidelity, fusion_loss


@pytest.fixture
def images():
    generator = torch.Generator().manual_seed(0)
    return torch.rand(2, 3, 48, 64, generator=generator), torch.rand(2, 1, 48, 64, generator=generator)


def test_fidelity_is_that_of_the_metric_at_its_finest_scales(images, monkeypatch):
    a, f = luma(images[0])[:1], 0.8 * luma(images[0])[:1] + 0.1 * images[1][:1]
    monkeypatch.setattr(losses, "FLOOR", 0.0)
    (metric,) = visual_information_fidelity([255 * a[0, 0].double().numpy()], 255 * f[0, 0].double().numpy())
    assert fidelity(f, (a,)).item() == pytest.approx(metric, rel=0.05)


def test_fidelity_falls_with_noise_and_rises_with_contrast(images):
    image = 0.25 + 0.5 * images[1]
    same, noisy, strong = (fidelity(x, (image,)) for x in (image, image + 0.2 * images[1].flip(3), 1.2 * image))
    assert noisy < same < strong


def test_fidelity_adds_sources_up(images):
    visible, thermal = luma(images[0]), images[1]
    both = fidelity(visible, (visible, thermal))
    torch.testing.assert_close(both, fidelity(visible, (visible,)) + fidelity(visible, (thermal,)))


def test_windows_are_gaussians_of_a_fifth():
    impulse = torch.zeros(1, 1, 21, 21)
    impulse[..., 10, 10] = 1
    at = torch.arange(9) - 4
    line = torch.exp(-(at**2) / (2 * 1.8**2))
    torch.testing.assert_close(losses._smooth(impulse, 9)[0, 0, 2:-2, 2:-2], torch.outer(line, line) / line.sum() ** 2)


def test_gradient_counts_an_edge_of_the_wrong_sign():
    rising = torch.linspace(0, 1, 16).expand(1, 1, 16, 16)
    assert losses.gradient_loss(rising + 0.1, rising).item() == pytest.approx(0, abs=1e-6)
    assert losses.gradient_loss(1 - rising, rising).item() == pytest.approx(2 / 15, abs=1e-6)


def test_grey_may_turn_white_and_a_pure_colour_keeps_its_luma():
    colours = torch.tensor([[0.4, 0.4, 0.4], [0.8, 0.0, 0.0], [0.02, 0.0, 0.0]]).T.reshape(1, 3, 1, 3)
    grey, red, dark = losses.brightest(colours, 1.0).flatten().tolist()
    assert grey == pytest.approx(1)
    assert red == pytest.approx(0.299 * 0.8, abs=1e-6)
    assert dark > 0.8  # two levels of noise are no colour
    assert losses.brightest(colours, 0.0).min() == pytest.approx(1)


def test_grid_is_what_the_cells_have_in_common(images):
    dot = torch.zeros(1, 1, 4, 4)
    dot[..., 0, 0] = 0.16
    pattern = dot.repeat(1, 1, 12, 16)
    # 0.15 at one pixel of 16, -0.01 at fifteen
    assert losses.grid_loss(pattern).item() == pytest.approx(0.3 / 16, rel=1e-3)
    assert losses.grid_loss(torch.full((1, 1, 48, 64), 0.3)).item() == pytest.approx(0, abs=1e-6)
    noise = images[1] - 0.5
    assert losses.grid_loss(noise) < 0.3 * noise.abs().mean()


def test_colour_ignores_brightness_and_sees_tint(images):
    visible = images[0]
    torch.testing.assert_close(losses.chroma(visible + 0.1), losses.chroma(visible), atol=1e-6, rtol=0)
    tint = torch.tensor([0.1, 0.0, -0.1]).view(1, 3, 1, 1)
    assert (losses.chroma(visible + tint) - losses.chroma(visible)).abs().mean() > 0.05


def test_complementarity_is_zero_for_the_sum_of_both(images):
    visible, thermal = luma(images[0]), images[1]
    assert losses.complementarity_loss(visible + thermal, visible, thermal).item() == pytest.approx(0, abs=1e-3)
    assert losses.complementarity_loss(visible, visible, thermal) > 0.5


def test_flat_crops_give_finite_gradients():
    fused = torch.full((1, 3, 32, 32), 0.5, requires_grad=True)
    fusion_loss(fused, torch.full((1, 3, 32, 32), 0.5), torch.zeros(1, 1, 32, 32), Weights())["total"].backward()
    assert torch.isfinite(fused.grad).all()


def test_total_is_the_weighted_sum_of_all_parts(images):
    visible, thermal = images
    weights = Weights()
    parts = fusion_loss(visible * 0.9, visible, thermal, weights)
    total = sum(getattr(weights, name) * part for name, part in parts.items() if name != "total")
    torch.testing.assert_close(parts["total"], total)


def test_faults_name_the_shapes(images):
    visible, thermal = images
    with pytest.raises(ValueError, match=r"\(2, 3, 48, 64\), \(2, 3, 48, 64\), \(2, 1, 24, 64\)"):
        fusion_loss(visible, visible, thermal[:, :, :24], Weights())
    with pytest.raises(ValueError, match="24x64 are smaller than the 26 pixels"):
        fusion_loss(visible[:, :, :24], visible[:, :, :24], thermal[:, :, :24], Weights())
