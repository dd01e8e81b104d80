"""PIQE against an independent implementation, and what it must and must not notice."""

import cv2
import numpy as np
import pytest

from ros2_textfuse.evaluation.metrics.fusion import to_grey
from ros2_textfuse.evaluation.metrics.piqe import piqe
from tests.helpers.images import street
from tests.helpers.messages import noise


def test_it_is_that_of_pypiqe():
    """pypiqe 1.2, which its author tested against MATLAB's; sizes that are no multiple of the block."""
    visible, thermal = street(97, 131)
    assert piqe(thermal) == pytest.approx(94.48942094089088, abs=1e-9)
    assert piqe(np.round(to_grey(visible))) == pytest.approx(92.9444293802167, abs=1e-9)
    assert piqe(noise(97, 131)) == pytest.approx(80.39491125170548, abs=1e-9)


def test_compression_and_noise_make_it_worse():
    clean = cv2.GaussianBlur(noise(128, 160), (0, 0), 1.5)
    clean = cv2.normalize(clean, None, 0, 255, cv2.NORM_MINMAX)
    blocks = cv2.imdecode(cv2.imencode(".jpg", clean, [cv2.IMWRITE_JPEG_QUALITY, 5])[1], cv2.IMREAD_GRAYSCALE)
    noisy = np.clip(clean + np.random.default_rng(0).normal(0, 25, clean.shape), 0, 255)
    assert piqe(blocks) > piqe(clean) + 10
    assert piqe(np.round(noisy)) > piqe(clean) + 10


def test_brightness_alone_changes_nothing():
    image = 2 * (noise(64, 80) // 8)
    assert piqe(image) == pytest.approx(piqe(4 * image))


@pytest.mark.parametrize("level", [0, 100])
def test_a_image_without_texture(level):
    assert piqe(np.full((64, 64), level, np.uint8)) == 100
