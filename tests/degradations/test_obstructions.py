"""Glare and smoke: what they do to an image, and that thermal cameras are left out of it."""

import numpy as np
import pytest

from ros2_textfuse.degradations.obstructions import OBSTRUCTIONS, glare, smoke

SCENE = np.tile(np.linspace(0.1, 0.6, 320, dtype=np.float32)[None, :, None], (240, 1, 3))
SCENE[::8] *= 0.6


@pytest.mark.parametrize("obstruct", OBSTRUCTIONS.values(), ids=OBSTRUCTIONS)
class TestEach:
    def test_severity_zero_is_the_identity(self, obstruct):
        np.testing.assert_array_equal(obstruct(SCENE, 0.0, np.random.default_rng(0)), SCENE)

    @pytest.mark.parametrize("severity", [0.1, 0.5, 1.0])
    def test_shape_dtype_and_range_stay(self, obstruct, severity):
        found = obstruct(SCENE, severity, np.random.default_rng(0))
        assert found.shape == SCENE.shape and found.dtype == np.float32
        assert found.min() >= 0 and found.max() <= 1

    def test_the_same_seed_gives_the_same_image(self, obstruct):
        first, second = (obstruct(SCENE, 0.6, np.random.default_rng(4)) for _ in range(2))
        np.testing.assert_array_equal(first, second)

    def test_more_severity_hides_more(self, obstruct):
        changes = [np.abs(obstruct(SCENE, s, np.random.default_rng(1)) - SCENE).mean() for s in (0.2, 0.5, 1.0)]
        assert changes == sorted(changes) and changes[0] > 0


def test_glare_clips_and_only_adds_light():
    found = glare(SCENE, 0.8, np.random.default_rng(2))
    assert (found >= 1).all(2).mean() > 0.005
    assert (found >= SCENE - 1e-6).all()


def test_thick_smoke_hides_the_texture():
    found = smoke(SCENE, 1.0, np.random.default_rng(3))
    texture = [np.abs(np.diff(image[..., 0], axis=0)).mean() for image in (SCENE, found)]
    assert texture[1] < 0.3 * texture[0]
