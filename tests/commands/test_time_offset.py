"""`textfuse time-offset`, on bags of cameras by formula."""

import re

import cv2
import numpy as np
import pytest

from ros2_textfuse import cli
from tests.helpers import moving
from tests.helpers.images import street
from tests.helpers.recordings import write_bag, write_folders

RATE, OFFSET = 15.0, -0.087  # Hz; s, that the thermal stamps lack


def images(path, seconds=9.0):
    """Visible [N, 120, 160, 3] and raw thermal counts [N, 60, 80] of a camera on its way."""
    scene, times = moving.world(4), np.arange(0, seconds, 1 / RATE)
    thermal = np.stack([moving.thermal(scene, path(time)) for time in times])
    return np.stack([moving.visible(scene, path(time)) for time in times]), thermal.astype(np.uint16) * 40 + 7000


@pytest.fixture(scope="module")
def drive(tmp_path_factory):
    """A bag of a camera that is moved by hand."""
    path = tmp_path_factory.mktemp("drive") / "drive"
    topics = ("/rig/rgb/image_raw", "/rig/lwir/image_raw")
    return write_bag(path, *images(moving.unsteady), rate=RATE, thermal_delay=-OFFSET, mcap=True, topics=topics)


def test_it_prints_the_line_for_the_params_file(drive, tmp_path, capsys):
    chart = tmp_path / "charts" / "offset.png"
    assert cli.main(["time-offset", str(drive), "--chart", str(chart)]) == 0
    out = capsys.readouterr().out
    assert float(re.search(r"^thermal_time_offset: (.*)$", out, re.MULTILINE)[1]) == pytest.approx(OFFSET, abs=0.005)
    assert "135 visible and 135 thermal images" in out and "times that of the next best" in out
    drawn = cv2.imread(str(chart)).astype(int)
    assert np.ptp(drawn, axis=2).max() > 100  # two coloured lines, not an empty sheet


def test_topics_can_be_named_and_are_not_exchanged(drive, capsys):
    topics = ["--visible-topic", "/rig/rgb/image_raw", "--thermal-topic", "/rig/lwir/image_raw"]
    assert cli.main(["time-offset", str(drive), *topics]) == 0
    assert "thermal_time_offset: -0.0" in capsys.readouterr().out


def test_a_damaged_bag_is_used_up_to_the_damage(drive, tmp_path, capsys):
    whole = next(drive.glob("*.mcap")).read_bytes()
    damaged = tmp_path / "damaged.mcap"
    damaged.write_bytes(whole[: int(0.9 * len(whole))])
    assert cli.main(["time-offset", str(damaged)]) == 0
    told = capsys.readouterr()
    assert "thermal_time_offset: -0.0" in told.out and "only what comes before is used" in told.err


def test_images_that_cannot_be_read_are_named(tmp_path, capsys):
    visible, thermal = images(moving.unsteady, 1.0)
    bag = write_bag(tmp_path / "exchanged", thermal, visible[..., 0].copy(), rate=RATE)
    assert cli.main(["time-offset", str(bag)]) == 2
    assert "left out 15 × visible image rejected: encoding 'mono16'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("path", "seconds", "reason"),
    [
        (lambda time: (600.0, 400.0), 9.0, "nothing moves"),
        (lambda time: (600 + 40 * np.sin(8 * time), 400.0), 9.0, "agrees as well"),
        (moving.unsteady, 4.0, "share 3.9 s"),
    ],
)
def test_it_refuses_when_it_is_not_sure(tmp_path, capsys, path, seconds, reason):
    bag = write_bag(tmp_path / "drive", *images(path, seconds), rate=RATE)
    assert cli.main(["time-offset", str(bag)]) == 2
    told = capsys.readouterr()
    assert "not sure" in told.err and reason in told.err
    assert "thermal_time_offset" not in told.out


def test_stamps_that_stand_still(tmp_path, capsys):
    bag = write_bag(tmp_path / "drive", *images(moving.unsteady, 1.0), rate=RATE, thermal_delay=lambda n: -n / RATE)
    assert cli.main(["time-offset", str(bag)]) == 1
    assert "thermal stamps do not go forward" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["nowhere"], "nowhere does not exist"),
        (["{v}", "{t}"], "no stamps"),
        (["a", "b", "c"], "give a bag"),
        (["nowhere", "--limit", "0"], "--limit"),
        (["nowhere", "--limit", "nan"], "--limit"),
        (["nowhere", "--chart", "offset.what"], "offset.what"),
    ],
)
def test_it_says_what_is_wrong(tmp_path, capsys, arguments, reason):
    folders = write_folders(tmp_path, *(np.stack([image] * 2) for image in street(64, 80)))
    filled = [argument.format(v=folders[0], t=folders[1]) for argument in arguments]
    assert cli.main(["time-offset", *filled]) == 1
    assert reason in capsys.readouterr().err
