"""The shipped estimator on a scene that it was not trained on, and weights that cannot be used."""

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from ros2_textfuse.degradations import synthesis
from ros2_textfuse.degradations.modes import MODES
from ros2_textfuse.recordings import simulated_scene
from ros2_textfuse.scene.conditions import CONDITIONS
from ros2_textfuse.scene.estimator import WEIGHTS, Estimator, EstimatorError


@pytest.fixture(scope="module")
def pair():
    try:
        return simulated_scene.still()
    except FileNotFoundError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def estimator():
    return Estimator()


def degraded(pair, mode, severity, seed=0):
    visible, thermal = (np.float32(image) / 255 for image in pair)
    found = synthesis.apply(visible, thermal, {mode: severity}, np.random.default_rng(seed))
    return [np.round(image * 255).astype(np.uint8) for image in found]


# Exposure and contrast are told from a scene's tones; those of this photograph and its painted thermal side are odd.
PLAIN = [mode for mode in MODES if mode not in ("over_exposure", "ir_low_contrast")]


@pytest.mark.parametrize("mode", PLAIN)
def test_a_degradation_is_named(pair, estimator, mode):
    named = [mode in estimator(*degraded(pair, mode, 0.8, seed)).named() for seed in range(5)]
    assert sum(named) >= 4


@pytest.mark.parametrize("mode", ["low_light", "visible_noise", "ir_noise", "ir_stripe"])
def test_more_severity_is_read_as_more(pair, estimator, mode):
    index = CONDITIONS.index(mode)
    read = [
        np.mean([estimator(*degraded(pair, mode, severity, seed)).severity[index] for seed in range(3)])
        for severity in (0.4, 0.65, 0.9)
    ]
    assert read == sorted(read) and read[-1] > read[0] + 0.15


def test_hard_highlights_by_day_are_no_over_exposure(pair, estimator):
    bright = np.float32(pair[0]) / 255
    assert (bright.max(2) >= 0.985).mean() > 0.002  # it has some
    assert "over_exposure" not in estimator(*pair).named()
    assert "over_exposure" in estimator(*degraded(pair, "over_exposure", 0.9)).named()


def test_numbers_are_probabilities(estimator):
    rng = np.random.default_rng(0)
    for size in ((1, 1), (33, 700), (480, 640)):
        found = estimator(rng.integers(0, 256, (*size, 3), dtype=np.uint8), rng.integers(0, 256, size, dtype=np.uint8))
        for values in (found.probability, found.severity):
            assert values.shape == (len(CONDITIONS),) and (values >= 0).all() and (values <= 1).all()
        assert 0 <= found.brightness <= 1


def test_what_is_bright_is_never_dark(pair, estimator):
    """Whatever else is wrong with it."""
    rng = np.random.default_rng(0)
    for level in (90, 150, 255):
        noisy = np.clip(level + rng.normal(0, 12, pair[0].shape), 0, 255).astype(np.uint8)
        assert "low_light" not in estimator(noisy, pair[1]).named()


def test_missing_weights_say_what_to_do(tmp_path, pair):
    with pytest.raises(EstimatorError, match="install textfuse again"):
        Estimator(tmp_path / "none.safetensors")(*pair)


def test_weights_of_other_features_are_refused(tmp_path, pair):
    path = tmp_path / "other.safetensors"
    save_file(load_file(WEIGHTS), path, {"conditions": ",".join(CONDITIONS), "features": "a,b"})
    with pytest.raises(EstimatorError, match="other features"):
        Estimator(path)(*pair)
