"""Who gets the processor when the detector looks."""

import logging
import os
import subprocess
import sys
import threading

import numpy as np
import pytest

priority = pytest.importorskip("ros2_textfuse.detection.priority", reason="OpenVINO is not installed")

BUSY = "while True: pass"


@pytest.fixture(scope="module")
def model():
    """Products of large matrices, which leave an image as it is: far more than busy programs leave time for."""
    from openvino import Model, opset13

    image = opset13.parameter([1, 1024, 1024], np.float32)
    weights = opset13.constant(np.eye(1024, dtype=np.float32)[::-1].copy())
    result = image
    for _ in range(10):
        result = opset13.matmul(result, weights, False, False)
    return Model([result], [image])


@pytest.fixture(scope="module")
def giving_way(model):
    return priority.GivingWay(model, 0, {})


@pytest.fixture
def image():
    return np.random.default_rng(0).integers(0, 255, (1, 1024, 1024)).astype(np.float32)


def test_it_works_in_threads_that_others_go_before(giving_way, model, image):
    np.testing.assert_array_equal(giving_way(image), image)
    np.testing.assert_array_equal(priority.TakingShare(model, 0, {})(image), image)
    policies = {os.sched_getscheduler(thread) for thread in priority._threads()}
    assert os.SCHED_IDLE in policies
    assert os.sched_getscheduler(threading.get_native_id()) == os.SCHED_OTHER  # this one goes on as before


def test_it_takes_a_share_where_nothing_is_spare(giving_way, image, caplog):
    """Programs on each core that never pause: images are looked at all the same, and again in spare time after."""
    giving_way._idle.wait()
    giving_way._shares_until = 0.0  # whatever the machine was busy with before
    busy = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in os.sched_getaffinity(0)]
    try:
        with caplog.at_level(logging.INFO):
            np.testing.assert_array_equal(giving_way(image), image)
        assert "No processor time to spare" in caplog.text
        np.testing.assert_array_equal(giving_way(image), image)  # while the first one still waits
    finally:
        for process in busy:
            process.kill()
            process.wait()
    giving_way._idle.wait()
    giving_way._shares_until, giving_way._patience = 0.0, 60.0
    np.testing.assert_array_equal(giving_way(image), image)
    assert not giving_way._waiting and giving_way._shares_until == 0.0


def test_it_works_where_the_system_refuses(model, image, monkeypatch, caplog):
    def refuse(*_):
        raise PermissionError("not permitted")

    monkeypatch.setattr(priority.os, "sched_setscheduler", refuse)
    np.testing.assert_array_equal(priority.GivingWay(model, 1, {})(image), image)
    assert "its niceness alone: not permitted" in caplog.text
