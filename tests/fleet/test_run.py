"""Recordings into a store, in one process: what is there is not done again, and nothing ends the run."""

import errno
import shutil
from contextlib import nullcontext

import pyarrow.parquet as pq
import pytest

from ros2_textfuse import cli
from ros2_textfuse.fleet import files
from ros2_textfuse.fleet.errors import FleetError, StoreError
from ros2_textfuse.fleet.evaluation import evaluate
from ros2_textfuse.fleet.mining import choose, export
from ros2_textfuse.fleet.queries import connect
from ros2_textfuse.fleet.recipe import Recipe
from ros2_textfuse.fleet.report import _hours
from ros2_textfuse.fleet.run import OneProcess, evaluate_fleet
from ros2_textfuse.fleet.store import Store
from ros2_textfuse.settings import FusionSettings
from tests.fleet.conftest import PAIRS


def run(named, recipe, store, **options):
    return evaluate_fleet([*map(str, named)], recipe, str(store), nullcontext(OneProcess()), **options)


def rows(store, name):
    """The rows of a recording, by the end of its path."""
    listed = {row["source"]: row["key"] for row in Store.open(str(store)).listed()}
    key = next(key for source, key in listed.items() if source.endswith(name))
    return pq.read_table(store / "frames" / f"{key}.parquet").to_pylist()


@pytest.fixture(scope="module")
def made(drives, recipe, tmp_path_factory):
    store = tmp_path_factory.mktemp("made") / "store"
    return store, run([drives], recipe, store)


def test_every_recording_has_its_file(made):
    store, outcome = made
    assert (outcome.found, outcome.stored, outcome.same, outcome.failed) == (5, 4, 1, {})
    assert len(list((store / "frames").iterdir())) == 4 and not list(store.rglob("*.partial"))
    frames = rows(store, "drive0")
    assert [row["number"] for row in frames] == list(range(0, PAIRS, 2)) and rows(store, "copy") == frames
    first, second = frames[:2]
    assert (
        first["fused_flicker"] is None and second["fused_flicker"] > 0 and second["motion"] == pytest.approx(1, abs=0.5)
    )
    assert 0 < second["retention"] <= 1 and second["salient"] > 0 and second["pairs"] == PAIRS
    assert [row["number"] for row in frames if row["image_fused"]] == [
        min(frames, key=lambda row: row["score"])["number"]
    ]


def test_a_damaged_recording_says_so(made):
    store, _ = made
    (none,) = rows(store, "none.mcap")
    assert "cannot be read as a bag" in none["error"] and none["number"] is None
    broken = rows(store, "broken.mcap")
    assert "breaks off" in broken[0]["damage"] and 0 < len(broken) < 4 and broken[0]["error"] == ""


def test_what_is_there_is_not_done_again(made, drives, recipe, monkeypatch):
    store, _ = made
    before = {path: path.stat().st_mtime_ns for path in (store / "frames").iterdir()}
    (lost := sorted(before)[0]).unlink()
    done = []
    monkeypatch.setattr(
        "ros2_textfuse.fleet.run.evaluate", lambda job, task: done.append(task.key) or evaluate(job, task)
    )
    outcome = run([drives], recipe, store)
    assert done == [lost.stem] and (outcome.done, outcome.stored) == (3, 1)
    assert {path: path.stat().st_mtime_ns for path in before if path != lost}.items() <= before.items()


def test_another_store_for_other_settings(made, drives):
    store, _ = made
    with pytest.raises(StoreError, match=r"other settings: every is 2, asked for 1; .*prompt is '', asked for 'fog'"):
        run([drives], Recipe.read(FusionSettings(engine="eager", prompt="fog")), store)
    (store / "x").mkdir(exist_ok=True)
    (store / "x" / "y").write_text("not ours")
    with pytest.raises(StoreError, match="holds no store"):
        run([drives], Recipe.read(FusionSettings(engine="eager")), store / "x")


def test_a_full_disk_ends_the_run_and_loses_nothing(drives, recipe, tmp_path, monkeypatch):
    real, written = files.write, []

    def full(path, content):
        if "/frames/" in path and written:
            raise OSError(errno.ENOSPC, "No space left on device", path)
        written.append(path) if "/frames/" in path else None
        real(path, content)

    bags = [drives / "none.mcap", drives / "drive0"]
    monkeypatch.setattr(files, "write", full)
    with pytest.raises(StoreError, match=r"No space left.*make room.* 1 of 2 recordings were stored before"):
        run(bags, recipe, tmp_path / "store")
    monkeypatch.setattr(files, "write", real)
    outcome = run(bags, recipe, tmp_path / "store")
    assert (outcome.done, outcome.stored) == (1, 1)


def test_what_fails_on_this_machine_is_tried_again(drives, recipe, tmp_path, monkeypatch):
    def starved(job, task):
        raise MemoryError("not enough")

    monkeypatch.setattr("ros2_textfuse.fleet.run.evaluate", starved)
    outcome = run([drives / "none.mcap"], recipe, tmp_path)
    assert not outcome.whole and "not enough" in next(iter(outcome.failed.values()))
    monkeypatch.undo()
    assert run([drives / "none.mcap"], recipe, tmp_path).stored == 1


