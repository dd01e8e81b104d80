"""Metrics against closed forms and against independent libraries."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ros2_textfuse.evaluation.metrics import fusion as metrics
from tests.helpers.images import street
from tests.helpers.messages import noise


@pytest.fixture(scope="module")
def pair():
    """Thermal, visible and a mixture with stripes, by formula, in whole levels."""
    visible, thermal = street(97, 131)
    a, b = thermal.astype(float), np.round(metrics.to_grey(visible))
    return a, b, np.clip(np.round(0.6 * b + 0.4 * a + 5 * np.sin(np.arange(131) / 3)), 0, 255)


# Closed forms ---------------------------------------------------------------------------------------------------------


def test_entropy():
    assert metrics.entropy(np.full((64, 64), 7.0)) == 0
    assert metrics.entropy(np.arange(4096.0).reshape(64, 64) % 256) == pytest.approx(8)


def test_deviation_and_spatial_frequency_of_stripes():
    stripes = np.tile([0.0, 100.0], (64, 32))
    result = metrics.evaluate(stripes, stripes, stripes)
    assert result["SD"] == pytest.approx(50)
    assert result["SF"] == pytest.approx(100)


def test_average_gradient_of_a_ramp():
    ramp = np.tile(np.arange(64.0) * 3, (64, 1))
    assert metrics.average_gradient(ramp) == pytest.approx(3 / np.sqrt(2))


def test_scd_of_a_sum_is_two():
    a, b = noise(64, 64) / 2.0, noise(64, 64, seed=1) / 2.0
    assert metrics.evaluate(a, b, a + b)["SCD"] == pytest.approx(2)


def test_a_copy_of_both_sources():
    a = street(64, 64)[1].astype(float)
    result = metrics.evaluate(a, a, a)
    assert result["VIF"] == pytest.approx(2)
    assert result["SSIM"] == pytest.approx(2)
    assert result["MI"] == pytest.approx(2 * result["EN"] * np.log(2))
    # Equal strength (ratio 1) and equal direction (agreement 1) in Xydeas and Petrovic's two sigmoids.
    assert result["Qabf"] == pytest.approx(0.9994 / (1 + np.exp(-7.5)) * 0.9879 / (1 + np.exp(-4.4)))


def test_correlation_with_a_scaled_and_an_inverted_source():
    a = street(64, 64)[1] / 2.0
    result = metrics.evaluate(a, 255 - a, 10 + 1.5 * a)
    assert result["CC"] == pytest.approx(0)
    assert metrics.correlation(a, 10 + 1.5 * a) == pytest.approx(1)


def test_cameras_have_the_metrics_that_need_no_sources(pair):
    a, b, f = pair
    result = metrics.evaluate(a, b, f)
    assert metrics.evaluate_single(f) == {name: result[name] for name in metrics.SINGLE}


def test_flat_images_have_figures():
    flat = np.full((64, 64), 100.0)
    result = metrics.evaluate(flat, flat, flat)
    assert all(np.isfinite(list(result.values())))
    assert result["SCD"] == result["MI"] == result["CC"] == 0
    assert result["PIQE"] == 100


# Independent libraries, run once on the pair above --------------------------------------------------------------------


def test_ssim_is_that_of_scikit_image(pair):
    """structural_similarity(a, f, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255)."""
    assert metrics.structural_similarity([pair[0]], pair[2]) == [pytest.approx(0.8585541578905755, abs=1e-9)]


def test_correlation_is_that_of_numpy(pair):
    a, b, f = (image.ravel() for image in pair)
    expected = (np.corrcoef(a, f)[0, 1] + np.corrcoef(b, f)[0, 1]) / 2
    assert metrics.evaluate(*pair)["CC"] == pytest.approx(expected, abs=1e-12)


def test_mutual_information_is_that_of_scikit_learn(pair):
    """mutual_info_score."""
    assert metrics.mutual_information(pair[0], pair[2]) == pytest.approx(2.0969554652685565, abs=1e-9)


def test_vif_is_that_of_sewar(pair):
    """vifp of each source."""
    a, b, f = pair
    expected = [0.6324191991950872, 0.40758029131258044]
    assert metrics.visual_information_fidelity([a, b], f) == pytest.approx(expected, abs=1e-8)


def test_qabf_is_that_of_a_direct_convolution(pair):
    """scipy's convolve2d with zero padding; there equal edges keep their strength as ratio, 4e-6 in the mean."""
    assert metrics.edge_preservation(*pair) == pytest.approx(0.47787290809920985, abs=1e-5)


# Properties and errors ------------------------------------------------------------------------------------------------


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**16), height=st.integers(42, 70), width=st.integers(42, 70))
def test_ranges(seed, height, width):
    images = [noise(height, width, seed=seed + number) for number in range(3)]
    result = metrics.evaluate(*images)
    assert 0 <= result["EN"] <= 8 and 0 <= result["SD"] <= 127.5
    assert -2 <= result["SCD"] <= 2 and 0 <= result["Qabf"] <= 1 and -2 <= result["SSIM"] <= 2
    assert result["VIF"] >= 0 and result["MI"] >= -1e-9
    assert -1 <= result["CC"] <= 1 and 0 <= result["PIQE"] <= 100


def test_to_grey():
    assert metrics.to_grey(np.full((2, 2, 3), 200, np.uint8)) == pytest.approx(200)
    assert metrics.to_grey(np.array([[[255, 0, 0]]], np.uint8)) == pytest.approx(76.245)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda p: p[:, :, None], "thermal has the shape"),
        (lambda p: p[:40], "at least 42"),
        (lambda p: p[:60], "sizes differ"),
        (lambda p: p * 2, "outside 0..255"),
        (lambda p: np.where(p > 100, np.nan, p), "outside 0..255"),
    ],
)
def test_wrong_images_are_named(change, reason):
    good = street(64, 64)[1].astype(float)
    with pytest.raises(ValueError, match=reason):
        metrics.evaluate(change(good), good, good)
