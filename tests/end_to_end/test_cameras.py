"""Cameras as they are, where nothing is a fault: compressed, on another clock, heard by nobody, simulated."""

import itertools
import threading
import time

import cv2
import numpy as np
import pytest
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import SetParameters
from rclpy.qos import QoSProfile
from rclpy.time import Time
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CompressedImage, Image

from ros2_textfuse.sync.pairing import stamp_ns
from tests.end_to_end.conftest import scene
from tests.helpers.graph import Graph

VISIBLE, THERMAL = (np.ascontiguousarray(image[::2, ::2]) for image in scene(3))
SIZE = {"width": 320, "height": 240}


class Stream:
    """Two simulated cameras that send one scene, with noise, in a `with` block."""

    def __init__(self, graph, rate=15.0, thermal_late=0.0):
        self.graph, self.rate, self.thermal_late = graph, rate, thermal_late
        self.thermal_on = True
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._send)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()

    def _send(self):
        rng = np.random.default_rng(0)
        while not self._over.wait(1 / self.rate):
            now = self.graph.node.get_clock().now().nanoseconds
            self._publish("visible", VISIBLE ^ rng.integers(0, 2, VISIBLE.shape, np.uint8), now)
            if self.thermal_on:
                late = now + round(self.thermal_late * 1e9)
                self._publish("thermal", THERMAL ^ rng.integers(0, 2, THERMAL.shape, np.uint8), late)

    def _publish(self, camera, pixels, stamp):
        encoding = "rgb8" if camera == "visible" else "mono8"
        self.graph.publish(camera, self.graph.image(pixels, encoding, Time(nanoseconds=stamp).to_msg()))


def until(graph, condition, seconds=8.0):
    """Wait for a status that meets a condition."""

    def met():
        status = graph.seen["status"][-1]
        return status if condition(status) else None

    try:
        return graph.wait(met, seconds, "no such status")
    except AssertionError as error:
        raise AssertionError(f"the last status is {graph.seen['status'][-1]}") from error


def set_parameters(graph, **values):
    kinds = {float: ("double_value", "DOUBLE"), bool: ("bool_value", "BOOL"), int: ("integer_value", "INTEGER")}
    parameters = []
    for name, value in values.items():
        field, kind = kinds.get(type(value), ("string_value", "STRING"))
        kind = getattr(ParameterType, f"PARAMETER_{kind}")
        parameters.append(Parameter(name=name, value=ParameterValue(**{"type": kind, field: value})))
    request = SetParameters.Request(parameters=parameters)
    return graph.call(SetParameters, "fusion/set_parameters", request).results


def pixels(message):
    return np.frombuffer(message.data, np.uint8).reshape(message.height, message.width, 3)


@pytest.fixture(scope="module")
def rig(tmp_path_factory):
    """Fusion for small images, shared."""
    with Graph(tmp_path_factory.mktemp("logs")) as graph:
        graph.start_fusion(**SIZE)
        yield graph


def test_pass_through_off_is_silence(rig):
    assert set_parameters(rig, pass_through=False)[0].successful
    try:
        with Stream(rig) as stream:
            until(rig, lambda s: s.state == s.OK)
            stream.thermal_on = False
            status = until(rig, lambda s: s.state == s.WAITING)
            assert "no thermal image" in status.message
            fused = len(rig.seen["fused"])
            time.sleep(0.5)
            assert len(rig.seen["fused"]) == fused
    finally:
        set_parameters(rig, pass_through=True)


# Parameters while the node runs ---------------------------------------------------------------------------------------


def test_a_constant_offset_of_the_thermal_clock(rig):
    with Stream(rig, rate=5.0, thermal_late=0.3):  # between two frames
        status = until(rig, lambda s: s.state == s.WAITING and "slop" in s.message)
        assert "thermal_time_offset" in status.message
        assert set_parameters(rig, thermal_time_offset=-0.3)[0].successful
        try:
            status = until(rig, lambda s: s.state == s.OK)
            assert abs(status.pair_skew_ms) < 1
        finally:
            set_parameters(rig, thermal_time_offset=0.0)


def test_parameters_that_may_not_change_say_so_and_nothing_changes(rig):
    results = set_parameters(rig, slop=0.03, width=100)
    assert results[0].successful
    assert not results[1].successful and "width" in results[1].reason and "configure" in results[1].reason
    assert not set_parameters(rig, slop=-1.0)[0].successful
    assert "percentile" in set_parameters(rig, thermal_gain="magic")[0].reason
    assert "280" in set_parameters(rig, thermal_low=280.0)[0].reason  # above thermal_high, which is 0
    set_parameters(rig, slop=0.02)


def test_a_fixed_thermal_range_is_in_force_at_once(rig):
    assert all(r.successful for r in set_parameters(rig, thermal_high=310.0, thermal_low=280.0))
    try:
        until(rig, lambda s: (s.thermal_low, s.thermal_high) == (280.0, 310.0))
    finally:
        set_parameters(rig, thermal_low=0.0, thermal_high=0.0)


# Graph ----------------------------------------------------------------------------------------------------------------


