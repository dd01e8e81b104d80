import numpy as np
import pytest
import torch

from ros2_textfuse.evaluation.metrics import retention
from ros2_textfuse.training import retention_loss as module
from ros2_textfuse.training.retention_loss import choose, compress, retention_loss, seen_target

TARGET = {"preference": 1.0, "gain": 1.0, "room": 0.1}


def scene(inside, around=0.5, size=96):
    """A figure of 20x40 pixels in the middle of a flat image."""
    image = torch.full((1, 1, size, size), around)
    image[..., 28:68, 38:58] = inside
    return image


def contrast(image):
    return retention.contrast(image[0, 0].numpy(), (38.0, 28.0, 58.0, 68.0))


class TestTarget:
    def test_the_camera_that_shows_more_is_chosen(self):
        flat = torch.full((1, 1, 96, 96), 0.5)
        figure = (slice(None), slice(None), slice(28, 68), slice(38, 58))
        assert choose(flat, scene(0.8))[figure].min() > 0.9
        assert choose(scene(0.2), flat)[figure].max() < 0.1

    def test_opposite_polarities_do_not_cancel(self):
        visible, thermal = scene(0.3), scene(0.75)
        assert abs(contrast((visible + thermal) / 2)) < 0.05
        assert contrast(seen_target(visible, thermal, **TARGET)) > 0.6 * contrast(thermal)
        assert contrast(seen_target(visible, scene(0.85), **TARGET)) > 0.8 * 0.35
        assert contrast(seen_target(1 - visible, scene(0.15), **TARGET)) < -0.8 * 0.35

    def test_before_a_bright_sky_a_warm_person_stays_as_dark_as_the_visible_camera_shows_it(self):
        visible, thermal = scene(0.2, 0.9), scene(0.9, 0.1)
        assert contrast(seen_target(visible, thermal, **TARGET)) < 0.5 * contrast(visible)

    def test_thermal_shows_through_white_without_a_prompt(self):
        white = torch.ones(1, 1, 96, 96)
        target = seen_target(white, scene(0.45, 0.3), **TARGET)
        assert contrast(target) > 0.6 * 0.15

    def test_a_flat_thermal_image_leaves_the_visible_one(self):
        visible = scene(0.3)
        for level in (0.0, 0.5, 1.0):
            target = seen_target(visible, torch.full_like(visible, level), **TARGET)
            torch.testing.assert_close(target, visible, atol=0.02, rtol=0)

    def test_the_balance_decides_between_two_that_show_as_much(self):
        visible, thermal = scene(0.3), scene(0.7)
        leaning = [contrast(seen_target(visible, thermal, balance=b, **TARGET)) for b in (-1.0, -0.5, 0.5, 1.0)]
        assert leaning[0] < -0.1 and leaning[-1] > 0.1
        assert leaning == sorted(leaning)

    def test_gain_is_of_the_contrast(self):
        flat = torch.full((1, 1, 96, 96), 0.5)
        plain, raised = (seen_target(scene(0.6), flat, **{**TARGET, "gain": gain}) for gain in (1.0, 1.2))
        assert contrast(raised) > 1.1 * contrast(plain)


def test_wide_areas_leave_room_in_order():
    levels = torch.linspace(-0.5, 1.5, 200).view(1, 1, 1, 200)
    bent = compress(levels, 0.1)
    assert bent.min() >= 0.05 and bent.max() <= 0.9
    assert (bent.diff() >= 0).all()
    middle = (levels > 0.1) & (levels < 0.8)
    torch.testing.assert_close(bent[middle], levels[middle])
    torch.testing.assert_close(compress(levels, 0.0), levels)


