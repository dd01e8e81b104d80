"""A recording as a file for Rerun: the images that `textfuse fuse` writes, and an account of what was left out."""

from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from ros2_textfuse import cli
from ros2_textfuse.detection.types import DetectorError
from ros2_textfuse.view import rerun_file
from tests.helpers.recordings import write_folders
from tests.saliency.test_warm_people import PEOPLE, night


class Stream:
    """Keeps what is logged."""

    def __init__(self, logged):
        self.logged, self.times = logged, []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def save(self, path):
        path.write_bytes(rerun_file.MAGIC)

    def log(self, name, what, static=False):
        self.logged.setdefault(name, []).append(what)

    def set_time(self, timeline, duration):
        self.times.append(duration)

    def disconnect(self):
        pass


@pytest.fixture
def logged(monkeypatch):
    """What is logged, by its name, with a stand-in for rerun-sdk; and no detector."""

    class Pixels(np.ndarray):
        def compress(self, jpeg_quality):
            return self

    def refuse(**_):
        raise DetectorError("ultralytics is not installed")

    found = {}
    stand_in = SimpleNamespace(
        RecordingStream=lambda *_, **__: Stream(found),
        TextDocument=str,
        Image=lambda pixels: pixels.copy().view(Pixels),
    )
    monkeypatch.setattr(rerun_file, "_rerun", lambda: stand_in)
    monkeypatch.setattr("ros2_textfuse.batch.objects.Detector", refuse)
    return found


@pytest.mark.parametrize("prompt", [["--mode", "auto"], ["--object", "person"]], ids=["auto", "objects"])
def test_the_images_are_those_that_fuse_writes(logged, tmp_path, capsys, prompt):
    thermal, _ = night(PEOPLE[:2])
    dark = np.dstack([np.uint8(10 + thermal / 16)] * 3)
    folders = [*map(str, write_folders(tmp_path, np.stack([dark] * 2), np.stack([thermal] * 2)))]
    asked = [*folders, "--engine", "eager", *prompt]
    assert cli.main(["fuse", *asked, "-o", str(tmp_path / "fused")]) == 0
    assert cli.main(["view", *asked, "--rerun", str(tmp_path / "out.rrd")]) == 0
    expected = [cv2.imread(str(path))[..., ::-1] for path in sorted((tmp_path / "fused").iterdir())]
    np.testing.assert_array_equal(logged["fused"], expected)
    assert ("textfuse view: person: found by warmth alone" in capsys.readouterr().err) == ("person" in prompt)


def test_a_pair_that_does_not_fit_is_left_out_and_told(logged, tmp_path, capsys):
    visible, thermal = np.full((3, 48, 64, 3), 90, np.uint8), np.full((3, 48, 64), 60, np.uint8)
    folders = write_folders(tmp_path, visible, thermal)
    cv2.imwrite(str(folders[1] / "0001.png"), np.zeros((20, 64), np.uint8))
    command = ["view", *map(str, folders), "--engine", "eager", "--rerun", str(tmp_path / "out.rrd")]
    assert cli.main(command) == 0
    told = capsys.readouterr().out
    assert "2 pairs" in told and "left out: 1 × pair not fused" in told and len(logged["fused"]) == 2
    for number in (0, 2):
        cv2.imwrite(str(folders[1] / f"{number:04}.png"), np.zeros((20, 64), np.uint8))
    assert cli.main(command) == 1 and "no pair of images could be fused" in capsys.readouterr().err
