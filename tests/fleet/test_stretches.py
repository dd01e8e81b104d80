"""A recording in stretches gives the figures of one run, to the last digit."""

from contextlib import nullcontext
from dataclasses import replace
from tempfile import TemporaryDirectory

import cv2
import numpy as np
import pyarrow.parquet as pq
import pytest

from ros2_textfuse.evaluation.offline import replay
from ros2_textfuse.fleet.evaluation import Job, Task, _measured
from ros2_textfuse.fleet.recipe import Recipe
from ros2_textfuse.fleet.run import OneProcess, evaluate_fleet
from ros2_textfuse.fleet.sources import Source
from ros2_textfuse.fleet.store import Store
from ros2_textfuse.fleet.stretches import why_whole
from ros2_textfuse.recordings.source import find_recording
from ros2_textfuse.recordings.video import VideoRecording
from ros2_textfuse.settings import FusionSettings
from tests.fleet.conftest import scene
from tests.helpers.recordings import write_bag

PAIRS = 16
UNLIKE = ["fuse_ms", "stretches"]  # that differ from run to run


@pytest.fixture(scope="module")
def uneven(tmp_path_factory):
    """A bag whose thermal stamps wander, so that images wait, pairs are missed and one camera is alone for a while."""
    visible, thermal = scene(PAIRS)

    def late(number):
        return {1: 0.03, 6: 0.07, 9: 0.3}.get(number, -0.012 if number % 2 else 0.004)

    folder = tmp_path_factory.mktemp("uneven")  # in the dark, which auto sees
    return write_bag(folder / "bag", visible // 8, thermal, thermal_delay=late, mcap=True)


def videos(folder):
    visible, thermal = scene(PAIRS)
    paths = folder / "visible.avi", folder / "thermal.avi"
    for path, images in zip(paths, (visible, (thermal // 40).clip(0, 255).astype(np.uint8)), strict=True):
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 20, (80, 64))
        for image in images:
            writer.write(image[..., ::-1] if image.ndim == 3 else cv2.cvtColor(image, cv2.COLOR_GRAY2BGR))
        writer.release()
    return tuple(map(str, paths))


def both(sources, length=2, every=1, **settings):
    """Rows and columns of a recording as one, and in stretches."""
    recipe = Recipe.read(FusionSettings(engine="eager", **settings), every)
    task = Task(Source(tuple(map(str, sources))), "content", "key")
    whole, cut = {}, {}
    with TemporaryDirectory() as folder:
        job = Job(recipe, Store.claim(folder, recipe.description), threads=1)
        one = _measured(job, task, whole, None)
        many = _measured(replace(job, stretch=length), task, cut, None)
    assert whole.pop("stretches") == 1 and cut.pop("stretches") > 2
    assert whole.pop("fuse_ms") > 0 and cut.pop("fuse_ms") > 0
    assert cut == whole
    np.testing.assert_equal(many, one)
    return one, whole


def test_auto_and_the_range_of_a_16_bit_camera_go_on(uneven):
    frames, recording = both([uneven], modes=("auto",), thermal_gain="plateau", slop=0.02)
    assert "thermal image unpaired" in recording["exclusions"]
    assert (
        any(frame["condition_low_light"] for frame in frames) and sum("image_fused" in frame for frame in frames) == 1
    )


def test_a_held_image_and_every_second_pair(uneven):
    frames, _ = both([uneven], every=2, hold=0.2)
    assert all(np.isfinite(frame["fused_flicker"]) for frame in frames[1:])


def test_videos_wherever_a_seek_lands(tmp_path, monkeypatch):
    sources = videos(tmp_path)
    whole, _ = both(sources)
    real = VideoRecording.images_from
    monkeypatch.setattr(VideoRecording, "images_from", lambda self, time: real(self, max(0.0, time - 0.1)))
    assert both(sources)[0][5]["Qabf"] == whole[5]["Qabf"]


class Interrupted(BaseException):
    """As Ctrl-C, which would end the test run as well."""


def test_an_interrupted_recording_goes_on_behind_its_finished_stretches(uneven, tmp_path, monkeypatch):
    recipe = Recipe.read(FusionSettings(engine="eager", modes=("auto",), thermal_gain="plateau"), every=2)

    def run(name, **options):
        evaluate_fleet([str(uneven)], recipe, str(tmp_path / name), nullcontext(OneProcess()), **options)
        (file,) = (tmp_path / name / "frames").iterdir()
        return pq.read_table(file)

    calls, real = [], replay.evaluate

    def interrupted_at(number):
        def evaluate(*args, **kwargs):
            calls.append(number)
            if len(calls) == number:
                raise Interrupted
            real(*args, **kwargs)

        monkeypatch.setattr(replay, "evaluate", evaluate)

    whole, kept = run("whole"), tmp_path / "cut" / "stretches"
    interrupted_at(3)
    with pytest.raises(Interrupted):
        run("cut", stretch=2)
    assert len(list(kept.rglob("*.parquet"))) == 2 and not (tmp_path / "cut" / "frames").exists()
    interrupted_at(0)
    again = run("cut", stretch=2)
    assert again["stretches"][0].as_py() - 2 == calls.count(0) > 0, "the first two are not measured again"
    assert again.drop_columns(UNLIKE) == whole.drop_columns(UNLIKE)
    assert not list(kept.rglob("*.parquet")), "they go when the recording is whole"


def test_stretches_of_a_recording_that_is_whole_go_with_the_next_run(uneven, tmp_path):
    recipe = Recipe.read(FusionSettings(engine="eager"), every=8)
    for left in (0, 1):
        evaluate_fleet([str(uneven)], recipe, str(tmp_path), nullcontext(OneProcess()))
        if not left:
            (file,) = (tmp_path / "frames").iterdir()
            others = [tmp_path / "stretches" / key / "x.parquet" for key in (file.stem, "0" * 32)]
            for path in others:
                path.parent.mkdir(parents=True)
                path.touch()
    assert [path.exists() for path in others] == [False, True], "another's may be in the making"


def test_what_is_not_cut(uneven, drives):
    recording = find_recording([str(uneven)])
    assert why_whole(recording, ordered=True, objects=False) == ""
    assert "tracker" in why_whole(recording, ordered=True, objects=True)
    assert "data set" in why_whole(recording, ordered=False, objects=False)
    assert "index" in why_whole(find_recording([str(drives / "broken.mcap")]), ordered=True, objects=False)
