"""Cameras that are not registered, through the real node."""

import time

import cv2
import numpy as np
import pytest
from sensor_msgs.msg import CameraInfo

from ros2_textfuse.geometry.calibration import Calibration, CameraModel, Extrinsics, write_calibration
from ros2_textfuse.sync.pairing import stamp_ns
from tests.end_to_end.conftest import scene
from tests.helpers.campaign import campaign
from tests.helpers.graph import START

VISIBLE, REGISTERED = scene(10)
# What the thermal camera sees is larger, turned and shifted in the visible image, and has a size of its own.
HOMOGRAPHY = np.array([[1.6, 0.08, 40.0], [-0.08, 1.6, 30.0], [0.0, 0.0, 1.0]])
SMALL = (320, 256)
SEEN = cv2.warpPerspective(REGISTERED, np.linalg.inv(HOMOGRAPHY), SMALL)
MATRIX = np.array([[500.0, 0, 319.5], [0, 500.0, 239.5], [0, 0, 1]])
CAMERAS = {"visible": CameraModel(640, 480, MATRIX), "thermal": CameraModel(*SMALL)}


@pytest.fixture
def infos(graph):
    """CameraInfo of the fused images, as they come."""
    seen = []
    graph.node.create_subscription(CameraInfo, "camera_info", seen.append, 10)
    return seen


def calibrate(tmp_path, **changes):
    path = tmp_path / "rig.yaml"
    settings = {"source": "", "reference": "visible", "cameras": CAMERAS, "homography": HOMOGRAPHY} | changes
    write_calibration(Calibration(**settings), path)
    return str(path)


def fuse(graph, visible=VISIBLE, thermal=SEEN):
    """The fused image of a pair, uint8 RGB, with its message."""
    before = len(graph.seen["fused"])

    def fused():
        graph.send(visible, thermal)
        time.sleep(0.3)
        return len(graph.seen["fused"]) > before

    graph.wait(fused, 20.0, "not fused")
    message = graph.seen["fused"][-1]
    return np.frombuffer(message.data, np.uint8).reshape(message.height, message.width, 3), message


def warm(fused):
    """Centre of the figure that the thermal camera alone sees, the largest bright thing."""
    grey = cv2.GaussianBlur(fused[..., 0], (0, 0), 2)
    _, _, statistics, centres = cv2.connectedComponentsWithStats((grey > grey.max() / 2).astype(np.uint8))
    return centres[1 + statistics[1:, cv2.CC_STAT_AREA].argmax()]


def test_an_unaligned_pair_of_unequal_sizes_is_fused_registered(graph, infos, tmp_path):
    graph.start_fusion(calibration=calibrate(tmp_path))
    fused, message = fuse(graph)
    assert (message.width, message.height) == (640, 480)
    figure = np.array([100 + 6 * 10, 260])
    assert np.linalg.norm(warm(fused) - figure) < 6
    graph.wait(lambda: infos, 5.0, "no camera_info")
    assert infos[-1].header == graph.seen["fused"][len(infos) - 1].header
    assert (infos[-1].width, infos[-1].height) == (640, 480)
    np.testing.assert_allclose(np.reshape(infos[-1].k, (3, 3)), MATRIX)
    assert graph.status().state == "OK"


@campaign
def test_a_cropped_image_has_a_camera_info_of_its_own(graph, infos, tmp_path):
    graph.start_fusion(calibration=calibrate(tmp_path, field_of_view="shared"))
    fused, message = fuse(graph)
    assert message.width < 640 and message.height < 480
    graph.wait(lambda: infos, 5.0, "no camera_info")
    info = infos[-1]
    assert (info.width, info.height) == (message.width, message.height)
    # The crop moves the principal point and with it the figure.
    left, top = 319.5 - info.k[2], 239.5 - info.k[5]
    assert left > 0 and top > 0
    assert np.linalg.norm(warm(fused) - [160 - left, 260 - top]) < 6


@campaign
def test_thermal_as_the_reference(graph, tmp_path):
    graph.start_fusion(calibration=calibrate(tmp_path, reference="thermal"), width=SMALL[0], height=SMALL[1])
    fused, message = fuse(graph)
    assert (message.width, message.height) == SMALL
    figure = cv2.perspectiveTransform(np.array([[[160.0, 260.0]]]), np.linalg.inv(HOMOGRAPHY))[0, 0]
    assert np.linalg.norm(warm(fused) - figure) < 6


