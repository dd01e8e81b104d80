import asyncio
import itertools
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np

from ros2_textfuse.view.frames import FrameRing
from tests.helpers.page import image


def test_a_stream_of_30_hz_becomes_one_of_15():
    ring = FrameRing(15.0)
    rng = np.random.default_rng(0)
    taken = [ring.put(n, {"fused": image(0)}, now=100 + n / 30 + rng.uniform(-0.004, 0.004)) for n in range(300)]
    assert 148 <= sum(taken) <= 152
    assert not any(a and b for a, b in itertools.pairwise(taken)), "two in a row"


def test_after_a_pause_nothing_is_caught_up():
    ring = FrameRing(10.0)
    assert ring.put(1, {"fused": image(0)}, now=0.0)
    assert ring.put(2, {"fused": image(0)}, now=60.0)
    assert not ring.put(3, {"fused": image(0)}, now=60.03)


def test_cameras_join_the_frame_of_their_stamp():
    ring = FrameRing(1000.0)
    for stamp in (1, 2):
        ring.put(stamp, {"fused": image(stamp)}, now=float(stamp))
    assert ring.put(1, {"visible": image(1)})
    assert not ring.put(7, {"visible": image(7)}), "of a frame that was passed over"
    frame = ring.newest(("fused", "visible"))
    assert frame.stamp == 1 and set(frame.images) == {"fused", "visible"}
    ring.put(2, {"visible": image(2)})
    assert ring.newest(("fused", "visible")).stamp == 2


def test_a_camera_that_is_silent_holds_nobody_up():
    ring = FrameRing(1000.0)
    for stamp in (1, 2):
        ring.put(stamp, {"fused": image(stamp)}, now=float(stamp))
    frame = ring.newest(("fused", "thermal"))
    assert frame.stamp == 1 and set(frame.images) == {"fused"}
    assert ring.newest(("fused", "thermal"), after=frame.number) is None
    assert ring.newest(("fused",), after=frame.number).stamp == 2


def test_an_image_is_encoded_once_for_all_and_a_leaver_takes_it_from_nobody():
    async def look():
        ring = FrameRing(1000.0)
        ring.put(1, {"fused": image(90)})
        frame = ring.newest(("fused",))
        with ThreadPoolExecutor(1) as pool:
            leaving = asyncio.create_task(frame.jpeg("fused", 80, pool))
            await asyncio.sleep(0)
            leaving.cancel()
            first, second = await asyncio.gather(*(frame.jpeg("fused", 80, pool) for _ in range(2)))
        return first, second

    first, second = asyncio.run(look())
    assert first is second
    assert abs(int(cv2.imdecode(np.frombuffer(first, np.uint8), 1).mean()) - 90) <= 2
