"""The calibration file: read, refused, written."""

from pathlib import Path

import numpy as np
import pytest
import yaml

from ros2_textfuse.geometry.calibration import (
    Calibration,
    CalibrationError,
    CameraModel,
    Extrinsics,
    read_calibration,
    write_calibration,
)

EXAMPLE = Path(__file__).parents[2] / "config" / "calibration.yaml"
HOMOGRAPHY = [[1.0, 0.02, 5.0], [-0.02, 1.0, -3.0], [1e-5, 0.0, 1.0]]


def small():
    """A file with a homography, as parsed."""
    size = {"image_width": 64, "image_height": 48}
    return {"reference": "visible", "visible": dict(size), "thermal": dict(size), "homography": HOMOGRAPHY}


def example():
    return yaml.safe_load(EXAMPLE.read_text())


def read(tmp_path, tree):
    path = tmp_path / "rig.yaml"
    path.write_text(yaml.safe_dump(tree))
    return read_calibration(path)


def change(tree, key, value):
    """Set a dotted key; None removes it."""
    *path, last = key.split(".")
    place = tree
    for name in path:
        place = place[name]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return tree


def test_the_example():
    calibration = read_calibration(EXAMPLE)
    assert calibration.reference == "visible" and calibration.field_of_view == "shared"
    assert calibration.cameras["thermal"].width == 640 and calibration.cameras["thermal"].distortion[0] == -0.25
    assert calibration.extrinsics.depth == 15.0 and calibration.missing_intrinsics() == []


@pytest.mark.parametrize("output", [None, (320, 240)])
def test_what_is_written_is_read_back(tmp_path, output):
    matrix = np.array([[600.25, 0, 320], [0, 601, 240.5], [0, 0, 1]])
    cameras = {
        "visible": CameraModel(640, 480, matrix, "rational_polynomial", tuple(range(8))),
        "thermal": CameraModel(320, 256, matrix / [[2], [2], [1]], "equidistant", (0.1, 0.2, 0.3, 0.4)),
    }
    extrinsics = Extrinsics(np.eye(3), np.array([0.1, 0, 0]), 12.0)
    for written in (
        Calibration("", "thermal", cameras, None, extrinsics, "shared", output),
        Calibration("", "visible", cameras, np.array(HOMOGRAPHY), output=output),
    ):
        write_calibration(written, tmp_path / "rig.yaml", "two lines\nof comment")
        found = read_calibration(tmp_path / "rig.yaml")
        assert (found.reference, found.field_of_view, found.output) == (
            written.reference,
            written.field_of_view,
            output,
        )
        for name, camera in written.cameras.items():
            np.testing.assert_array_equal(found.cameras[name].matrix, camera.matrix)
            assert found.cameras[name].distortion == camera.distortion
        assert (found.homography is None) == (written.homography is None)


def test_a_camera_as_camera_calibration_writes_it(tmp_path):
    """The block of a camera_info file can be pasted."""
    tree = example()
    tree["visible"] |= {
        "camera_name": "rgb",
        "camera_matrix": {"rows": 3, "cols": 3, "data": [1000.0, 0, 640, 0, 1000, 360, 0, 0, 1]},
        "distortion_coefficients": {"rows": 1, "cols": 5, "data": [-0.1, 0.0, 0.0, 0.0, 0.0]},
        "rectification_matrix": {"rows": 3, "cols": 3, "data": [1, 0, 0, 0, 1, 0, 0, 0, 1]},
    }
    camera = read(tmp_path, tree).cameras["visible"]
    np.testing.assert_array_equal(camera.matrix, [[1000, 0, 640], [0, 1000, 360], [0, 0, 1]])
    assert camera.distortion == (-0.1, 0, 0, 0, 0)


@pytest.mark.parametrize(
    ("tree", "key", "value", "reason"),
    [
        (small, "reference", None, "missing"),
        (small, "reference", "lwir", "visible, thermal"),
        (small, "field_of_view", "wide", "shared"),
        (small, "colour", 3, "unknown"),
        (small, "thermal", None, "missing"),
        (small, "thermal", 7, "image_width"),
        (small, "visible.image_width", None, "missing"),
        (small, "visible.image_width", 0, "pixels"),
        (small, "visible.image_height", 47.5, "pixels"),
        (small, "visible.width", 64, "unknown"),
        (small, "visible.distortion_model", "plumb_bob", "camera_matrix"),
        (small, "homography", None, "extrinsics"),
        (small, "homography", [[1, 0, 0], [0, 1, 0]], "3 x 3"),
        (small, "homography", [[1, 0, 0], [0, 1, 0], [0, 0, "x"]], "3 x 3"),
        (small, "homography", [[1, 0, 0], [0, 1, 0], [0, 0, float("nan")]], "finite"),
        (small, "homography", [[1, 2, 3], [2, 4, 6], [0, 0, 1]], "singular"),
        (small, "output", {"width": 10}, "height is missing"),
        (example, "homography", HOMOGRAPHY, "not both"),
        (example, "visible.camera_matrix", [[0, 0, 0]] * 3, "singular"),
        (example, "visible.camera_matrix", [[9, 1, 0], [0, 9, 0], [0, 0, 1]], "fx"),
        (example, "visible.camera_matrix", [1, 2, 3], "3 x 3"),
        (example, "visible.distortion_coefficients", [0.1, 0.2, 0.3], "plumb_bob: 4 or 5"),
        (example, "visible.distortion_model", "fisheye", "equidistant"),
        (example, "extrinsics.depth", -1, "metres"),
        (example, "extrinsics.translation", [1, 2], "3 numbers"),
        (example, "extrinsics.rotation", [[1, 0, 0], [0, 2, 0], [0, 0, 1]], "rotation"),
        (example, "extrinsics.rotation", None, "missing"),
    ],
)
def test_what_is_wrong_is_named_with_file_and_key(tmp_path, tree, key, value, reason):
    with pytest.raises(CalibrationError) as error:
        read(tmp_path, change(tree(), key, value))
    assert str(tmp_path / "rig.yaml") in str(error.value)
    assert key in str(error.value) or f"{key}." in str(error.value)
    assert reason in str(error.value)