def test_intrinsics_from_camera_info(graph, infos, tmp_path):
    """Two cameras side by side; the file has only where they stand."""
    extrinsics = Extrinsics(np.eye(3), np.array([-0.2, 0, 0]), 10.0)
    path = calibrate(tmp_path, cameras={}, homography=None, extrinsics=extrinsics)
    graph.start_fusion(calibration=path, camera_info=True)
    graph.send(VISIBLE, SEEN)
    graph.wait(
        lambda: "/visible/camera_info and /thermal/camera_info" in graph.status().message,
        5.0,
        "CameraInfo is not missed",
    )
    assert not graph.seen["fused"]
    thermal = np.array([[250.0, 0, 159.5], [0, 250.0, 127.5], [0, 0, 1]])
    publishers = {name: graph.node.create_publisher(CameraInfo, f"/{name}/camera_info", 10) for name in CAMERAS}
    told = {}
    for name, (width, height), matrix in (("visible", (640, 480), MATRIX), ("thermal", SMALL, thermal)):
        info = CameraInfo(width=width, height=height, distortion_model="plumb_bob", d=[0.0] * 5)
        info.k, info.p = matrix.ravel().tolist(), np.column_stack([matrix, np.zeros(3)]).ravel().tolist()
        told[name] = info

    def heard():  # as a driver does, again and again: one message may come before the two know each other
        for name, info in told.items():
            publishers[name].publish(info)
        return "camera_info" not in graph.status().message

    graph.wait(heard, 5.0, "CameraInfo is not heard")
    # A plane at 10 m: half the size, and 0.2 m to the side are 5 pixels.
    seen = cv2.warpPerspective(REGISTERED, np.array([[0.5, 0, -5.25], [0, 0.5, 7.75], [0, 0, 1]]), SMALL)
    fused, _ = fuse(graph, thermal=seen)
    assert np.linalg.norm(warm(fused) - [160, 260]) < 6
    graph.wait(lambda: infos, 5.0, "no camera_info")
    np.testing.assert_allclose(np.reshape(infos[-1].k, (3, 3)), MATRIX)


def test_a_bad_calibration_fails_configure_with_the_reason(graph, tmp_path):
    path = calibrate(tmp_path, homography=np.ones((3, 3)))
    graph.start("fusion", calibration=path)
    bad = (
        ({}, "homography is singular: expected 3 x 3"),
        ({"cameras": {"visible": CameraModel(1280, 720), "thermal": CameraModel(*SMALL)}}, "visible.image_width"),
        ({"field_of_view": "wide"}, "field_of_view is 'wide': expected one of reference, shared"),
    )
    for number, (change, reason) in enumerate(bad):
        if number:
            calibrate(tmp_path, **change)
            assert not graph.transition("configure")
        graph.wait(lambda reason=reason: reason in graph.log("fusion"), START, "it does not say why")
        assert f"cannot configure: {path}" in graph.log("fusion") and graph.state() == "unconfigured"
    graph.send(VISIBLE, SEEN)
    assert not graph.transition("activate") and not graph.seen["fused"] and not graph.seen["status"]
    calibrate(tmp_path)
    assert graph.transition("configure") and graph.transition("activate")
    graph.status()
    fuse(graph)


def test_images_of_another_size_are_refused_with_the_file(graph, tmp_path):
    path = calibrate(tmp_path)
    graph.start_fusion(calibration=path)
    fuse(graph)
    sent = graph.node.get_clock().now().nanoseconds  # pairs of before may still be on their way
    graph.send(VISIBLE, REGISTERED)
    graph.wait(lambda: f"{path}: thermal.image_width" in graph.status().message, 5.0, "not named")
    assert all(stamp_ns(image) < sent for image in graph.seen["fused"])
    fuse(graph)


def test_the_cameras_own_camera_info_goes_with_registered_images(graph, infos):
    graph.start_fusion()
    publisher = graph.node.create_publisher(CameraInfo, "/visible/camera_info", 10)
    graph.wait(publisher.get_subscription_count, 5.0, "nobody listens to CameraInfo")
    fuse(graph, thermal=REGISTERED)
    assert not infos
    info = CameraInfo(width=640, height=480, k=MATRIX.ravel().tolist(), d=[0.1, 0.0, 0.0, 0.0, 0.0])
    info.p = np.column_stack([MATRIX, np.zeros(3)]).ravel().tolist()
    publisher.publish(info)
    graph.wait(lambda: fuse(graph, thermal=REGISTERED) and infos, 5.0, "no camera_info")
    np.testing.assert_array_equal(infos[-1].k, info.k)
    assert list(infos[-1].d) == [0.1, 0, 0, 0, 0]
