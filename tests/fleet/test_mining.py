"""What is mined of a store: the unusual, nothing twice, and no moment on both sides."""

import csv
import json

import numpy as np
import pytest

pytest.importorskip("duckdb", reason="DuckDB is not installed")
pytest.importorskip("pyarrow", reason="PyArrow is not installed")

from ros2_textfuse import cli
from ros2_textfuse.fleet import mining, schema
from ros2_textfuse.fleet.errors import FleetError
from ros2_textfuse.fleet.measuring import looks
from ros2_textfuse.fleet.recipe import Recipe
from ros2_textfuse.fleet.run import OneProcess
from ros2_textfuse.fleet.store import Store
from ros2_textfuse.scene.conditions import CONDITIONS
from ros2_textfuse.settings import FusionSettings
from tests.helpers.recordings import write_bag

DRIVES, FRAMES, PERIOD = 6, 8, 3.0


def images(number):
    """Frames of noise, of which no two look alike but the fifth, which is the first again."""
    rng = np.random.default_rng(number)
    visible = rng.integers(0, 255, (FRAMES, 12, 16, 3), np.uint8).repeat(4, 1).repeat(4, 2)
    thermal = rng.integers(0, 255, (FRAMES, 12, 16), np.uint8).repeat(4, 1).repeat(4, 2)
    visible[4], thermal[4] = visible[0], thermal[0]
    return visible, thermal


def frame(number, visible, thermal, **changed):
    plain = {"retention": 0.9, "light": "day", "visible_fault": "", "thermal_fault": "", "score": 0.5}
    conditions = {f"condition_{name}": 0.0 for name in CONDITIONS}
    found = {"number": number, "time": number * PERIOD, "looks": looks(visible, thermal)}
    return plain | conditions | found | changed


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Six drives of eight frames by day; one is at night once, one keeps little once, one has a black camera once."""
    folder = tmp_path_factory.mktemp("fleet")
    made = Store.claim(str(folder / "store"), Recipe.read(FusionSettings(engine="eager")).description)
    listed = []
    for drive in range(DRIVES):
        source, key = str(write_bag(folder / f"drive{drive}", *images(drive), rate=1 / PERIOD)), f"{drive}" * 32
        rows = [
            frame(number, visible, thermal)
            for number, (visible, thermal) in enumerate(zip(*images(drive), strict=True))
        ]
        unusual = ({"light": "night"}, {"retention": 0.1}, {"visible_fault": "black", "retention": 0.0})
        rows[2] |= dict(enumerate(unusual)).get(drive, {})
        recording = dict.fromkeys(schema.RECORDING) | {"key": key, "content": key, "source": source}
        made.put(key, recording | {"thermal_source": "", "duration": FRAMES * PERIOD, "period": PERIOD}, rows)
        listed.append({"source": source, "thermal_source": "", "key": key, "problem": ""})
    made.list(listed)
    return made


def export(store, out, count=100, **options):
    chosen = mining.choose(store, count, options.get("hold_back", 0.2))
    return mining.export(store, chosen, options.get("calibration", ""), out, OneProcess(), lambda count: None)


def test_the_most_unusual_comes_first_and_a_camera_at_fault_never(store):
    chosen = mining.choose(store, 2, 0.0)
    assert {(one.key[0], one.number, one.reason) for one in chosen} == {
        ("0", 2, "rare conditions"),
        ("1", 2, "low retention"),
    }
    assert ("2", 2) not in {(one.key[0], one.number) for one in mining.choose(store, 100, 0.0)}


def test_of_frames_that_look_alike_one_is_taken(store):
    chosen = mining.choose(store, 100, 0.0)
    assert len(chosen) == DRIVES * FRAMES - 1 - DRIVES  # the black one, and of each drive the one that comes twice
    assert not {(one.key, 0) for one in chosen if one.number == 4} & {(one.key, one.number) for one in chosen}


def test_no_recording_is_on_both_sides_and_of_few_no_moment(store, monkeypatch):
    sides = {(one.key, one.split) for one in mining.choose(store, 100, 0.2)}
    assert len(sides) == DRIVES and sum(split == "test" for _, split in sides) == 1
    few = mining.choose(store, 100, 0.16)  # less than one recording: the end of each
    for key in {one.key for one in few}:
        times = {side: [one.time for one in few if (one.key, one.split) == (key, side)] for side in ("train", "test")}
        assert times["test"] == [21.0] and max(times["train"]) == 18.0


def test_training_takes_the_export(store, tmp_path, capsys):
    out = tmp_path / "mined"
    assert cli.main(["fleet", "mine", store.path, "--out", str(out), "--frames", "20", "--workers", "1"]) == 0
    printed = capsys.readouterr().out
    assert "18 frames: ordinary" in printed and "1 frames: low retention" in printed
    rows = list(csv.DictReader((out / "manifest.csv").open()))
    assert len(rows) == 20 and {"train", "test"} == {row["split"] for row in rows}
    for split in ("train", "test"):
        stub = json.loads((out / f"annotations_{split}.json").read_text())
        named = {f"vi/{row['name']}.png" for row in rows if row["split"] == split}
        assert {image["file_name"] for image in stub["images"]} == named and stub["categories"][2]["name"] == "car"
        assert (stub["images"][0]["width"], stub["images"][0]["height"]) == (64, 48)
    sizes = ["--steps", "2", "--batch", "2", "--crop", "32", "--until", "1"]
    command = ["train", "--from", "nano", "--data", str(out), "--out", str(tmp_path / "run"), *sizes]
    assert cli.main(command) == 0


def test_what_is_not_as_it_was_is_left_out_and_named(store, tmp_path, monkeypatch):
    monkeypatch.setattr(mining, "looks", lambda visible, thermal: 0)
    with pytest.raises(FleetError, match=r"no frame could be exported: .*frames are not as they were evaluated"):
        export(store, tmp_path / "changed")
    monkeypatch.undo()
    listed = store.listed()
    gone = [{**row, "source": f"{row['source']}_gone"} if row["key"][0] == "0" else row for row in listed]
    monkeypatch.setattr(Store, "listed", lambda self: gone)
    ((name, reason),) = export(store, tmp_path / "mined").items()
    assert name.endswith("drive0_gone") and "does not exist" in reason


def test_what_cannot_be_mined_says_why(store, tmp_path, capsys):
    assert cli.main(["fleet", "mine", store.path, "--out", str(tmp_path / "out"), "--workers", "-1"]) == 1
    assert "--workers is -1; it is 0 or more" in capsys.readouterr().err
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").write_text("mine")
    with pytest.raises(FleetError, match="full is there already"):
        export(store, tmp_path / "full")
    with pytest.raises(FleetError, match="made without a calibration"):
        export(store, tmp_path / "out", calibration="config/calibration.yaml")
    with pytest.raises(FleetError, match="--frames is 0"):
        mining.choose(store, 0, 0.2)
