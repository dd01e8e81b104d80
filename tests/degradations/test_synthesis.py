import cv2
import numpy as np
import pytest

from ros2_textfuse.degradations import synthesis
from ros2_textfuse.degradations.modes import MODES
from ros2_textfuse.degradations.synthesis import DEGRADATIONS, THERMAL, VISIBLE, apply


@pytest.fixture(scope="module")
def pair():
    rng = np.random.default_rng(5)
    visible = cv2.GaussianBlur(rng.random((64, 96, 3), dtype=np.float32), (0, 0), 3)
    thermal = cv2.GaussianBlur(rng.random((64, 96), dtype=np.float32), (0, 0), 3)
    # Stretched to 0.1..0.9, so that there are darks to veil and lights to clip.
    return tuple(0.1 + 0.8 * (x - x.min()) / (x.max() - x.min()) for x in (visible, thermal))


def degrade(mode, severity, pair, seed=0):
    visible, thermal = apply(*pair, {mode: severity}, np.random.default_rng(seed))
    return visible if mode in VISIBLE else thermal


def original(mode, pair):
    return pair[0] if mode in VISIBLE else pair[1]


def test_every_mode_has_one_degradation():
    assert set(DEGRADATIONS) == set(MODES)
    assert not set(VISIBLE) & set(THERMAL)


@pytest.mark.parametrize("mode", MODES)
class TestEachMode:
    def test_severity_zero_is_the_identity(self, mode, pair):
        unchanged = DEGRADATIONS[mode](original(mode, pair), 0.0, np.random.default_rng(0))
        np.testing.assert_allclose(unchanged, original(mode, pair), atol=1e-6)

    @pytest.mark.parametrize("severity", [0.1, 0.5, 1.0])
    def test_shape_dtype_and_range_stay(self, mode, severity, pair):
        degraded = degrade(mode, severity, pair)
        assert degraded.shape == original(mode, pair).shape
        assert degraded.dtype == np.float32
        assert 0 <= degraded.min() <= degraded.max() <= 1

    def test_one_seed_gives_one_image(self, mode, pair):
        np.testing.assert_array_equal(degrade(mode, 0.5, pair, seed=3), degrade(mode, 0.5, pair, seed=3))

    def test_damage_grows_with_severity_and_is_plain_at_one_half(self, mode, pair):
        damage = [
            np.mean([np.abs(degrade(mode, s, pair, seed) - original(mode, pair)).mean() for seed in range(8)])
            for s in (0.1, 0.5, 1.0)
        ]
        assert damage[0] < damage[1] < damage[2]
        assert damage[1] > 0.01

    def test_the_other_image_and_the_input_stay_untouched(self, mode, pair):
        before = [x.copy() for x in pair]
        visible, thermal = apply(*pair, {mode: 0.7}, np.random.default_rng(0))
        np.testing.assert_array_equal(thermal if mode in VISIBLE else visible, pair[mode in VISIBLE])
        for now, then in zip(pair, before, strict=True):
            np.testing.assert_array_equal(now, then)


def test_each_does_what_its_name_says(pair):
    visible, thermal = pair
    assert degrade("low_light", 0.5, pair).mean() < 0.6 * visible.mean()
    assert degrade("over_exposure", 0.5, pair).mean() > 1.2 * visible.mean()
    assert degrade("haze", 0.5, pair).std() < 0.8 * visible.std()
    assert cv2.Laplacian(degrade("blur", 0.5, pair), cv2.CV_32F).std() < cv2.Laplacian(visible, cv2.CV_32F).std()
    cast = degrade("color_cast", 0.5, pair).mean((0, 1)) / visible.mean((0, 1))
    assert cast.max() / cast.min() > 1.2
    assert degrade("ir_low_contrast", 0.5, pair).std() < 0.75 * thermal.std()
    stripes = degrade("ir_stripe", 0.5, pair) - thermal
    assert max(stripes.mean(0).std(), stripes.mean(1).std()) > 0.9 * stripes.std()


def test_leaving_one_mode_out_keeps_the_draws_of_the_others(pair):
    both = apply(*pair, {"blur": 0.4, "ir_noise": 0.5}, np.random.default_rng(1))
    one = apply(*pair, {"ir_noise": 0.5}, np.random.default_rng(1))
    np.testing.assert_array_equal(both[1], one[1])


def test_apply_refuses_unknown_modes_and_severities_out_of_range(pair):
    with pytest.raises(ValueError, match=r"unknown degradation snow; known: haze"):
        apply(*pair, {"snow": 0.5}, np.random.default_rng(0))
    with pytest.raises(ValueError, match=r"outside 0\.\.1.*'haze': 1\.5"):
        apply(*pair, {"haze": 1.5}, np.random.default_rng(0))


@pytest.mark.parametrize("degrees", [0, 30, 90, 135])
def test_line_kernel_is_normalised_and_centred(degrees):
    kernel = synthesis.line_kernel(9, degrees)
    at = np.arange(len(kernel)) - len(kernel) // 2
    assert kernel.sum() == pytest.approx(1)
    assert abs((kernel.sum(0) * at).sum()) < 0.3
    assert abs((kernel.sum(1) * at).sum()) < 0.3
