"""Training from recordings: what is taken of bags, videos and data sets, and what is held back."""

import csv
import json
import shutil

import cv2
import numpy as np
import pytest

from ros2_textfuse import cli
from ros2_textfuse.networks.stored import find_weights
from ros2_textfuse.recordings.dataset import Splits
from ros2_textfuse.recordings.video_writer import VideoWriter
from ros2_textfuse.training.data import DataError
from ros2_textfuse.training.sources import FRAMES, Sources, read_material, take_frames
from ros2_textfuse.training.train import make_pairs
from tests.helpers.recordings import write_bag, write_folders

RATE, COUNT, SIZE = 10.0, 40, (48, 64)
SIZES = ("--steps", "4", "--batch", "2", "--crop", "32", "--save-every", "4", "--spacing", "0.4")


def drive(seed, depth=np.uint8):
    """Four seconds of two cameras, visible [N, H, W, 3] and thermal [N, H, W]; no two frames are alike."""
    rng = np.random.default_rng(seed)
    visible = rng.integers(40, 220, (COUNT, *SIZE, 3), np.uint8)
    thermal = rng.integers(0, 255, (COUNT, *SIZE)).astype(depth)
    return visible, thermal if depth == np.uint8 else thermal * 40 + 3000


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    """A bag of 16-bit thermal images, and two videos."""
    folder = tmp_path_factory.mktemp("recordings")
    write_bag(folder / "bag", *drive(1, np.uint16), rate=RATE)
    for name, images in zip(("rgb.mp4", "lwir.mp4"), drive(2), strict=True):
        with VideoWriter(folder / name, RATE) as video:
            for image in images:
                video.write(image if image.ndim == 3 else np.dstack([image] * 3))
    return folder


def manifest(out):
    with (out / FRAMES / "manifest.csv").open() as file:
        return list(csv.DictReader(file))


def test_frames_of_bags_and_videos_are_spaced_and_their_ends_held_back(recordings, tmp_path):
    named = (str(recordings / "bag"),), (str(recordings / "rgb.mp4"), str(recordings / "lwir.mp4"))
    asked = Sources(named, spacing=0.4, hold_back=0.25)
    take_frames(asked, tmp_path, crop=32)
    rows = manifest(tmp_path)
    assert len({row["recording"] for row in rows}) == 2
    for name in {row["recording"] for row in rows}:
        times = {side: [float(r["time"]) for r in rows if (r["recording"], r["split"]) == (name, side)]
                 for side in ("train", "test")}  # fmt: skip
        assert times["train"] == pytest.approx(np.arange(7) * 0.4, abs=0.01)  # and nothing from 2.75 s to 3 s
        assert times["test"] == pytest.approx([3.2, 3.6], abs=0.01)
    material = read_material(asked, tmp_path, crop=32)
    assert (len(material.train), len(material.held_back)) == (14, 4)
    thermal = cv2.imread(str(material.train[0].thermal), cv2.IMREAD_UNCHANGED)
    assert thermal.dtype == np.uint8 and thermal.max() > 200  # counts of 3000 to 13200, by gain control
    before = (tmp_path / FRAMES / "manifest.csv").stat().st_mtime_ns
    take_frames(asked, tmp_path, crop=32)  # nothing is read again
    assert (tmp_path / FRAMES / "manifest.csv").stat().st_mtime_ns == before
    with pytest.raises(DataError, match="frames of other spacing: choose another --out"):
        take_frames(Sources(named, spacing=0.5, hold_back=0.25), tmp_path, crop=32)


def test_of_many_recordings_whole_ones_are_held_back_and_the_same_again():
    durations = {f"drive_{number}": 60.0 for number in range(20)}
    splits = Splits(durations, 0.2)
    held = {name for name in durations if splits.of(name, 30.0) == "test"}
    assert len(held) == 4
    assert all(splits.of(name, time) == ("test" if name in held else "train") for name in durations for time in (3, 57))
    # A drive may go on in another file.
    assert all(splits.of(name, time) != "test" for name in durations for time in (0, 59))
    more = Splits(durations | {"drive_20": 60.0}, 0.2)
    assert len(held - {name for name in durations if more.of(name, 30.0) == "test"}) <= 1


def test_a_moment_in_two_recordings_is_taken_once(recordings, tmp_path, capsys):
    shutil.copytree(recordings / "bag", tmp_path / "copy")
    asked = Sources(((str(recordings / "bag"),), (str(tmp_path / "copy"),)), spacing=0.4, hold_back=0.25)
    take_frames(asked, tmp_path / "out", crop=32)
    assert len({row["recording"] for row in manifest(tmp_path / "out")}) == 1
    assert "10 × frame that another recording holds as well" in capsys.readouterr().out