class TestBoxes:
    generator = torch.Generator()

    def losses(self, fused, visible, thermal):
        return [part.item() for part in retention_loss(fused, visible, thermal, 64, self.generator.manual_seed(0))]

    def test_a_source_that_is_kept_costs_nothing(self):
        visible, flat = scene(0.2), torch.full((1, 1, 96, 96), 0.5)
        assert self.losses(visible, visible, flat) == pytest.approx([0, 0], abs=1e-6)
        assert self.losses(visible, flat, visible) == pytest.approx([0, 0], abs=1e-6)

    def test_what_is_gone_costs_and_the_wrong_sign_costs_more(self):
        visible, flat = scene(0.2), torch.full((1, 1, 96, 96), 0.5)
        lost, faded = self.losses(flat, visible, flat)
        assert lost > 0.2 and faded > 0.05
        assert self.losses(1 - visible, visible, flat)[1] == pytest.approx(2 * faded, rel=0.01)

    def test_the_separability_is_the_metric(self):
        rng = np.random.default_rng(0)
        image = torch.from_numpy(rng.integers(0, 256, (1, 1, 96, 96)) / 255).float()
        image[..., 30:60, 40:60] *= 0.3
        box = (40.0, 30.0, 60.0, 60.0)
        masks = torch.zeros(2, 96, 96)
        masks[0, 30:60, 40:60] = 1
        masks[1, 21:69, 34:66] = 1
        masks[1, 30:60, 40:60] = 0
        inside, around = ((mask / mask.sum()).view(1, 1, -1) for mask in masks)
        separabilities, found = module._seen(image, inside, around)
        levels = 255 * image[0, 0].numpy()
        # Soft bins blur the histogram a little.
        assert separabilities[-1].item() == pytest.approx(retention.separability(levels, box), abs=0.06)
        assert 255 * found.item() == pytest.approx(retention.contrast(levels, box), abs=0.01)

    def test_boxes_lie_inside_and_their_rings_around_them(self):
        drawn = module._drawn(3, 50, 48, 48, torch.device("cpu"), self.generator.manual_seed(1))
        inside, around = module._masks(drawn, 48, 48)
        torch.testing.assert_close(inside.sum(-1), torch.ones(3, 50))
        torch.testing.assert_close(around.sum(-1), torch.ones(3, 50))
        assert not ((inside > 0) & (around > 0)).any()

    def test_a_known_object_counts_more_than_a_box_drawn_at_random(self):
        visible, flat = scene(0.2), torch.full((1, 1, 96, 96), 0.5)
        objects = torch.full((1, 4, 5), -1.0)
        objects[0, 0] = torch.tensor([0, 38, 28, 58, 68])

        def lost(objects):
            generator = self.generator.manual_seed(0)
            return retention_loss(flat, visible, flat, 64, generator, objects=objects)[0].item()

        assert lost(objects) > 1.05 * lost(None)
        assert lost(torch.full((1, 4, 5), -1.0)) == pytest.approx(lost(None))

    def test_the_camera_that_a_prompt_disregards_may_lose_what_it_shows(self):
        visible, flat = scene(0.2), torch.full((1, 1, 96, 96), 0.5)

        def lost(balance):
            generator = self.generator.manual_seed(0)
            return retention_loss(flat, visible, flat, 64, generator, torch.tensor([balance]))[0].item()

        assert lost(1.0) < 0.5 * lost(0.0)
        assert lost(-1.0) == pytest.approx(lost(0.0))

    def test_a_descent_on_the_loss_brings_a_lost_figure_back(self):
        visible, flat = scene(0.3), torch.full((1, 1, 96, 96), 0.5)
        fused = flat.clone().requires_grad_()
        optimizer = torch.optim.Adam([fused], 0.02)
        for _ in range(40):
            optimizer.zero_grad()
            sum(retention_loss(fused, visible, flat, 64, self.generator)).backward()
            optimizer.step()
        assert contrast(fused.detach()) < 0.5 * contrast(visible)


def test_averages_have_the_weight_and_width_of_a_gaussian():
    impulse = torch.zeros(1, 1, 65, 65)
    impulse[..., 32, 32] = 1
    blurred = module._gauss(impulse, 4.0)[0, 0]
    at = torch.arange(65) - 32.0
    assert blurred.sum().item() == pytest.approx(1, abs=1e-5)
    assert (blurred.sum(0) * at**2).sum().item() == pytest.approx(16, rel=0.05)
    torch.testing.assert_close(module._gauss(torch.ones(1, 1, 20, 30), 16.0), torch.ones(1, 1, 20, 30))
