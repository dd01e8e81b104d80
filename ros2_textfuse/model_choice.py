"""`model:=auto`: the best network of the family that keeps up with the cameras on this machine, found by measuring."""

import json
import logging
import time
from dataclasses import replace

import numpy as np

from ros2_textfuse.engines.base import EngineConfig
from ros2_textfuse.engines.cache import CachedEngine
from ros2_textfuse.engines.selection import sees_cuda
from ros2_textfuse.engines.verification import check_pair
from ros2_textfuse.fuser import Fuser
from ros2_textfuse.geometry.alignment import Alignment
from ros2_textfuse.networks.source import open_source
from ros2_textfuse.runtime import machine, undisturbed
from ros2_textfuse.settings import AUTO, FAMILY, FusionSettings

SHARE = 0.5  # of a frame's time that fusing may take: detection, messages and the rest of the robot run beside it
GROWTH = 2.0  # times the next smaller one that a network takes at least; 2.1 to 2.5 with the engines measured
CLEARING = 1.0  # times the smallest network that one that clears takes at most; 0.5 to 1.0 measured
SHARE_CLEARED = 0.6  # of a frame's time that both together may take; at 0.76, beside detection, 16 % of pairs were lost
SHARE_ALONE = 0.3  # of a frame's time, above which pairs overlap
ROUNDS = 10
KEPT = 7 * 86400.0  # s that a measurement is remembered

logger = logging.getLogger(__name__)


def prepared_fuser(settings: FusionSettings, alignment: Alignment | None, size: tuple[int, int], rate: float) -> Fuser:
    """A fuser whose engine is ready for one size of images.

    Where the model is `auto`, the best of FAMILY whose fuse() takes at most SHARE of a frame's time; the smallest where
    none does. They are measured from the smallest up, as far as the next one may still hold that: a slow machine builds
    no more than it runs. Why is in the fuser's `model_reason`, and in the log. What was measured is remembered in the
    cache folder, for this machine, engine, size and these weights, so that a later start measures nothing.

    Where it takes more than SHARE_ALONE, pairs overlap, unless the settings say how many are in flight: an engine's
    threads that work on one pair wait for each other, and for every other program on one of their cores.

    Args:
        settings: of the fuser.
        alignment: of its cameras.
        size: height and width in pixels.
        rate: pairs a second that are expected, > 0.

    Raises:
        WeightsError, EngineError, PromptError, EncoderError: as of `Fuser`.
    """
    if settings.model != AUTO:
        return _prepared(settings, alignment, size)
    limit = SHARE * 1000 / rate
    times: dict[str, float] = {}
    fusers: dict[str, Fuser] = {}
    told: list[str] = []
    for name in reversed(FAMILY):
        # Without the prompt: what clears rain and noise for one is counted below.
        one = replace(settings, model=name, in_flight=1, prompt="", modes=(), objects=())
        memory = _Memory(one, size)
        remembered = memory.read()
        if remembered is None:
            fusers[name] = _prepared(one, alignment, size)
            memory.write(remembered := measure(fusers[name], size))
        times[name] = remembered
        told.append(f"{name} takes {remembered:.1f} ms{'' if name in fusers else ' (measured before)'}")
        if GROWTH * remembered > limit:
            break
    if larger := FAMILY[: -len(times)]:
        told.append(f"{larger[-1]} at least {GROWTH:g} times as long")
    name = choose(times, limit)
    ms = times[name]
    in_flight = settings.in_flight or (2 if ms > SHARE_ALONE * 1000 / rate else 1)
    if in_flight == 1 and name in fusers:
        fuser = fusers[name]
        fuser.set_prompt(**settings.request())
    else:
        fuser = _prepared(replace(settings, model=name, in_flight=in_flight), alignment, size)
    fuser.model_reason = f"{', '.join(told)}; at {rate:g} Hz fusing may take {limit:.1f} ms, {SHARE:.0%} of a frame"
    if in_flight > 1:
        fuser.model_reason += f"; {in_flight} pairs overlap"
    if ms + CLEARING * times[FAMILY[-1]] > SHARE_CLEARED * 1000 / rate:
        fuser.let_clear(False)
        fuser.model_reason += f"; rain and noise are left to {name}, without networks of their own"
    holds = ms <= limit
    (logger.info if holds else logger.warning)("model auto: %s, since %s", fuser.model_name, fuser.model_reason)
    if not holds:
        logger.warning("no model holds %g Hz here: expect to lose pairs, or lower the parameter rate", rate)
    return fuser


def choose(times: dict[str, float], limit: float) -> str:
    """The best network that stays within a limit; the smallest where none does.

    Args:
        times: milliseconds of each, smallest network first.
        limit: milliseconds.
    """
    return next((name for name in reversed(times) if times[name] <= limit), next(iter(times)))


def measure(fuser: Fuser, size: tuple[int, int]) -> float:
    """Median milliseconds of fuse(), as on an idle machine: while a graph starts, its other nodes load and build."""
    visible, thermal = check_pair(*size)
    out = np.empty_like(visible)
    spent = [undisturbed.measure(lambda: fuser.fuse_prepared(visible, thermal, out)) for _ in range(ROUNDS)]
    return float(np.median(spent))


def _prepared(settings: FusionSettings, alignment: Alignment | None, size: tuple[int, int]) -> Fuser:
    fuser = Fuser.from_settings(settings, alignment)
    fuser.prepare(*size)
    return fuser


class _Memory:
    """What one network took on this machine, in the cache folder."""

    def __init__(self, settings: FusionSettings, size: tuple[int, int]) -> None:
        config = EngineConfig(open_source(settings.model), *size, settings.threads)
        device = f"{_device()} {undisturbed.cores():g} {settings.threads}"
        self._entry = CachedEngine("speed", config, settings.engine, device, ("openvino", "torch"))

    def read(self) -> float | None:
        """Milliseconds; None where nothing is known, or it was long ago."""
        if (stored := self._entry.load()) is None:
            return None
        kept = json.loads(stored)
        return float(kept["ms"]) if 0 <= time.time() - kept["time"] <= KEPT else None

    def write(self, ms: float) -> None:
        self._entry.store(json.dumps({"ms": ms, "time": time.time()}).encode())


def _device() -> str:
    """What the engines may run on."""
    if not sees_cuda():
        return machine.processor()
    import torch

    return f"{machine.processor()} {torch.cuda.get_device_name()}"
