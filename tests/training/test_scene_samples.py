"""What the estimator of the scene is trained on."""

import numpy as np
import pytest

from ros2_textfuse.training import scene_samples
from ros2_textfuse.training.data import DataError, find_pairs
from ros2_textfuse.training.train import make_pairs


@pytest.fixture
def scene():
    rng = np.random.default_rng(0)
    return 0.05 + 0.8 * np.repeat(np.repeat(rng.random((24, 32, 3), np.float32), 8, 0), 8, 1)


@pytest.mark.parametrize("seed", range(3))
def test_fine_rain_is_faint_and_grows_with_severity(scene, seed):
    changes = [
        float((scene_samples.fine_rain(scene, severity, np.random.default_rng(seed)) - scene).std())
        for severity in (0.2, 0.5, 1.0)
    ]
    assert changes == sorted(changes) and changes[0] < 0.05 < 0.2 > changes[-1]


@pytest.mark.parametrize("seed", range(3))
def test_hard_light_clips_little(scene, seed):
    hard = scene_samples._contrasty(scene, np.random.default_rng(seed))
    assert (hard >= 1).any(2).mean() <= scene_samples.CLIPPED + 0.01
    assert abs(float(np.median(hard)) - float(np.median(scene))) < 0.02


def test_a_soft_window_is_neither_sharp_nor_blurred():
    import cv2

    rng = np.random.default_rng(1)
    sharp = np.uint8(255 * np.repeat(np.repeat(rng.random((40, 40, 3)), 8, 0), 8, 1))
    soft = cv2.GaussianBlur(sharp, (0, 0), 3)
    heat = np.ascontiguousarray(sharp[..., 0])
    labels = [scene_samples.sample(image, heat, {}, np.random.default_rng(2))[2].get("blur") for image in (sharp, soft)]
    assert labels == [None, scene_samples.UNSURE]


@pytest.mark.parametrize("content", [None, b"", b"not an image"], ids=["missing", "empty", "damaged"])
def test_an_image_that_went_missing_is_named(tmp_path, content):
    pairs = find_pairs(make_pairs(tmp_path))
    for pair in pairs:
        pair.thermal.unlink()
        if content is not None:
            pair.thermal.write_bytes(content)
    with pytest.raises(DataError, match="was readable when the run began"):
        scene_samples._one(pairs, 0, 0)
