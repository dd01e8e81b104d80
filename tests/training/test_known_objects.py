import pytest
import torch

from ros2_textfuse.training.known_objects import LIKE_VISIBLE, bring_out, log_preference
from ros2_textfuse.training.losses import Weights, fusion_loss

NOBODY = torch.tensor([[[-1.0, 0, 0, 0, 0]]])
PERSON, CAR = (torch.tensor([[[kind, 38.0, 28.0, 58.0, 68.0]]]) for kind in (0.0, 2.0))
WITHIN = (..., slice(34, 62), slice(43, 53))  # without the soft border of what may change


def scene(inside, around=0.5):
    """A figure of 20x40 pixels in the middle of a flat image."""
    image = torch.full((1, 1, 96, 96), around)
    image[..., 28:68, 38:58] = inside
    return image


class TestPreference:
    def test_a_vehicle_looks_as_the_colour_camera_shows_it(self):
        found = log_preference(CAR, 96, 96).exp()
        assert found[WITHIN].max() == pytest.approx(LIKE_VISIBLE)
        assert found[..., :15, :].min() == 1

    @pytest.mark.parametrize("objects", [PERSON, NOBODY, torch.empty(1, 0, 5)], ids=["person", "nobody", "none"])
    def test_elsewhere_nothing_is_preferred(self, objects):
        assert (log_preference(objects, 96, 96) == 0).all()


class TestBringOut:
    @pytest.mark.parametrize("inside", [0.7, 0.3], ids=["brighter", "darker"])
    @pytest.mark.parametrize("camera", ["visible", "thermal"])
    def test_an_object_goes_further_the_way_of_the_camera_that_shows_it(self, camera, inside):
        flat, target = torch.full((1, 1, 96, 96), 0.5), scene(0.5 + (inside - 0.5) / 10)
        cameras = (scene(inside), flat) if camera == "visible" else (flat, scene(inside))
        found = bring_out(target, *cameras, PERSON)
        moved = (found - target)[WITHIN] * (1 if inside > 0.5 else -1)
        assert moved.min() > 0.03
        assert torch.equal(found[..., :26, :], target[..., :26, :])

    def test_what_is_warm_before_white_becomes_darker_if_the_other_camera_says_so(self):
        target = scene(0.93, 0.95)
        assert (bring_out(target, scene(0.3, 0.95), scene(0.9, 0.2), PERSON) < target)[WITHIN].all()

    def test_a_camera_that_is_not_asked_for_does_not_say_which_way(self):
        visible, thermal, target = scene(0.4), scene(0.9), scene(0.55)
        for balance, way in ((-1.0, -1), (1.0, 1)):
            moved = bring_out(target, visible, thermal, PERSON, torch.tensor([balance])) - target
            assert moved[WITHIN].mean() * way > 0

    @pytest.mark.parametrize("objects", [NOBODY, torch.tensor([[[0.0, 90.0, 90.0, 91.0, 91.0]]])], ids=["none", "tiny"])
    def test_nothing_to_bring_out(self, objects):
        target = scene(0.6)
        assert torch.equal(bring_out(target, scene(0.6), scene(0.6), objects), target)


def test_the_loss_falls_where_an_object_is_brought_out():
    visible, thermal = scene(0.5).repeat(1, 3, 1, 1), scene(0.56)
    plain, brought_out = scene(0.55), scene(0.65)

    def loss(fused, objects):
        fused = fused.repeat(1, 3, 1, 1)
        return fusion_loss(fused, visible, thermal, Weights(), torch.Generator(), objects=objects)["intensity"]

    assert loss(plain, NOBODY) < loss(brought_out, NOBODY)
    assert loss(plain, PERSON) > loss(brought_out, PERSON)
