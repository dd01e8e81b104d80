"""Models of OpenVINO that take their share of the processor, or only what others leave of it."""

import logging
import os
import threading
import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ros2_textfuse.runtime.openvino_core import compile_options, core, openvino

LONGEST = 0.25  # s that an image waits for processor time to spare
TIMES = 4  # of the processor time that an image takes, where that is longer
LOOK_MS = 20  # whether what waits is there, while the other model is made
SHARING = 10.0  # s of taking a share, until there may be time to spare again
LOOKS = 3  # at nothing, that show which threads work and for how long
WORK = 1_000_000  # ns of the processor that a thread takes for three images, where it works on them

logger = logging.getLogger(__name__)


class TakingShare:
    """Infers on threads that are as nice as the one that made it.

    Args:
        model: with one input.
        threads: 0 for OpenVINO's own choice.
        options: more of them, for OpenVINO's plugin.

    Raises:
        RuntimeError: OpenVINO cannot compile the model.
    """

    def __init__(self, model: openvino.Model, threads: int, options: Mapping[str, Any]) -> None:
        self._request = _request(model, threads, options)

    def __call__(self, image: NDArray) -> NDArray[np.float32]:
        """The first output; valid until the next call.

        Args:
            image: of the input's shape and dtype, C-contiguous and writable.
        """
        self._request.set_input_tensor(openvino.Tensor(image, shared_memory=True))
        self._request.infer()
        return _output(self._request)


class GivingWay:
    """Infers on threads that run while nobody else wants the processor: SCHED_IDLE of sched(7).

    Niceness is about shares alone: a nice thread is not put aside at once for one that wakes up on its core, and what
    is more urgent waits, tens of milliseconds at worst. One of SCHED_IDLE is. But beside programs that never pause, it
    gets next to nothing. So where an image has waited for too long, the calling thread infers by itself for a while,
    at the niceness that it has. It does so with a model of its own: the other one is locked while it waits, and none
    of its threads can be taken out of SCHED_IDLE without privileges. That model is made when it is first needed, as it
    takes half a second of the processor and 45 MiB or more, and beside the images, which go on meanwhile as they can.

    See `TakingShare` for arguments and errors.
    """

    def __init__(self, model: openvino.Model, threads: int, options: Mapping[str, Any]) -> None:
        self._make_share = partial(TakingShare, model, 1, options)
        self._share: Future[TakingShare] | None = None
        example = np.zeros(model.input().shape, model.input().element_type.to_dtype())
        before = _spent()
        self._idle = _request(model, threads, options)
        for number in range(LOOKS):
            if number == 1:  # the first call allocates
                warm = _spent()
            self._start(example)
            self._idle.wait()
        after = _spent()
        # OpenVINO makes threads, or takes those of a model that is gone; it does not tell which.
        workers = [thread for thread, spent in after.items() if thread not in before or spent - before[thread] > WORK]
        took = sum(after[thread] - warm.get(thread, 0) for thread in workers) / (LOOKS - 1) / 1e9
        self._patience = max(LONGEST, TIMES * took)
        try:
            for thread in workers:
                os.sched_setscheduler(thread, os.SCHED_IDLE, os.sched_param(0))
        except OSError as error:  # a container may forbid it
            logger.warning("The detector cannot give way altogether, and has its niceness alone: %s", error)
        self._shares_until, self._waiting = float("-inf"), False

    def __call__(self, image: NDArray) -> NDArray[np.float32]:
        """The first output; valid until the next call.

        Args:
            image: of the input's shape and dtype, C-contiguous and writable; not to be changed after.
        """
        if self._waiting:
            self._waiting = not self._idle.wait_for(0)
        sharing = self._waiting or time.monotonic() < self._shares_until
        if sharing and self._share and self._share.done():
            return self._share.result()(image)
        self._start(image)
        if self._idle.wait_for(round(self._patience * 1e3)):
            return _output(self._idle)
        self._waiting, self._shares_until = True, time.monotonic() + SHARING
        logger.info(
            "No processor time to spare in %.2f s: the detector takes a share of it for %g s", self._patience, SHARING
        )
        if not self._share:
            self._share = ThreadPoolExecutor(1).submit(self._make_share)
        while not self._share.done():
            if self._idle.wait_for(LOOK_MS):
                self._waiting = False
                return _output(self._idle)
        return self._share.result()(image)

    def _start(self, image: NDArray) -> None:
        self._image = image  # the tensor does not keep it alive
        self._idle.set_input_tensor(openvino.Tensor(image, shared_memory=True))
        self._idle.start_async()


def _output(request: openvino.InferRequest) -> NDArray[np.float32]:
    output: NDArray[np.float32] = request.get_output_tensor(0).data
    return output


def _request(model: openvino.Model, threads: int, options: Mapping[str, Any]) -> openvino.InferRequest:
    return core().compile_model(model, "CPU", {**compile_options(threads), **options}).create_infer_request()


def _spent() -> dict[int, int]:
    """Nanoseconds of the processor that each other thread of this process has taken.

    Those that have its name: what the middleware starts has names of its own.
    """
    tasks = Path("/proc/self/task")
    own = (tasks / str(os.getpid()) / "comm").read_text()
    spent = {}
    for task in tasks.iterdir():
        try:
            if (task / "comm").read_text() == own:
                spent[int(task.name)] = int((task / "schedstat").read_text().split()[0])
        except OSError:  # it has ended meanwhile
            continue
    del spent[threading.get_native_id()]
    return spent
