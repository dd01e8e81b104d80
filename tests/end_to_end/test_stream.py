"""A recording through all nodes."""

import hashlib
import itertools

import numpy as np
import pytest

from ros2_textfuse.imaging import compressed
from ros2_textfuse.sync.pairing import stamp_ns
from tests.end_to_end.conftest import scene
from tests.helpers.recordings import write_bag

PAIRS, RATE = 40, 8.0  # with small images below, what a busy machine keeps up with: how fast it is, benchmarks tell


@pytest.fixture(scope="module")
def bag(tmp_path_factory):
    """40 pairs of the moving scene in 320x240 at 8 Hz; every frame differs."""
    return small_bag(tmp_path_factory.mktemp("recordings") / "bag", PAIRS)


def small_bag(path, pairs):
    visible, thermal = (np.stack(images)[:, ::2, ::2] for images in zip(*map(scene, range(pairs)), strict=True))
    return str(write_bag(path, visible, thermal, RATE))


def test_every_pair_is_fused_once_in_order_with_its_own_stamp(graph, bag):
    """Through player, fusion and detection, no pair lost, and a prompt change on the way.

    The detector looks at every other frame; tracks cover those between.
    """
    pytest.importorskip("ultralytics", reason="ultralytics is not installed")
    graph.start_fusion(width=320, height=240)
    # What a short queue drops on a busy machine is another test's subject.
    graph.start_detection(queue_size=PAIRS, interval=2)
    player = graph.start("player", bag=bag)
    graph.wait(lambda: len(graph.seen["fused"]) >= PAIRS // 2, 30.0, "half of the images did not come")
    answer = graph.set_prompt("it is far too dark to see anything")
    answered = graph.node.get_clock().now().nanoseconds
    graph.wait(lambda: player.poll() is not None, 30.0, "the player does not end")
    graph.wait(lambda: len(graph.seen["detections"]) >= PAIRS, 30.0, "detections are missing")

    assert len(graph.seen["visible"]) == PAIRS
    assert graph.stamps("fused") == graph.stamps("visible")
    assert graph.stamps("detections") == graph.stamps("fused")
    assert {m.header.frame_id for m in graph.seen["fused"] + graph.seen["detections"]} == {"camera"}
    periods = np.diff(graph.stamps("fused")) / 1e9
    np.testing.assert_allclose(periods, 1 / RATE, atol=1e-3)
    status = graph.status()
    assert (status.pairs_fused, status.pairs_dropped, status.images_rejected) == (PAIRS, 0, 0)
    assert (status.visible_unpaired, status.thermal_unpaired) == (0, 0)

    # Every image stamped two frames after the answer, or later, is made with the new prompt.
    assert answer.success and list(answer.modes) == ["low_light"]
    brightness = [np.frombuffer(m.data, np.uint8).mean() for m in graph.seen["fused"]]
    late = [b for b, stamp in zip(brightness, graph.stamps("fused"), strict=True) if stamp > answered + 2e9 / RATE]
    early = brightness[: PAIRS // 2 - 3]
    assert len(late) > 10 and min(late) > max(early) + 10


def test_the_same_bag_gives_the_same_images_twice(graph, tmp_path):
    pairs = 15
    bag = small_bag(tmp_path / "bag", pairs)
    graph.start_fusion(width=320, height=240)
    runs = []
    for _ in range(2):
        graph.seen["fused"].clear()
        graph.play(bag=bag)
        runs.append([hashlib.sha256(message.data).hexdigest() for message in graph.seen["fused"]])
    assert len(runs[0]) == pairs and runs[0] == runs[1]
    assert len(set(runs[0])) == pairs, "images of different pairs are the same"


def test_a_bag_of_compressed_images_plays_as_a_raw_one(graph, tmp_path):
    visible, thermal = (np.stack(images) for images in zip(*map(scene, range(12)), strict=True))

    def compress(number, pixels):
        data = compressed.png(pixels).tobytes()
        return data[:1000] if number == 5 and pixels.ndim == 3 else data

    topics = ("/visible/image_raw/compressed", "/thermal/image_raw/compressed")
    bag = write_bag(tmp_path / "bag", visible, thermal, 10.0, topics=topics, compress=compress)
    graph.play(bag=str(bag))
    assert [bytes(message.data) for message in graph.seen["thermal"]] == [pixels.tobytes() for pixels in thermal]
    whole = [pixels.tobytes() for number, pixels in enumerate(visible) if number != 5]
    assert [bytes(message.data) for message in graph.seen["visible"]] == whole, "the damaged one is left out"
    assert "skipped 1 so far: visible image at 0.50 s: the image is cut off" in graph.log("player")
    assert "1 damaged images were skipped" in graph.log("player")


def test_stamps_that_the_player_was_told_to_spoil(graph, bag):
    """At twice the recorded rate: faults and stamps count in seconds of playing, not of the recording."""
    faults = ["visible zero_stamps 0.5 1", "thermal late_stamps 0.5 1"]
    graph.play(bag=bag, rate=2 * RATE, faults=faults)
    stamps = {camera: np.array(graph.stamps(camera)) / 1e9 for camera in ("visible", "thermal")}
    spoilt = stamps["visible"] == 0
    assert spoilt.sum() == RATE and len(stamps["visible"]) == len(stamps["thermal"]) == PAIRS
    late = (stamps["thermal"] - stamps["thermal"][0]) - np.arange(PAIRS) / (2 * RATE)
    np.testing.assert_allclose(late, np.where(spoilt, -0.5, 0.0), atol=1e-3)


def test_the_fused_image_shows_both_cameras(graph):
    visible, thermal = scene(30)
    graph.start_fusion()
    graph.wait(lambda: graph.send(visible, thermal) or graph.seen["fused"], 10.0, "nothing is fused")
    message = graph.seen["fused"][-1]
    fused = np.frombuffer(message.data, np.uint8).reshape(480, 640, 3).mean(axis=2)
    figure, dark = thermal > 200, thermal <= 100
    assert fused[figure].mean() > fused[dark].mean() + 60
    texture = visible.mean(axis=2)
    assert np.corrcoef(fused[dark], texture[dark])[0, 1] > 0.7


def test_a_loop_goes_on_with_later_stamps(graph, bag):
    graph.start("player", bag=bag, rate=60.0, loop=True, wait=0.0)
    graph.wait(lambda: len(graph.seen["visible"]) > 2 * PAIRS, 20.0, "no second round")
    stamps = [stamp_ns(message) for message in graph.seen["visible"]]
    assert all(a < b for a, b in itertools.pairwise(stamps))
