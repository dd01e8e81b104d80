"""The fused image's tone: directions, exactness, in place, and its price."""

import time

import cv2
import numpy as np
import pytest

from ros2_textfuse.imaging.tone import ToneMap

IMAGE = np.random.default_rng(3).integers(0, 256, (480, 640, 3), dtype=np.uint8)


def _toned(**tone: float) -> np.ndarray:
    image = IMAGE.copy()
    ToneMap(**tone)(image)
    return image


def test_no_tone_changes_nothing() -> None:
    np.testing.assert_array_equal(_toned(), IMAGE)


@pytest.mark.parametrize("value", [-1.0, -0.25, 0.25, 1.0])
def test_directions(value: float) -> None:
    assert np.sign(_toned(brightness=value).mean() - IMAGE.mean()) == np.sign(value)
    assert np.sign(_toned(contrast=value).std() - IMAGE.std()) == np.sign(value)
    spread = np.ptp(_toned(colour=value).astype(int), axis=2).mean() - np.ptp(IMAGE.astype(int), axis=2).mean()
    assert np.sign(spread) == np.sign(value)


@pytest.mark.parametrize("axis", ["brightness", "contrast"])
@pytest.mark.parametrize("value", [-1.0, -0.5, 0.5, 1.0])
def test_order_stays_and_nothing_is_clipped(axis: str, value: float) -> None:
    ramp = np.tile(np.arange(256, dtype=np.uint8)[None, :, None], (1, 1, 3)).copy()
    ToneMap(**{axis: value})(ramp)
    levels = ramp[0, :, 0].astype(int)
    assert (np.diff(levels) >= 0).all()
    if value > 0 or axis == "brightness":
        assert (levels[0], levels[-1]) == (0, 255)


def test_without_colour_is_grey_of_the_same_luma() -> None:
    grey = _toned(colour=-1.0)
    assert np.ptp(grey.astype(int), axis=2).max() <= 1
    assert np.abs(grey[..., 0].astype(int) - cv2.cvtColor(IMAGE, cv2.COLOR_RGB2GRAY).astype(int)).max() <= 1


def test_grey_stays_grey_under_more_colour() -> None:
    grey = np.repeat(IMAGE[..., :1], 3, axis=2).copy()
    before = grey.copy()
    ToneMap(colour=1.0)(grey)
    assert np.abs(grey.astype(int) - before.astype(int)).max() <= 1


def test_in_place_is_what_a_copy_gives() -> None:
    tone = {"brightness": 0.3, "contrast": -0.4, "colour": 0.7}
    matrix = ToneMap(**tone)._matrix
    expected = np.clip(np.rint(IMAGE.astype(np.float64) @ matrix.T), 0, 255)
    image = IMAGE.copy()
    ToneMap(colour=0.7)(image)
    assert np.abs(image - expected).max() <= 1
    again = image.copy()
    ToneMap(brightness=0.3, contrast=-0.4)(again)
    np.testing.assert_array_equal(_toned(**tone), again)


def test_it_takes_less_than_a_millisecond() -> None:
    tone, image, times = ToneMap(0.3, 0.3, 0.3), IMAGE.copy(), []
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    for _ in range(60):
        start = time.thread_time()
        tone(image)
        times.append(time.thread_time() - start)
    cv2.setNumThreads(threads)
    assert min(times) < 0.001, f"{min(times) * 1e3:.2f} ms"
