"""Alignment against cv2's own projection, and by images that say where each pixel came from."""

import cv2
import numpy as np
import pytest

from ros2_textfuse.geometry.alignment import Alignment, _largest_rectangle
from ros2_textfuse.geometry.calibration import Calibration, CalibrationError, CameraModel, Extrinsics
from ros2_textfuse.imaging.encodings import ImageError

RGB = CameraModel(160, 120, np.array([[150.0, 0, 79.5], [0, 150, 59.5], [0, 0, 1]]), "plumb_bob", (-0.2, 0.05, 0, 0, 0))
LWIR = CameraModel(128, 96, np.array([[110.0, 0, 63.5], [0, 110, 47.5], [0, 0, 1]]), "plumb_bob", (-0.3, 0.1, 0, 0, 0))
FISHEYE = CameraModel(
    128, 96, np.array([[110.0, 0, 63.5], [0, 110, 47.5], [0, 0, 1]]), "equidistant", (0.02, 0.01, 0, 0)
)
TURN = cv2.Rodrigues(np.array([0.01, -0.02, 0.03]))[0]
EXTRINSICS = Extrinsics(TURN, np.array([-0.1, 0.02, 0.01]), 5.0)


def by_homography(homography, visible=(64, 48), thermal=(64, 48), **options):
    cameras = {"visible": CameraModel(*visible), "thermal": CameraModel(*thermal)}
    return Calibration("rig.yaml", options.pop("reference", "visible"), cameras, np.array(homography), **options)


def ramps(width, height):
    """Two images, one the x and one the y of each pixel, from 10 on: 0 stays for what is not seen."""
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    return (x + 10).astype(np.uint8), (y + 10).astype(np.uint8)


def where(alignment, camera, size):
    """x and y of a camera's pixels in the fused image, NaN where it does not see."""
    found = []
    for ramp in ramps(*size):
        aligned = alignment.align(camera, cv2.merge([ramp] * 3) if camera == "visible" else ramp).astype(float)
        found.append(aligned[..., 0] if aligned.ndim == 3 else aligned)
    return np.where(np.minimum(*found) < 10, np.nan, np.dstack(found).transpose(2, 0, 1) - 10)


def test_a_shift_by_whole_pixels_is_exact():
    alignment = Alignment(by_homography([[1, 0, 3], [0, 1, -2], [0, 0, 1]]))
    visible = np.zeros((48, 64, 3), np.uint8)
    thermal = np.random.default_rng(0).integers(1, 256, (48, 64), np.uint8)
    seen, aligned = alignment(visible, thermal)
    assert seen is visible or np.shares_memory(seen, visible)
    np.testing.assert_array_equal(aligned[:46, 3:], thermal[2:, :61])
    alone = alignment.align("thermal", thermal)
    assert not alone[46:].any() and not alone[:, :3].any()


def test_what_thermal_does_not_see_fades_to_its_mean():
    """A thermal camera that sees the middle of the image: no dark frame, no edge where its view ends."""
    narrow = by_homography([[0.5, 0.05, 60], [-0.05, 0.5, 50], [0, 0, 1]], (200, 160), (160, 120))
    alignment = Alignment(narrow)
    ramp = np.tile(np.linspace(90, 150, 160).astype(np.uint8), (120, 1))
    visible = np.full((160, 200, 3), 9, np.uint8)
    _, aligned = alignment(visible, ramp)
    assert (alignment.align("thermal", ramp)[:10] == 0).all()
    assert (np.abs(aligned[[0, -1]].astype(int) - 120) <= 1).all()
    assert aligned.min() >= 89 and np.abs(np.diff(aligned.astype(int), axis=0)).max() <= 6


@pytest.mark.parametrize("reference", ["visible", "thermal"])
@pytest.mark.parametrize("lwir", [LWIR, FISHEYE], ids=["plumb_bob", "equidistant"])
def test_points_at_the_working_depth_meet(reference, lwir):
    """Points in space, projected by cv2 into both cameras, are where the aligned image says."""
    alignment = Alignment(Calibration("", reference, {"visible": RGB, "thermal": lwir}, None, EXTRINSICS))
    random = np.random.default_rng(0)
    points = np.column_stack([random.uniform(-1.5, 1.5, (200, 2)), np.full(200, EXTRINSICS.depth)])
    if reference == "thermal":
        points = (points - EXTRINSICS.translation) @ EXTRINSICS.rotation  # depth is along the reference's axis
    in_rgb, _ = cv2.projectPoints(points, np.zeros(3), np.zeros(3), RGB.matrix, np.array(RGB.distortion))
    turn, _ = cv2.Rodrigues(EXTRINSICS.rotation)
    lens = np.array(lwir.distortion)
    if lwir is FISHEYE:
        in_lwir, _ = cv2.fisheye.projectPoints(points[None], turn, EXTRINSICS.translation, lwir.matrix, lens)
    else:
        in_lwir, _ = cv2.projectPoints(points, turn, EXTRINSICS.translation, lwir.matrix, lens)
    at = {"visible": in_rgb.reshape(-1, 2), "thermal": in_lwir.reshape(-1, 2)}
    cameras = {"visible": RGB, "thermal": lwir}
    other = "thermal" if reference == "visible" else "visible"
    size = {name: (camera.width, camera.height) for name, camera in cameras.items()}
    x, y = where(alignment, other, size[other])
    errors = []
    for place, expected in zip(at[reference], at[other], strict=True):
        column, row = np.round(place).astype(int)
        if 0 <= column < size[reference][0] and 0 <= row < size[reference][1] and np.isfinite(x[row, column]):
            errors.append(np.array([x[row, column], y[row, column]]) - expected)
    # Single errors are those of rounded places and of grey levels that are whole; on average they cancel.
    assert len(errors) > 100 and np.linalg.norm(errors, axis=1).max() < 1.6
    assert np.abs(np.mean(errors, axis=0)).max() < 0.12


