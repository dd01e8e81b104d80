import pytest
import torch

from ros2_textfuse.evaluation.metrics.fusion import visual_information_fidelity
from ros2_textfuse.training import losses
from ros2_textfuse.training.losses import Weights, fidelity, fusion_loss, intensity_target, luma


@pytest.fixture
def images():
    generator = torch.Generator().manual_seed(0)
    return torch.rand(2, 3, 48, 64, generator=generator), torch.rand(2, 1, 48, 64, generator=generator)


def grey(value):
    return torch.full((1, 1, 16, 16), value)


PLAIN = {"additive": 0.0, "washout": 0.0, "detail": 0.0, "contrast": 1.0, "vividness": 0.0}


def test_plain_intensity_target_is_the_maximum_of_eq_10(images):
    visible, thermal = luma(images[0]), images[1]
    torch.testing.assert_close(intensity_target(visible, thermal, **PLAIN), torch.maximum(visible, thermal))


def test_additive_share_keeps_an_even_thermal_image_from_washing_out():
    target = intensity_target(grey(0.5), grey(0.9), **{**PLAIN, "additive": 1.0})
    assert target.mean().item() == pytest.approx(0.5)


def test_additive_share_grows_where_both_are_bright():
    dark, bright = (intensity_target(grey(v), grey(v + 0.2), **{**PLAIN, "washout": 1.0}) for v in (0.0, 0.6))
    assert dark.mean().item() == pytest.approx(0.2)
    assert bright.mean().item() == pytest.approx(0.4 * 0.8 + 0.6 * 0.6)


def test_contrast_grows_where_both_are_bright():
    ramp = torch.linspace(-0.1, 0.1, 16).expand(1, 1, 16, 16)
    dark, bright = (
        intensity_target(ramp + level, grey(level - 0.1), **{**PLAIN, "vividness": 1.0}) for level in (0.1, 0.5)
    )
    spread = (ramp + 0.1).std()
    assert dark.std().item() == pytest.approx(spread.item(), rel=0.01)
    assert bright.std().item() == pytest.approx(1.4 * spread.item(), rel=0.01)


def test_a_dark_figure_before_a_bright_sky_stays_dark():
    visible, thermal = torch.full((1, 1, 64, 64), 0.9), torch.full((1, 1, 64, 64), 0.8)
    visible[..., 24:40, 28:36] = 0.1
    thermal[..., 24:40, 28:36] = 0.95
    plain, kept = (intensity_target(visible, thermal, **{**PLAIN, "detail": d})[0, 0, 32, 32] for d in (0.0, 1.0))
    assert plain > 0.9
    assert kept < plain - 0.3


def test_contrast_is_about_the_mean():
    ramp = torch.linspace(0.3, 0.7, 16).expand(1, 1, 16, 16)
    stretched = intensity_target(ramp, grey(0.0), **{**PLAIN, "contrast": 1.1})
    assert stretched.mean().item() == pytest.approx(0.5)
    assert (stretched.std() / ramp.std()).item() == pytest.approx(1.1)


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


def test_gradient_follows_the_stronger_source_with_its_sign():
    rising, falling = torch.linspace(0, 1, 16).expand(1, 1, 16, 16), torch.linspace(0.4, 0, 16).expand(1, 1, 16, 16)
    assert losses.gradient_loss(rising, rising, falling).item() == pytest.approx(0, abs=1e-6)
    assert losses.gradient_loss(1 - rising, rising, falling).item() == pytest.approx(2 / 15, abs=1e-6)


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


def test_total_is_the_weighted_sum_of_eq_14(images):
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
