"""`textfuse calibrate`, and its file in the verbs that take one."""

import json

import cv2
import numpy as np
import pytest

from ros2_textfuse import cli
from ros2_textfuse.geometry.calibration import read_calibration
from ros2_textfuse.geometry.registration import distance
from tests.helpers.images import shapes
from tests.helpers.recordings import write_bag, write_folders

WARP = np.array([[0.55, 0.02, -12.0], [-0.02, 0.55, -6.0], [0, 0, 1]])  # visible 320x240 to thermal 160x120


def recording(seeds, thermal_seeds=None):
    """Visible [N, 240, 320, 3] and thermal [N, 120, 160] of a camera with another lens."""
    visible = np.stack([cv2.cvtColor(shapes(seed)[0], cv2.COLOR_GRAY2RGB) for seed in seeds])
    thermal = [cv2.GaussianBlur(shapes(seed)[1], (0, 0), 1) for seed in thermal_seeds or seeds]
    return visible, np.stack([cv2.warpPerspective(image, WARP, (160, 120)) for image in thermal])


@pytest.fixture(scope="module")
def calibrated(tmp_path_factory):
    """A bag, its thermal images compressed, and the calibration that the command found in it."""
    folder = tmp_path_factory.mktemp("calibrated")
    topics = ("/visible/image_raw", "/thermal/image_raw/compressed")
    bag = write_bag(folder / "drive", *recording((1, 2, 3)), topics=topics)
    assert cli.main(["calibrate", str(bag), "-o", str(folder / "rig.yaml"), "--field-of-view", "shared"]) == 0
    return folder


def test_what_it_writes(calibrated):
    calibration = read_calibration(calibrated / "rig.yaml")
    assert distance(calibration.homography, np.linalg.inv(WARP), (240, 320), (120, 160)) < 1
    assert calibration.field_of_view == "shared" and calibration.cameras["thermal"].height == 120
    assert "residual" in (calibrated / "rig.yaml").read_text()
    assert cv2.imread(str(calibrated / "rig.jpg")).shape[1] == 960


def test_fuse_and_eval_take_it(calibrated, tmp_path, capsys):
    visible, thermal = recording((4,))
    folders = write_folders(tmp_path, visible, thermal)
    rig = ["--calibration", str(calibrated / "rig.yaml"), "--engine", "eager"]
    assert cli.main(["fuse", *map(str, folders), "-o", str(tmp_path / "fused"), *rig]) == 0
    height, width = cv2.imread(str(tmp_path / "fused" / "0000.png")).shape[:2]
    assert 100 < width < 320 and 100 < height < 240
    out = tmp_path / "run"
    assert cli.main(["eval", str(calibrated / "drive"), "--no-detection", "--out", str(out), *rig]) == 0
    run = json.loads((out / "run.json").read_text())
    assert run["counts"]["evaluated"] == 3 and run["exclusions"] == {}
    assert cv2.imread(str(next((out / "images").glob("*_thermal.jpg")))).shape[:2] == (height, width)

    assert cli.main(["fuse", *map(str, folders[::-1]), "-o", str(tmp_path / "swapped"), *rig]) == 1
    assert "visible.image_width" in capsys.readouterr().err
    (tmp_path / "bad.yaml").write_text("reference: visible\n")
    rig[1] = str(tmp_path / "bad.yaml")
    for verb in (["fuse", *map(str, folders)], ["eval", str(calibrated / "drive"), "--no-detection"]):
        assert cli.main([*verb, "--out", str(tmp_path / "never"), *rig]) == 1
        assert "bad.yaml: key homography" in capsys.readouterr().err


def test_it_refuses_when_it_is_not_sure(tmp_path, capsys):
    visible, thermal = write_folders(tmp_path, *recording((5,), (6,)))
    assert cli.main(["calibrate", str(visible), str(thermal), "-o", str(tmp_path / "rig.yaml")]) == 2
    assert "not sure, nothing was written" in capsys.readouterr().err
    assert not (tmp_path / "rig.yaml").exists() and not (tmp_path / "rig.jpg").exists()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["nowhere"], "nowhere does not exist"),
        (["{v}", "{t}", "--pairs", "0"], "--pairs"),
        (["{v}", "{t}", "--scale", "-1"], "--scale"),
        (["{v}", "{t}", "--board", "6x5"], "in 0 pairs"),
    ],
)
def test_it_says_what_is_wrong(tmp_path, capsys, arguments, reason):
    visible, thermal = write_folders(tmp_path, *recording((5,)))
    filled = [argument.format(v=visible, t=thermal) for argument in arguments]
    assert cli.main(["calibrate", *filled, "-o", str(tmp_path / "rig.yaml")]) == 1
    assert reason in capsys.readouterr().err
    assert not (tmp_path / "rig.yaml").exists()


@pytest.mark.parametrize("board", ["7x5", "9", "axb", "2x3"])
def test_a_board_that_cannot_be_told_is_refused(board, capsys):
    with pytest.raises(SystemExit):
        cli.main(["calibrate", "x", "-o", "y", "--board", board])
    assert board in capsys.readouterr().err