def test_the_shared_field_of_view_has_no_border():
    homography = [[0.5, 0.05, 24], [-0.05, 0.5, 30], [0, 0, 1]]
    alignment = Alignment(by_homography(homography, (128, 96), (160, 120), field_of_view="shared"))
    width, height = alignment.size
    assert 60 <= width <= 80 and 40 <= height <= 60  # of 80 x 60, turned
    visible, thermal = alignment(np.full((96, 128, 3), 9, np.uint8), np.full((120, 160), 200, np.uint8))
    assert visible.shape == (height, width, 3) and thermal.shape == (height, width)
    assert (thermal == 200).all() and visible.flags.c_contiguous


@pytest.mark.parametrize(("field_of_view", "black"), [("reference", True), ("shared", False)])
def test_a_third_size_keeps_the_aspect(field_of_view, black):
    alignment = Alignment(by_homography(np.eye(3), field_of_view=field_of_view, output=(100, 96)))
    visible = alignment.align("visible", np.full((48, 64, 3), 9, np.uint8))
    thermal = alignment.align("thermal", np.full((48, 64), 200, np.uint8))
    assert visible.shape == (96, 100, 3) and thermal.shape == (96, 100)
    assert bool((thermal == 0).any()) == black == bool((visible == 0).any())


def test_a_large_image_is_averaged_not_skipped():
    """A chessboard of single pixels becomes grey, not stripes."""
    calibration = by_homography(np.diag([0.25, 0.25, 1]), visible=(64, 48), thermal=(256, 192))
    board = (255 * (np.indices((192, 256)).sum(axis=0) % 2)).astype(np.uint8)
    _, thermal = Alignment(calibration)(np.zeros((48, 64, 3), np.uint8), board)
    assert np.ptp(thermal[1:-1, 1:-1].astype(int)) <= 1 and abs(int(thermal[20, 20]) - 128) <= 1


@pytest.mark.parametrize("field_of_view", ["reference", "shared"])
@pytest.mark.parametrize("output", [None, (80, 64)])
def test_the_fused_camera_projects_onto_the_fused_image(field_of_view, output):
    """What the reference camera sees at a pixel, the fused camera sees at the fused image's pixel."""
    cameras = {"visible": RGB, "thermal": LWIR}
    alignment = Alignment(Calibration("", "visible", cameras, None, EXTRINSICS, field_of_view, output))
    fused = alignment.fused_camera()
    assert (fused.width, fused.height) == alignment.size and fused.distortion == RGB.distortion
    point = np.array([[0.1, -0.05, 1.0]])
    zero = np.zeros(3)
    before, after = (
        cv2.projectPoints(point, zero, zero, camera.matrix, np.array(camera.distortion))[0].ravel()
        for camera in (RGB, fused)
    )
    x, y = where(alignment, "visible", (160, 120))
    column, row = np.round(after).astype(int)
    assert np.hypot(x[row, column] - before[0], y[row, column] - before[1]) < 2.1


def test_a_homography_leaves_the_fused_camera_to_camera_info():
    alignment = Alignment(by_homography(np.eye(3), field_of_view="shared"))
    assert alignment.fused_camera() is None
    assert alignment.fused_camera(RGB).width == 64


@pytest.mark.parametrize(
    ("visible", "thermal", "named"), [((50, 64), (48, 64), "visible"), ((48, 64), (48, 60), "thermal")]
)
def test_another_size_is_refused(visible, thermal, named):
    alignment = Alignment(by_homography(np.eye(3)))
    with pytest.raises(ImageError, match=rf"rig.yaml: {named}.image_width"):
        alignment(np.zeros((*visible, 3), np.uint8), np.zeros(thermal, np.uint8))


@pytest.mark.parametrize(("field_of_view", "reason"), [("shared", "share 0x0"), ("reference", "sees nothing")])
def test_cameras_that_share_nothing_are_refused(field_of_view, reason):
    with pytest.raises(CalibrationError, match=reason):
        Alignment(by_homography([[1, 0, 1000], [0, 1, 0], [0, 0, 1]], field_of_view=field_of_view))


@pytest.mark.parametrize("reference", ["visible", "thermal"])
def test_a_homography_has_no_sign(reference):
    homography = np.array([[1.1, 0.1, 3], [-0.1, 0.9, 2], [1e-3, 0, 1]])
    random = np.random.default_rng(0)
    pair = random.integers(0, 256, (48, 64, 3), np.uint8), random.integers(0, 256, (48, 64), np.uint8)
    first, second = (Alignment(by_homography(k * homography, reference=reference))(*pair) for k in (1, -2))
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, other)


def test_missing_intrinsics_are_named():
    calibration = Calibration("rig.yaml", "visible", {"visible": RGB}, None, EXTRINSICS)
    with pytest.raises(CalibrationError, match=r"rig\.yaml: key thermal\.camera_matrix is missing"):
        Alignment(calibration)


def test_largest_rectangle():
    seen = np.zeros((40, 40), bool)
    seen[4:20, 8:40] = True
    seen[4:36, 8:20] = True
    assert _largest_rectangle(seen) == (8, 4, 40, 20)