def test_a_manifest_that_names_what_is_not_there(drives, recipe, tmp_path):
    manifest = tmp_path / "drives.csv"
    manifest.write_text(f"source,weather\n{drives}/none.mcap,rain\n{drives}/gone,sun\n")
    outcome = run([manifest], recipe, tmp_path / "store")
    assert outcome.stored == 1 and "does not exist" in next(iter(outcome.failed.values()))
    listed = Store.open(str(tmp_path / "store")).listed()
    assert {row["weather"]: bool(row["problem"]) for row in listed} == {"rain": False, "sun": True}
    manifest.write_text(f"source,Qabf\n{drives}/none.mcap,1\n")
    with pytest.raises(FleetError, match="Qabf is one of the store's own"):
        run([manifest], recipe, tmp_path / "store")


def test_an_offset_that_was_corrected_takes_the_place_of_the_old_one(drives, recipe, tmp_path):
    shutil.copytree(drives / "drive0", tmp_path / "drive")
    store, manifest = tmp_path / "store", tmp_path / "drives.csv"
    for offset in (0.01, 0.0):
        manifest.write_text(f"source,thermal_time_offset\n{tmp_path}/drive,{offset}\n")
        assert run([manifest], recipe, store).stored == 1
    assert len(list((store / "frames").iterdir())) == 2
    (tmp_path / "drive").rename(tmp_path / "unmounted")
    assert not run([manifest], recipe, store).whole
    opened = Store.open(str(store))
    assert connect(opened).sql("select count(*), max(pairing_ms) from frames").fetchall() == [(PAIRS // 2, 0.0)]
    assert {frame.key for frame in choose(opened, 1, 0.0)} == {row["key"] for row in opened.listed()}


def test_a_recording_that_was_moved_counts_once_and_is_mined_where_it_is(drives, recipe, tmp_path):
    shutil.copytree(drives / "drive0", tmp_path / "a")
    run([tmp_path / "a"], recipe, tmp_path / "store")
    (tmp_path / "a").rename(tmp_path / "z")
    assert run([tmp_path / "z"], recipe, tmp_path / "store").done == 1
    store = Store.open(str(tmp_path / "store"))
    assert [row["source"] for row in store.listed()] == [str(tmp_path / "z")]
    assert export(store, choose(store, 1, 0.0), "", tmp_path / "mined", OneProcess(), lambda count: None) == {}

    shutil.copytree(tmp_path / "z", tmp_path / "y")
    manifest = tmp_path / "drives.csv"
    manifest.write_text(f"source\n{tmp_path}/y\n{tmp_path}/z\n")
    assert run([manifest], recipe, tmp_path / "store").same == 1
    shutil.rmtree(tmp_path / "y")
    assert not run([manifest], recipe, tmp_path / "store").whole
    durations = connect(store).sql("select duration / 3600 from recordings").fetchall()
    assert len(durations) == 2 and _hours(connect(store)) == pytest.approx(durations[0][0])
    assert export(store, choose(store, 1, 0.0), "", tmp_path / "again", OneProcess(), lambda count: None) == {}


class Elsewhere(OneProcess):
    """Workers of a cluster that ran before: in a folder of their own."""

    def __init__(self, enter):
        self.enter = enter

    def evaluate(self, job, tasks):
        self.enter()
        return super().evaluate(job, tasks)


def test_workers_in_another_folder_write_into_the_same_store(drives, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (there := tmp_path / "there").mkdir()
    camera = "{image_width: 80, image_height: 64}"
    (tmp_path / "cameras.yaml").write_text(
        f"{{reference: visible, visible: {camera}, thermal: {camera}, homography: [[1, 0, 1], [0, 1, 0], [0, 0, 1]]}}"
    )
    (tmp_path / "drives.csv").write_text(f"source,calibration\n{drives}/drive0,cameras.yaml\n")
    every_fifth = Recipe.read(FusionSettings(engine="eager"), every=5)
    outcome = evaluate_fleet(
        ["drives.csv"], every_fifth, "store", nullcontext(Elsewhere(lambda: monkeypatch.chdir(there)))
    )
    assert (outcome.stored, outcome.failed) == (1, {}) and not list(there.iterdir())
    assert [row["error"] for row in rows(tmp_path / "store", "drive0")] == ["", ""]


def test_the_command(drives, tmp_path, capsys):
    words = [
        "fleet",
        "eval",
        f"{drives}/none.mcap",
        "--out",
        str(tmp_path / "s"),
        "--engine",
        "eager",
        "--workers",
        "1",
    ]
    assert cli.main(words) == 0
    assert "1 recordings: 1 evaluated (0 frames)" in capsys.readouterr().out
    assert cli.main(["fleet", "query", str(tmp_path / "s"), "select error from recordings", "--csv"]) == 0
    assert "cannot be read as a bag" in capsys.readouterr().out
    assert cli.main(["fleet", "query", str(tmp_path / "s"), "select sorce from frames"]) == 1
    assert "sorce" in capsys.readouterr().err
    assert cli.main(["fleet", "report", str(tmp_path / "s"), "--out", str(tmp_path / "r.html")]) == 1
    assert "no measured frame" in capsys.readouterr().err
    assert cli.main(["fleet", "report", str(tmp_path), "--out", str(tmp_path / "r.html")]) == 1
    assert "is no store" in capsys.readouterr().err