@pytest.mark.parametrize("text", ["", "- 1\n- 2\n", "a: [1", "\x00"])
def test_what_is_no_calibration_is_named(tmp_path, text):
    path = tmp_path / "rig.yaml"
    path.write_text(text)
    with pytest.raises(CalibrationError, match=r"rig\.yaml"):
        read_calibration(path)
    with pytest.raises(CalibrationError, match="missing"):
        read_calibration(tmp_path / "missing.yaml")


def test_another_size_is_named(tmp_path):
    with pytest.raises(CalibrationError, match=r"rig.yaml: visible.image_width.* 64 and 48.*640x480"):
        read(tmp_path, small()).require_size("visible", 640, 480)


def test_intrinsics_from_elsewhere(tmp_path):
    calibration = read(tmp_path, {key: example()[key] for key in ("reference", "extrinsics")})
    assert calibration.missing_intrinsics() == ["visible", "thermal"]
    good = CameraModel(64, 48, np.array([[60.0, 0, 32], [0, 60, 24], [0, 0, 1]]))
    assert calibration.with_cameras({"visible": good, "thermal": good}).missing_intrinsics() == []
    with pytest.raises(CalibrationError, match="thermal camera: K is singular"):
        calibration.with_cameras({"thermal": CameraModel(64, 48)})
    with pytest.raises(CalibrationError, match="'thin_prism'"):
        calibration.with_cameras({"thermal": CameraModel(64, 48, good.matrix, "thin_prism", (1.0,))})


@pytest.mark.parametrize("size", [(0, 0), (0, 480), (65535, 65535)])
def test_a_size_from_elsewhere_is_bounded(tmp_path, size):
    """Of a file it is; a driver that says too much must not take all memory."""
    calibration = read(tmp_path, {key: example()[key] for key in ("reference", "extrinsics")})
    camera = CameraModel(*size, np.array([[60.0, 0, 32], [0, 60, 24], [0, 0, 1]]))
    with pytest.raises(CalibrationError, match=f"thermal camera: it is for {size[0]}x{size[1]} pixels: expected"):
        calibration.with_cameras({"thermal": camera})


def test_a_distortion_from_elsewhere_is_finite(tmp_path):
    calibration = read(tmp_path, {key: example()[key] for key in ("reference", "extrinsics")})
    matrix = np.array([[60.0, 0, 32], [0, 60, 24], [0, 0, 1]])
    with pytest.raises(CalibrationError, match=r"visible camera: d is .*nan"):
        calibration.with_cameras({"visible": CameraModel(64, 48, matrix, "plumb_bob", (float("nan"), 0, 0, 0))})


@pytest.mark.parametrize("factor", [1e-12, 1e-3, 1e3])
def test_a_homography_that_makes_a_point_of_an_image_is_refused(tmp_path, factor):
    tree = change(small(), "homography", [[factor, 0, 0], [0, factor, 0], [0, 0, 1]])
    with pytest.raises(CalibrationError, match=r"key homography makes .* visible pixels of a thermal one"):
        read(tmp_path, tree)


def test_a_homography_has_no_scale_of_its_own(tmp_path):
    matrix = np.array(small()["homography"])
    read(tmp_path, change(small(), "homography", (1e-6 * matrix).tolist()))


def test_an_image_that_no_memory_holds_is_refused(tmp_path):
    tree = change(change(small(), "visible.image_width", 16384), "visible.image_height", 16384)
    with pytest.raises(CalibrationError, match="16384x16384"):
        read(tmp_path, tree)


def test_home_is_found_where_no_shell_looks_for_it(tmp_path, monkeypatch):
    """As in calibration:=~/rig.yaml of `ros2 launch`, or in a parameter file."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "rig.yaml").write_text(EXAMPLE.read_text())
    assert read_calibration("~/rig.yaml").source == str(tmp_path / "rig.yaml")