def test_cameras_that_are_not_registered_are_aligned(tmp_path):
    visible, thermal = drive(3)
    folders = write_folders(tmp_path, visible, np.ascontiguousarray(thermal[:, :24, :32]))
    calibration = tmp_path / "rig.yaml"
    calibration.write_text(
        "reference: visible\nvisible: {image_width: 64, image_height: 48}\n"
        "thermal: {image_width: 32, image_height: 24}\n"
        "homography: [[2, 0, 0.5], [0, 2, 0.5], [0, 0, 1]]\n"
    )
    command = ["train", "--video", *map(str, folders), "--out", str(tmp_path / "run"), *SIZES]
    assert cli.main(command) == 1  # the sizes differ
    assert cli.main([*command, "--calibration", str(calibration)]) == 0
    frame = tmp_path / "run" / FRAMES / "ir" / f"{manifest(tmp_path / 'run')[0]['name']}.png"
    assert cv2.imread(str(frame), cv2.IMREAD_UNCHANGED).shape == SIZE


def test_fine_tuning_shows_before_and_after_on_what_it_has_not_seen(recordings, tmp_path, capsys):
    command = ["train", "--from", "nano", "--data", str(recordings / "bag"), "--out", str(tmp_path), *SIZES]
    assert cli.main([*command, "--hold-back", "0.25"]) == 0
    printed = capsys.readouterr().out
    assert "on 2 held-back frames" in printed and "repair" in printed
    found = json.loads((tmp_path / "before_after.json").read_text())
    held_back = {row["name"] for row in manifest(tmp_path) if row["split"] == "test"}
    assert set(found["frames"]) == held_back
    assert found["before"] == str(find_weights("nano"))
    assert found["loss"]["before"] != found["loss"]["after"]
    assert cv2.imread(str(tmp_path / "before_after.jpg")).shape[1] == 4 * 480


def test_a_data_set_says_itself_what_is_held_back(tmp_path):
    make_pairs(tmp_path, size=(48, 64))
    rows = ["name,recording,time,split", "000,a,0,train", "001,a,9,test", "002,b,0,train", "003,b,9,train"]
    (tmp_path / "manifest.csv").write_text("\n".join(rows))
    asked = Sources(((str(tmp_path),),))
    material = read_material(asked, tmp_path, 32)
    assert [pair.name for pair in material.held_back] == ["001"]
    (tmp_path / "manifest.csv").write_text("\n".join([*rows, "../../secret,a,0,train", "/etc/secret,a,9,test"]))
    assert read_material(asked, tmp_path, 32) == material, "a name is no path: nothing outside the folder is read"
    (tmp_path / "manifest.csv").write_text("\n".join(rows[:-1]))
    with pytest.raises(DataError, match=r"manifest.csv does not know 003"):
        read_material(asked, tmp_path, 32)


def test_what_a_data_set_holds_back_is_not_trained_on_from_its_recording(recordings, tmp_path, capsys):
    make_pairs(tmp_path / "mined", count=1, size=(48, 64))
    (tmp_path / "mined" / "manifest.csv").write_text(f"name,recording,time,split\n000,{recordings / 'bag'},0.4,test\n")
    asked = Sources(((str(tmp_path / "mined"),), (str(recordings / "bag"),)), spacing=0.4)
    take_frames(asked, tmp_path, crop=32)
    material = read_material(asked, tmp_path, crop=32)
    assert [pair.name for pair in material.train] == [
        row["name"] for row in manifest(tmp_path) if float(row["time"]) > 2.4 - 1e-6
    ]
    assert "left out: 6 pairs of moments that another data set holds back" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--data", "nowhere"], "nowhere does not exist"),
        (["--data", "empty"], "nor a folder of pairs, which holds vi/ and ir/"),
        (["--data", "bag", "bag"], "a recording is named twice"),
        (["--data", "bag", "--crop", "64"], "its frames of 64x48 are smaller than the crop of 64"),
        (
            ["--data", "bag", "--thermal-time-offset", "0.05"],
            "bag gives no pair to train on: 40 × visible",
        ),
        (["--data", "bag", "--hold-back", "1"], "--hold-back 1: it is a share from 0 to 0.9"),
        (["--data", "bag", "--spacing", "0"], "--spacing 0: it is above 0 seconds"),
        (["--data", "bag", "--visible-topic", "/front"], "/front"),
        (["--data", "bag", "--calibration", "rig.yaml"], "rig.yaml"),
    ],
)
def test_what_cannot_be_trained_on_says_why(recordings, tmp_path, monkeypatch, capsys, options, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "bag").symlink_to(recordings / "bag")
    assert cli.main(["train", "--out", "run", *SIZES, *options]) == 1
    assert message in capsys.readouterr().err
