"""Checks of detection.priority, each for a process of its own: OpenVINO's threads go on in later tests as they are."""

import logging
import os
import subprocess
import sys
import threading
from unittest import mock

import numpy as np
from openvino import Model, opset13

from ros2_textfuse.detection import priority

BUSY = "while True: pass"
IMAGE = np.random.default_rng(0).integers(0, 255, (1, 1024, 1024)).astype(np.float32)


def products() -> Model:
    """Products of large matrices, which leave an image as it is: far more than busy programs leave time for."""
    image = opset13.parameter([1, 1024, 1024], np.float32)
    mirror = opset13.constant(np.eye(1024, dtype=np.float32)[::-1].copy())
    result = image
    for _ in range(10):
        result = opset13.matmul(result, mirror, False, False)
    return Model([result], [image])


def looks(infer) -> None:
    """Let it infer, and see that the image comes out."""
    np.testing.assert_array_equal(infer(IMAGE), IMAGE)


def it_works_in_threads_that_others_go_before() -> None:
    model = products()
    gone = priority.TakingShare(model, 0, {})  # whose threads OpenVINO hands on
    looks(gone)
    del gone
    giving_way = priority.GivingWay(model, 0, {})
    giving_way._patience = 60.0  # on a busy machine, too
    looks(giving_way)
    before = priority._spent()
    looks(giving_way)
    busiest = max((spent - before.get(thread, 0), thread) for thread, spent in priority._spent().items())[1]
    assert os.sched_getscheduler(busiest) == os.SCHED_IDLE
    assert os.sched_getscheduler(threading.get_native_id()) == os.SCHED_OTHER  # this one goes on as before


def it_takes_a_share_where_nothing_is_spare() -> None:
    """Programs on each core that never pause: images are looked at all the same, and again in spare time after."""
    giving_way = priority.GivingWay(products(), 0, {})
    told: list[str] = []
    priority.logger.info = lambda *message: told.append(message[0])  # type: ignore[method-assign]
    busy = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in os.sched_getaffinity(0)]
    try:
        looks(giving_way)
        assert "No processor time to spare" in told[0]
        looks(giving_way)  # while the first one still waits
    finally:
        for process in busy:
            process.kill()
            process.wait()
    giving_way._idle.wait()
    giving_way._shares_until, giving_way._patience = 0.0, 60.0
    looks(giving_way)
    assert not giving_way._waiting and giving_way._shares_until == 0.0


def it_works_where_the_system_refuses() -> None:
    with (
        mock.patch.object(priority.os, "sched_setscheduler", side_effect=PermissionError("not permitted")),
        mock.patch.object(priority.logger, "warning") as warning,
    ):
        looks(priority.GivingWay(products(), 1, {}))
    assert "its niceness alone" in warning.call_args.args[0]


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    globals()[sys.argv[1]]()
