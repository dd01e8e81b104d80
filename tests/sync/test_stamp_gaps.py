"""Images that never came, and cameras of which none is missing."""

import numpy as np
import pytest

from ros2_textfuse.sync.stamp_gaps import StampGaps


def watch(stamps, look_every=0.5):
    """All that was said of a camera: the gaps at the end, and the highest share on the way."""
    gaps, highest, looked = StampGaps(), 0.0, stamps[0]
    for stamp in stamps:
        gaps.add(round(stamp * 1e9))
        if stamp - looked >= look_every:
            gaps.look()
            highest, looked = max(highest, gaps.share), stamp
    return gaps, highest


def camera(rate, seconds=20.0, jitter=0.0, seed=0):
    """Stamps of a regular camera, whose stamps are off by a share of its period (standard deviation)."""
    numbers = np.arange(round(seconds * rate))
    return 100 + (numbers + np.random.default_rng(seed).normal(0, jitter, len(numbers))) / rate


@pytest.mark.parametrize("lost", [0.15, 0.35, 0.6])
@pytest.mark.parametrize("rate", [9.0, 30.0, 60.0])
@pytest.mark.parametrize("jitter", [0.0, 0.05])
def test_lost_images_are_counted(rate, lost, jitter):
    stamps = camera(rate, 40.0, jitter)
    kept = np.random.default_rng(1).random(len(stamps)) > lost
    gaps, _ = watch(stamps[kept])
    assert gaps.missing == pytest.approx((~kept).sum(), rel=0.25)  # pauses are none
    assert gaps.share == pytest.approx(lost, abs=0.2)
    assert gaps.rate == pytest.approx(rate, rel=0.02)


@pytest.mark.parametrize("seed", range(3))
def test_nearly_all_images_are_lost(seed):
    """17 of 300, as seen of a driver without a DDS profile for images."""
    stamps = camera(30.0, 60.0, 0.01)
    kept = np.random.default_rng(seed).random(len(stamps)) > 0.9
    _, highest = watch(stamps[kept])
    assert highest > 0.75


def test_a_loss_that_ends_is_soon_forgotten():
    stamps = camera(30.0, 40.0)
    kept = (stamps > 120) | (np.random.default_rng(1).random(len(stamps)) > 0.5)
    gaps, highest = watch(stamps[kept])
    assert highest > 0.3 and gaps.share == 0 and gaps.missing > 200


def triggered(seed):
    """Images that come when something happens."""
    return 100 + np.cumsum(np.random.default_rng(seed).exponential(0.05, 2000))


def dozing(seed):
    """A driver that stamps when it gets round to it."""
    return 100 + np.cumsum(np.random.default_rng(seed).uniform(0.02, 0.08, 2000))


def darker(seed):
    """30 images a second, then 15, then 20, then 30: exposure follows the light."""
    periods = np.concatenate([np.full(n, 1 / rate) for n, rate in ((300, 30), (200, 15), (200, 20), (300, 30))])
    return 100 + np.cumsum(periods + np.random.default_rng(seed).normal(0, 0.0005, len(periods)))


def shuttered(seed):
    """A thermal camera that closes its shutter for half a second, twice a minute."""
    stamps = camera(30.0, 120.0, 0.02, seed)
    return stamps[(stamps - 100) % 30 > 0.5]


def bunched(seed):
    """A busy computer that stamps an image late now and then, and the next one in time."""
    stamps = camera(30.0, 60.0)
    late = np.random.default_rng(seed).random(len(stamps)) < 0.03
    return stamps + late * 0.027


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("stamps", [triggered, dozing, darker, shuttered, bunched])
def test_no_false_alarm(stamps, seed):
    _, highest = watch(stamps(seed))
    assert highest < 0.05


@pytest.mark.parametrize("rate", [0.5, 1.0, 5.0, 9.0, 30.0, 120.0])
@pytest.mark.parametrize("jitter", [0.0, 0.1, 0.3])
def test_no_image_of_a_whole_stream_is_missing(rate, jitter):
    gaps, highest = watch(np.sort(camera(rate, 2000 / rate, jitter)))
    assert highest < 0.03 and gaps.missing < 0.03 * 2000


def test_a_clock_that_is_set_back_begins_anew():
    stamps = np.concatenate([camera(30.0), camera(30.0) - 50])
    gaps, highest = watch(stamps, look_every=-1e9)
    assert highest == 0 and gaps.missing == 0
