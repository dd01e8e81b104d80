"""Two runs side by side: what differs is found, what does not is not sold as progress."""

import json

import numpy as np
import pytest

from ros2_textfuse import cli
from ros2_textfuse.detection.types import Detection
from ros2_textfuse.evaluation.metrics.boxes import Box
from ros2_textfuse.evaluation.offline.compare import COLUMNS
from ros2_textfuse.evaluation.offline.run_folder import LAYOUT, RunFolder, write_detections, write_json

FRAMES = 100


def finished(path, names=("drive",), files=None, **changes):
    """A finished run whose figures are noise, the same for the same seed, moved by `changes`."""
    random = np.random.default_rng(0 if names == ("drive",) else 1)
    noise = random.normal(1, 0.1, (FRAMES, len(COLUMNS)))
    settings = {"sources": list(names), "prompt": str(sorted(changes))}
    folder = RunFolder(path, settings)
    for number, values in enumerate(noise):
        row = {"number": number, "time": number / 10}
        for (name, column), value in zip(COLUMNS.items(), values, strict=True):
            row[column] = float(value) + changes.get(name, lambda number: 0.0)(number)
        folder.write(row)
    folder.close()
    source = {"names": list(names), "ordered": True} | ({"files": files} if files else {})
    run = {
        "layout": LAYOUT,
        "settings": settings,
        "source": source,
        "environment": {},
        "prompt_summary": "",
        "engine": "eager",
    }
    write_json(path / "run.json", run | {"detection": None})
    return path


def compare(tmp_path, a, b):
    assert cli.main(["eval", "--compare", str(a), str(b), "--out", str(tmp_path / "out")]) == 0
    page = (tmp_path / "out" / "compare.html").read_text()
    return json.loads((tmp_path / "out" / "compare.json").read_text()), page


def test_what_differs_is_found(tmp_path, capsys):
    """VIF rises by a tenth of its noise, PIQE rises, which is worse, and flicker falls, which is better."""
    a = finished(tmp_path / "a")
    b = finished(
        tmp_path / "b", VIF=lambda n: 0.01, PIQE=lambda n: 0.01, flicker=lambda n: -0.01, change=lambda n: 0.01
    )
    result, page = compare(tmp_path, a, b)
    assert result["frames"] == FRAMES
    better = {name: figure["better"] for name, figure in result["figures"].items()}
    assert better == dict.fromkeys(COLUMNS, "") | {"VIF": "B", "PIQE": "A", "flicker": "B"}
    assert result["figures"]["VIF"]["difference"]["mean"] == pytest.approx(0.01)
    assert result["verdict"].startswith("B is better in VIF, flicker; A is better in PIQE; no difference in EN")
    assert result["verdict"] in page and result["verdict"] in capsys.readouterr().out
    assert list(result["differs"]) == ["prompt"]


def test_noise_is_not_sold_as_progress(tmp_path):
    """A difference that changes its sign from frame to frame, although its mean is not zero."""
    random = np.random.default_rng(5).normal(0.01, 0.2, FRAMES)
    result, _ = compare(tmp_path, finished(tmp_path / "a"), finished(tmp_path / "b", VIF=lambda n: random[n]))
    difference = result["figures"]["VIF"]["difference"]
    assert difference["low"] < 0 < difference["high"] and result["figures"]["VIF"]["better"] == ""
    assert result["verdict"] == "No figure tells A from B."


def test_runs_of_two_recordings_share_no_frame(tmp_path):
    a, b = finished(tmp_path / "a"), finished(tmp_path / "b", names=("other",), VIF=lambda n: 0.3)
    result, page = compare(tmp_path, a, b)
    assert result["frames"] == 0 and result["counts"] == [FRAMES, FRAMES]
    assert result["figures"]["VIF"]["better"] == "B" and "share no frame" in page


def test_a_recording_is_known_by_its_files_not_by_its_name(tmp_path):
    """Two sites have an rgb.mp4; one drive is named in two ways."""
    site1, site2 = [[1, 100, 5]], [[1, 120, 7]]
    first = finished(tmp_path / "first", files=site1)
    result, page = compare(tmp_path, first, finished(tmp_path / "second", files=site2))
    assert result["frames"] == 0 and result["differs"] == {"recording": [site1, site2]} and "share no frame" in page
    moved = finished(tmp_path / "moved", names=("./drive",), files=site1)
    result, _ = compare(tmp_path, first, moved)
    assert result["frames"] == FRAMES and list(result["differs"]) == ["sources"]
    result, _ = compare(tmp_path, first, finished(tmp_path / "older"))
    assert result["frames"] == FRAMES


def test_detections_are_compared_image_by_image(tmp_path):
    """Ten images with a car each: A finds half of them, B all but one; of an eleventh, the boxes differ."""
    pytest.importorskip("pycocotools", reason="pycocotools is not installed")
    box = (10.0, 10.0, 50.0, 50.0)
    runs = []
    for name, count in (("a", 5), ("b", 9)):
        runs.append(finished(tmp_path / name))
        truth = {str(number): [Box("car", box)] for number in range(10)} | {"odd": [Box(name, box)]}
        found = {str(number): [Detection("car", 2, 0.9, box)] if number < count else [] for number in range(10)}
        write_detections(runs[-1], truth, found)
    result, page = compare(tmp_path, *runs)
    figure = result["figures"]["mAP50"]
    assert figure["a"] == pytest.approx(51 / 101) and figure["b"] == pytest.approx(91 / 101)
    assert figure["better"] == "B" and result["verdict"].startswith("B is better in mAP50;") and "mAP50" in page


def test_what_cannot_be_compared(tmp_path, capsys):
    run = finished(tmp_path / "a")
    for arguments, reason in (
        (["--compare", str(run), str(tmp_path)], "holds no finished run"),
        (["drive", "--compare", str(run), str(run)], "no source"),
    ):
        assert cli.main(["eval", *arguments, "--out", str(tmp_path / "out")]) == 1
        assert reason in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_what_comes_from_outside_is_escaped(tmp_path):
    markup = "</script><script>alert(1)</script>"
    a = finished(tmp_path / "a", names=(markup,))
    b = finished(tmp_path / "b", names=(markup,), EN=lambda number: 0.3)
    for run, prompt in ((a, markup), (b, f"<img src=x onerror={markup}>")):
        content = json.loads((run / "run.json").read_text())
        content["settings"]["prompt"] = content["prompt_summary"] = content["engine"] = prompt
        (run / "run.json").write_text(json.dumps(content))
    _, page = compare(tmp_path, a, b)
    assert "alert(1)" in page and "<script>alert" not in page and "<img src=x" not in page


def test_it_writes_into_no_folder_of_somebody_else(tmp_path, capsys):
    a, b = finished(tmp_path / "a"), finished(tmp_path / "b")
    assert cli.main(["eval", "--compare", str(a), str(b), "--out", str(a)]) == 1
    assert "not empty" in capsys.readouterr().err and not (a / "compare.html").exists()
