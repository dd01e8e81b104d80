"""How old a fused image is where the machine cannot keep up: pairing and worker as they are, on a clock of its own."""

import heapq
import threading

import pytest

from ros2_textfuse.nodes.common.worker import LatestOnlyWorker
from ros2_textfuse.sync.pairing import Stamped
from ros2_textfuse.sync.policy import PairingPolicy, PairingSettings

PERIOD = 1.0  # s, of both cameras
SECOND = 1_000_000_000  # ns


def ages(fusion, lag, seconds=40):
    """Seconds from a visible image's stamp to its publication, of each that is fused.

    Args:
        fusion: seconds that one takes.
        lag: of the thermal camera's stamps behind the visible one's, in seconds.
        seconds: of driving.
    """
    now, found = 0.0, []
    began, over = threading.Semaphore(0), threading.Semaphore(0)
    done_at = []

    def fuse(frame):
        done_at.append(now + fusion)
        began.release()
        over.acquire()
        found.append(now - frame.images["visible"].stamp / SECOND)

    policy, worker = PairingPolicy(PairingSettings(slop=0.6 * PERIOD)), LatestOnlyWorker(fuse, 2, behind=1)
    starts = [1 + n * PERIOD for n in range(seconds)]
    images = [(at, "visible") for at in starts] + [(at + lag, "thermal") for at in starts]
    heapq.heapify(images)
    while images:
        if done_at and done_at[0] <= images[0][0]:
            now = done_at.pop()
            waits = worker.waiting()
            over.release()
            if waits:
                began.acquire()
            continue
        now, camera = heapq.heappop(images)
        frame = policy.take(camera, Stamped(round(now * SECOND), camera), now)
        if frame:
            idle = not done_at
            worker.put(frame)
            if idle:
                began.acquire()
    over.release()
    over.release()
    worker.stop()
    return found


@pytest.mark.parametrize("fusion", [0.3, 0.99, 1.7, 5.3])
def test_where_it_cannot_keep_up_no_image_is_older_than_two_periods_and_one_fusion(fusion):
    for lag in (-0.45, 0.0, 0.45):
        found = ages(fusion * PERIOD, lag * PERIOD)
        assert len(found) >= 30 * PERIOD / max(PERIOD, fusion) - 1
        hiccup, behind = found[:6], found[6:]  # the first pairs may wait longer, until a second one has been dropped
        assert max(hiccup) <= abs(lag) + 2 * PERIOD + fusion + 1e-6
        assert max(behind) <= 2 * PERIOD + fusion + 1e-6
    assert max(found) > fusion
