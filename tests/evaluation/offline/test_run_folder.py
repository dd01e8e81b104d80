"""A run's folder: going on after a kill, and refusing what is another's."""

import json
import math

import pytest

from ros2_textfuse.evaluation.offline.run_folder import LAYOUT, RunError, RunFolder, load_run, read_rows, write_json

ROW = {"number": 0, "time": 0.1 + 0.2, "flicker": math.nan}


def test_rows_come_back_to_the_last_bit(tmp_path):
    run = RunFolder(tmp_path / "run", {"sources": ("a", "b")})
    run.write(ROW)
    run.close()
    again = RunFolder(tmp_path / "run", {"sources": ("a", "b")})
    assert len(again.rows) == 1 and again.rows[0]["time"] == ROW["time"] and math.isnan(again.rows[0]["flicker"])


@pytest.mark.parametrize("torn", ["1,0.4", "1,0.43,", ""])
def test_half_a_row_is_cut_off(tmp_path, torn):
    run = RunFolder(tmp_path / "run", {})
    run.write(ROW)
    run.close()
    with (tmp_path / "run" / "frames.csv").open("a") as file:
        file.write(torn)
    again = RunFolder(tmp_path / "run", {})
    again.write(ROW | {"number": 1})
    again.close()
    rows = read_rows((tmp_path / "run" / "frames.csv").read_text())
    assert [row["number"] for row in rows] == [0, 1]


def test_half_a_header_is_cut_off(tmp_path):
    RunFolder(tmp_path / "run", {}).close()
    (tmp_path / "run" / "frames.csv").write_text("number,ti")
    run = RunFolder(tmp_path / "run", {})
    run.write(ROW)
    run.close()
    assert len(read_rows((tmp_path / "run" / "frames.csv").read_text())) == 1


def test_another_run_is_left_alone(tmp_path):
    RunFolder(tmp_path / "run", {"every": 1, "model": "nano"}).close()
    with pytest.raises(RunError, match="another every"):
        RunFolder(tmp_path / "run", {"every": 2, "model": "nano"})


def test_a_folder_with_something_else(tmp_path):
    (tmp_path / "notes.txt").touch()
    with pytest.raises(RunError, match="holds no run"):
        RunFolder(tmp_path, {})


def test_what_is_no_finished_run(tmp_path):
    with pytest.raises(RunError, match=r"run\.json is missing"):
        load_run(tmp_path)
    write_json(tmp_path / "run.json", {"layout": LAYOUT + 1})
    with pytest.raises(RunError, match="evaluate again"):
        load_run(tmp_path)
    (tmp_path / "run.json").write_text("{")
    with pytest.raises(RunError, match="is damaged"):
        load_run(tmp_path)


def test_json_has_no_nan(tmp_path):
    write_json(tmp_path / "a.json", {"a": [math.nan, math.inf, 1.5], "b": (2,)})
    assert json.loads((tmp_path / "a.json").read_text()) == {"a": [None, None, 1.5], "b": [2]}
