import pytest
import torch

from ros2_textfuse.training import losses
from ros2_textfuse.training.losses import Weights, fusion_loss, intensity_target, luma, ssim


@pytest.fixture
def pictures():
    generator = torch.Generator().manual_seed(0)
    return torch.rand(2, 3, 32, 48, generator=generator), torch.rand(2, 1, 32, 48, generator=generator)


def grey(value):
    return torch.full((1, 1, 16, 16), value)


def test_plain_intensity_target_is_the_maximum_of_eq_10(pictures):
    visible, thermal = luma(pictures[0]), pictures[1]
    torch.testing.assert_close(intensity_target(visible, thermal), torch.maximum(visible, thermal))


def test_additive_share_keeps_an_even_thermal_picture_from_washing_out():
    assert intensity_target(grey(0.5), grey(0.9), additive=1.0).mean().item() == pytest.approx(0.5)


def test_contrast_is_about_the_mean():
    ramp = torch.linspace(0.3, 0.7, 16).expand(1, 1, 16, 16)
    stretched = intensity_target(ramp, grey(0.0), contrast=1.1)
    assert stretched.mean().item() == pytest.approx(0.5)
    assert (stretched.std() / ramp.std()).item() == pytest.approx(1.1)


def test_ssim_of_equal_pictures_is_one_and_falls_with_noise(pictures):
    picture = pictures[1]
    assert ssim(picture, picture).item() == pytest.approx(1, abs=1e-5)
    assert ssim(picture, 1 - picture) < 0
    little, much = (ssim(picture, picture + share * torch.randn(picture.shape)) for share in (0.05, 0.5))
    assert 1 > little > much


def test_ssim_window_is_the_gaussian_of_the_definition():
    impulse = torch.zeros(1, 1, 21, 21)
    impulse[..., 10, 10] = 1
    window = losses._window(21, impulse)
    blurred = (window.T @ impulse @ window)[0, 0]
    at = torch.arange(11) - 5
    line = torch.exp(-(at**2) / (2 * 1.5**2))
    torch.testing.assert_close(blurred, torch.outer(line, line) / line.sum() ** 2)


def test_gradient_follows_the_stronger_source_with_its_sign():
    rising, falling = torch.linspace(0, 1, 16).expand(1, 1, 16, 16), torch.linspace(0.4, 0, 16).expand(1, 1, 16, 16)
    assert losses.gradient_loss(rising, rising, falling).item() == pytest.approx(0, abs=1e-6)
    assert losses.gradient_loss(1 - rising, rising, falling).item() == pytest.approx(2 / 15, abs=1e-6)


def test_colour_ignores_brightness_and_sees_tint(pictures):
    visible = pictures[0]
    torch.testing.assert_close(losses.chroma(visible + 0.1), losses.chroma(visible), atol=1e-6, rtol=0)
    tint = torch.tensor([0.1, 0.0, -0.1]).view(1, 3, 1, 1)
    assert (losses.chroma(visible + tint) - losses.chroma(visible)).abs().mean() > 0.05


def test_complementarity_is_zero_for_the_sum_of_both(pictures):
    visible, thermal = luma(pictures[0]), pictures[1]
    assert losses.complementarity_loss(visible + thermal, visible, thermal).item() == pytest.approx(0, abs=1e-3)
    assert losses.complementarity_loss(visible, visible, thermal) > 0.5


def test_flat_crops_give_finite_gradients():
    fused = torch.full((1, 3, 32, 32), 0.5, requires_grad=True)
    fusion_loss(fused, torch.full((1, 3, 32, 32), 0.5), torch.zeros(1, 1, 32, 32), Weights())["total"].backward()
    assert torch.isfinite(fused.grad).all()


def test_total_is_the_weighted_sum_of_eq_14(pictures):
    visible, thermal = pictures
    weights = Weights()
    parts = fusion_loss(visible * 0.9, visible, thermal, weights)
    total = sum(getattr(weights, name) * part for name, part in parts.items() if name != "total")
    torch.testing.assert_close(parts["total"], total)


def test_faults_name_the_shapes(pictures):
    visible, thermal = pictures
    with pytest.raises(ValueError, match=r"\(2, 3, 32, 48\), \(2, 3, 32, 48\), \(2, 1, 16, 48\)"):
        fusion_loss(visible, visible, thermal[:, :, :16], Weights())
    with pytest.raises(ValueError, match="8x48 are smaller than the SSIM window"):
        fusion_loss(visible[:, :, :8], visible[:, :, :8], thermal[:, :, :8], Weights())
