"""`model:=auto`: the best network of the family that keeps up with the cameras on this machine, found by measuring."""

import logging
import time
from dataclasses import replace

import numpy as np

from ros2_textfuse.engines.verification import check_pair
from ros2_textfuse.fuser import Fuser
from ros2_textfuse.geometry.alignment import Alignment
from ros2_textfuse.settings import AUTO, FAMILY, FusionSettings

SHARE = 0.5  # of a frame's time that fusing may take: detection, messages and the rest of the robot run beside it
ROUNDS = 15  # in which the networks take turns
SETTLING = 3.0  # s between two measurements: at the start of a graph its other nodes load and build

logger = logging.getLogger(__name__)


def prepared_fuser(
    settings: FusionSettings,
    alignment: Alignment | None,
    size: tuple[int, int],
    rate: float,
    settling: float = SETTLING,
) -> Fuser:
    """A fuser whose engine is ready for one size of images.

    Where the model is `auto`, the best of FAMILY whose fuse() takes at most SHARE of a frame's time, by the median of
    ROUNDS: the networks take turns, and one that is too slow is measured again before a smaller one takes its place.
    The smallest runs where none holds the rate. Why is in the fuser's `model_reason`, and in the log.

    Args:
        settings: of the fuser.
        alignment: of its cameras.
        size: height and width in pixels.
        rate: pairs a second that are expected, > 0.
        settling: seconds until the second measurement.

    Raises:
        WeightsError, EngineError, PromptError, EncoderError: as of `Fuser`.
    """
    if settings.model != AUTO:
        fuser = Fuser.from_settings(settings, alignment)
        fuser.prepare(*size)
        return fuser
    limit = SHARE * 1000 / rate
    fusers: list[Fuser] = []
    for name in FAMILY:
        fusers.append(Fuser.from_settings(replace(settings, model=name), alignment))
        fusers[-1].prepare(*size)
        times = measure(fusers, size)
        if times[-1] <= limit:
            break
    if len(fusers) > 1:
        time.sleep(settling)
        times = [min(pair) for pair in zip(times, measure(fusers, size), strict=True)]
    chosen = choose(times, limit)
    fuser = fusers[chosen]
    told = ", ".join(f"{one.model_name} takes {ms:.1f} ms" for one, ms in zip(fusers, times, strict=True))
    fuser.model_reason = (
        f"{told} of the {1000 / rate:.1f} ms of a frame at {rate:g} Hz; {limit:.1f} leave room beside it"
    )
    holds = times[chosen] <= limit
    (logger.info if holds else logger.warning)("model auto: %s, since %s", fuser.model_name, fuser.model_reason)
    if not holds:
        logger.warning("no model holds %g Hz here: expect to lose pairs, or lower the parameter rate", rate)
    return fuser


def choose(times: list[float], limit: float) -> int:
    """Which of the networks, best first, is the first to stay within a limit; the last one where none does.

    Args:
        times: milliseconds of each.
        limit: milliseconds.
    """
    return next((number for number, ms in enumerate(times) if ms <= limit), len(times) - 1)


def measure(fusers: list[Fuser], size: tuple[int, int]) -> list[float]:
    """Median milliseconds of fuse() for each, in turns, so that what else the machine does falls on all of them."""
    visible, thermal = check_pair(*size)
    out = np.empty_like(visible)
    times: list[list[float]] = [[] for _ in fusers]
    for _ in range(ROUNDS):
        for fuser, spent in zip(fusers, times, strict=True):
            start = time.perf_counter()
            fuser.fuse_prepared(visible, thermal, out)
            spent.append((time.perf_counter() - start) * 1e3)
    return [float(np.median(spent)) for spent in times]