def test_lazy_does_not_fuse_until_somebody_listens(rig):
    listener = next(s for s in rig.node.subscriptions if s.topic_name == "/textfuse/fused")
    assert set_parameters(rig, lazy=True)[0].successful
    try:
        with Stream(rig):
            until(rig, lambda s: s.state == s.OK)
            rig.node.destroy_subscription(listener)
            before = until(rig, lambda s: s.state == s.IDLE)
            after = until(rig, lambda s: s.pairs_skipped > before.pairs_skipped + 5)
            assert after.pairs_fused == before.pairs_fused
            rig.node.create_subscription(Image, "fused", rig.seen["fused"].append, QoSProfile(depth=100))
            until(rig, lambda s: s.state == s.OK and s.pairs_fused > after.pairs_fused)
    finally:
        set_parameters(rig, lazy=False)


def test_fused_images_as_jpeg(rig):
    seen = []
    listener = rig.node.create_subscription(CompressedImage, "fused/compressed", seen.append, 10)
    with Stream(rig):
        rig.wait(lambda: seen, 8.0, "no JPEG")
    raw = rig.wait(
        lambda: next((m for m in rig.seen["fused"] if stamp_ns(m) == stamp_ns(seen[0])), None), 5.0, "no raw image"
    )
    decoded = cv2.cvtColor(cv2.imdecode(np.frombuffer(seen[0].data, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
    assert cv2.PSNR(decoded, pixels(raw)) > 30
    assert seen[0].header == raw.header and "jpeg" in seen[0].format
    rig.node.destroy_subscription(listener)


def test_compressed_cameras(graph):
    graph.start_fusion(visible_transport="compressed", thermal_transport="compressed", **SIZE)
    cameras = {
        name: graph.node.create_publisher(CompressedImage, f"/{name}/image_raw/compressed", 10)
        for name in ("visible", "thermal")
    }
    numbers = itertools.count()

    def send(whole=True):
        left = next(numbers) % 200  # images that stay the same are those of a frozen camera
        dot = np.s_[8:16, left : left + 8]
        rgb, grey = VISIBLE.copy(), THERMAL.copy()
        rgb[dot], grey[dot] = 255 - rgb[dot], 60 - grey[dot] // 4
        visible = cv2.imencode(".jpg", rgb[..., ::-1])[1].tobytes()
        visible = visible if whole else visible[: len(visible) // 2]
        thermal = cv2.imencode(".png", grey.astype(np.uint16) * 16 + 29000)[1].tobytes()
        stamp = graph.node.get_clock().now().to_msg()
        for name, data, form in (("visible", visible, "jpeg"), ("thermal", thermal, "16UC1; png compressed ")):
            message = CompressedImage(format=form, data=data)
            message.header.stamp, message.header.frame_id = stamp, name
            cameras[name].publish(message)
        time.sleep(0.1)

    graph.wait(lambda: send() or graph.seen["fused"], 10.0, "nothing is fused")
    fused = pixels(graph.seen["fused"][-1])
    assert graph.seen["fused"][-1].header.frame_id == "visible"
    hot = THERMAL > 200
    assert fused[hot].mean() > fused[~hot].mean() + 40
    status = graph.status()
    assert 29000 <= status.thermal_low < status.thermal_high <= 29000 + 16 * 255
    send(whole=False)
    status = until(graph, lambda s: s.state == s.ERROR)
    assert "cut off" in status.message
    graph.wait(lambda: send() or graph.status().state == "OK", 5.0, "not OK again")


def test_images_of_the_other_transport_are_named(graph):
    publisher = graph.node.create_publisher(CompressedImage, "/elsewhere/compressed", 10)
    graph.start("fusion", **SIZE)
    graph.wait(lambda: graph.seen["status"], 60.0, "fusion is not active")
    for camera in list(graph._cameras):
        graph.node.destroy_publisher(graph._cameras.pop(camera))
    twin = graph.node.create_publisher(CompressedImage, "/visible/image_raw/compressed", 10)
    status = until(graph, lambda s: s.state == s.WAITING and "visible/image_raw/compressed" in s.message)
    assert "transport" in status.message
    graph.node.destroy_publisher(twin)
    graph.node.destroy_publisher(publisher)


def test_simulated_time(graph):
    """Stamps of the simulation are in order; a simulation that stands still leaves the status alive."""
    graph.start_fusion(use_sim_time=True, **SIZE)
    clock = graph.node.create_publisher(Clock, "/clock", 10)

    def step(seconds):
        stamp = Time(seconds=seconds).to_msg()
        clock.publish(Clock(clock=stamp))
        time.sleep(0.05)
        for camera, image, encoding in (("visible", VISIBLE, "rgb8"), ("thermal", THERMAL, "mono8")):
            graph.publish(camera, graph.image(image, encoding, stamp))
        time.sleep(0.05)

    for number in range(1, 40):
        step(100 + number / 10)
        if len(graph.seen["fused"]) > 10:
            break
    status = graph.status()
    assert status.pairs_fused > 5 and not status.visible_fault.startswith("stamps")
    assert status.latency_ms < 2000
    before = status.pairs_fused
    for number in range(1, 8):  # the simulation is reset
        step(10 + number / 10)
    status = until(graph, lambda s: s.clock_resets >= 1 and s.pairs_fused >= before + 3)
    time.sleep(1.5)  # it stands still
    assert graph.status().state == "WAITING"
