"""`textfuse eval` on recordings that the tests write: figures, exclusions, damage, going on, and the report."""

import csv
import json
import os
import re

import numpy as np
import pytest

from ros2_textfuse import Fuser, cli
from ros2_textfuse.evaluation import metrics
from ros2_textfuse.imaging import compressed
from ros2_textfuse.recordings.pairs import read_image
from tests.helpers.images import street
from tests.helpers.messages import noise
from tests.helpers.recordings import write_bag, write_folders

PAIRS = 24
BASE = ["--engine", "eager", "--no-detection"]


@pytest.fixture(scope="module")
def scene():
    """A street that moves by a pixel each frame: visible [N, H, W, 3], thermal [N, H, W]."""
    visible, thermal = street(64, 80)
    return tuple(np.stack([np.roll(image, n, axis=1) for n in range(PAIRS)]) for image in (visible, thermal))


@pytest.fixture(scope="module")
def bag(scene, tmp_path_factory):
    return write_bag(tmp_path_factory.mktemp("recordings") / "drive", *scene, mcap=True)


def evaluate(*arguments):
    return cli.main(["eval", *map(str, arguments), *BASE])


def result(out):
    with (out / "frames.csv").open() as file:
        return json.loads((out / "run.json").read_text()), list(csv.DictReader(file))


def refused(capsys, *arguments):
    assert evaluate(*arguments) == 1
    return capsys.readouterr().err


def test_every_third_pair_of_a_bag(bag, scene, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("ros2_textfuse.fuser.borne_out", lambda prompt, _: prompt)  # it is not dark
    out = tmp_path / "run"
    assert evaluate(bag, "--every", 3, "--mode", "low_light", "--out", out) == 0
    shown = capsys.readouterr().out
    assert "visible: /visible/image_raw (24 images, rgb8 80x64)" in shown and "Was everything measured? Yes" in shown
    run, rows = result(out)
    assert [int(float(row["number"])) for row in rows] == list(range(0, PAIRS, 3))
    assert run["counts"] == {"visible": PAIRS, "thermal": PAIRS, "pairs": PAIRS, "evaluated": 8}
    assert run["exclusions"] == {} and run["damage"] == "" and sum(run["timeline"]["paired"]) == PAIRS
    assert run["prompt_change"]["frames"] == 0 and run["prompt_change"]["difference"] > 0

    fuser = Fuser(engine="eager")
    fuser.set_prompt(modes=("low_light",))
    before, now = (metrics.to_grey(fuser.fuse(scene[0][n], scene[1][n])) for n in (2, 3))
    expected = metrics.evaluate(scene[1][3], metrics.to_grey(scene[0][3]), now)
    assert {name: float(rows[1][name]) for name in expected} == pytest.approx(expected)
    camera = metrics.evaluate_single(scene[1][3])
    assert {name: float(rows[1][f"thermal_{name}"]) for name in camera} == pytest.approx(camera)
    # Against the frame right before, which is not itself measured; grey levels are rounded.
    assert float(rows[1]["fused_flicker"]) == pytest.approx(abs(now.mean() - before.mean()), abs=0.02)
    assert float(rows[1]["thermal_change"]) == pytest.approx(
        np.abs(np.diff(scene[1][2:4].astype(float), axis=0)).mean()
    )
    assert rows[0]["fused_flicker"] == ""
    size = [file.stat().st_size for file in bag.iterdir()]
    assert [found[:2] for found in run["source"]["files"]] == [[len(size), sum(size)]]
    assert run["metrics"]["SCD"]["fused"]["mean"] == pytest.approx(np.mean([float(row["SCD"]) for row in rows]))


def test_named_objects_are_brought_out_of_what_is_measured_and_shown(bag, scene, tmp_path, monkeypatch):
    asked = []

    class Finder:
        def __init__(self, names, keep=False):
            asked.append(tuple(names))

        def bring_out(self, fused, visible, thermal, time=None):
            asked.append(time)
            fused[20:40, 20:40] = 255

    monkeypatch.setattr("ros2_textfuse.evaluation.offline.evaluate.ObjectFinder", Finder)
    monkeypatch.setattr("ros2_textfuse.evaluation.offline.evaluate._find_objects", lambda images, folder: "not asked")
    out = tmp_path / "run"
    words = ["--every", "12", "--object", "person", "--engine", "eager", "--out", str(out)]
    assert cli.main(["eval", str(bag), *words]) == 0
    assert asked[0] == ("person",) and len({time for time in asked[1:] if time is not None}) >= 2, "no stream's times"
    _, rows = result(out)
    fused = Fuser(engine="eager").fuse(scene[0][12], scene[1][12])
    fused[20:40, 20:40] = 255
    expected = metrics.evaluate(scene[1][12], metrics.to_grey(scene[0][12]), metrics.to_grey(fused))
    assert {name: float(rows[1][name]) for name in expected} == pytest.approx(expected)

    (tmp_path / "none").mkdir()
    asked.clear()
    assert evaluate(bag, "--every", 12, "--object", "person", "--out", tmp_path / "none") == 0
    assert not asked, "--no-detection looks for no objects"


def test_sources_of_all_kinds_give_the_same_figures(bag, scene, tmp_path):
    folders = write_folders(tmp_path, *scene)
    for side, folder in zip(("vi", "ir"), folders, strict=True):
        (tmp_path / side).symlink_to(folder)
    sources = {"bag": [bag], "folders": list(folders), "pairs": [tmp_path]}
    for name, source in sources.items():
        assert evaluate(*source, "--every", 8, "--out", tmp_path / name) == 0
    figures = {name: [row["Qabf"] for row in result(tmp_path / name)[1]] for name in sources}
    assert figures["bag"] == figures["folders"] == figures["pairs"]
    run, rows = result(tmp_path / "pairs")
    assert not run["source"]["ordered"] and {row["fused_flicker"] for row in rows} == {""}


def test_unrelated_pairs_have_ranges_of_their_own(scene, tmp_path):
    """Of 16 bits, the second warmer throughout: the same figures in either order."""
    visible, thermal = scene[0][:2], scene[1][:2].astype(np.uint16)
    cold_first = np.stack([20000 + 4 * thermal[0], 30000 + 4 * thermal[1]])
    found = []
    for name, step in (("up", 1), ("down", -1)):
        (tmp_path / name).mkdir()
        folders = write_folders(tmp_path / name, visible[::step], cold_first[::step])
        for side, folder in zip(("vi", "ir"), folders, strict=True):
            (tmp_path / name / side).symlink_to(folder)
        assert evaluate(tmp_path / name, "--out", tmp_path / f"run_{name}") == 0
        rows = result(tmp_path / f"run_{name}")[1][::step]
        found.append([(row["thermal_EN"], row["Qabf"]) for row in rows])
    assert found[0] == found[1]


def test_a_killed_run_goes_on(bag, tmp_path):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    assert evaluate(bag, "--every", 2, "--out", whole) == 0
    lines = (whole / "frames.csv").read_text().splitlines(keepends=True)
    killed.mkdir()
    settings = (whole / "settings.json").read_text()
    (killed / "settings.json").write_text(settings)
    (killed / "frames.csv").write_text("".join(lines[:6]) + lines[6][:20])
    assert evaluate(bag, "--every", 2, "--out", killed) == 0
    assert (killed / "frames.csv").read_text() == "".join(lines)
    runs = [result(out)[0] for out in (whole, killed)]
    timed = {"command", "speed", "prompt_change", "verdict"}
    assert {key for key in runs[0] if runs[0][key] != runs[1][key]} <= timed


def test_a_killed_run_follows_objects_from_the_start(bag, tmp_path, monkeypatch):
    """What is brought out of a frame comes from those before it."""

    class Finder:
        def __init__(self, names, keep=False):
            self.seen = 0

        def bring_out(self, fused, visible, thermal, time=None):
            self.seen += time is not None
            fused[20:40, 20:40] = 10 * self.seen

    monkeypatch.setattr("ros2_textfuse.evaluation.offline.evaluate.ObjectFinder", Finder)
    monkeypatch.setattr("ros2_textfuse.evaluation.offline.evaluate._find_objects", lambda images, folder: "not asked")
    out = tmp_path / "run"
    command = ["eval", str(bag), "--every", "3", "--object", "person", "--engine", "eager", "--out", str(out)]
    assert cli.main(command) == 0
    lines = (out / "frames.csv").read_text().splitlines(keepends=True)
    (out / "frames.csv").write_text("".join(lines[:4]))
    assert cli.main(command) == 0
    assert (out / "frames.csv").read_text() == "".join(lines)


@pytest.mark.parametrize(("answer", "code"), [("", 0), ("n", 1)])
def test_topics_are_confirmed_at_a_terminal(bag, tmp_path, monkeypatch, answer, code):
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("builtins.input", lambda question: answer)
    assert evaluate(bag, "--every", 8, "--out", tmp_path / "run") == code
    assert (tmp_path / "run").exists() == (code == 0)


def test_what_is_left_out_is_counted(scene, tmp_path, capsys):
    """Every fourth thermal image comes 30 ms late: further than slop from its partner."""
    visible, thermal = scene
    bag = write_bag(tmp_path / "bag", visible, thermal, rate=10.0, thermal_delay=lambda n: 0.03 if n % 4 == 0 else 0.0)
    assert evaluate(bag, "--out", tmp_path / "run") == 0
    run, rows = result(tmp_path / "run")
    assert run["counts"]["pairs"] == run["counts"]["evaluated"] == len(rows) == 18
    assert run["exclusions"] == {
        "visible image unpaired: no partner within 20 ms": 6,
        "thermal image unpaired: no partner within 20 ms": 6,
    }
    assert sum(run["timeline"]["thermal unpaired"]) == 6
    assert "6 × visible image unpaired" in capsys.readouterr().out
    # No flicker across a pair that is missing.
    assert [float(row["number"]) for row in rows if row["fused_flicker"] == ""] == list(range(0, 18, 3))


def test_a_thermal_clock_that_is_late(scene, bag, tmp_path):
    """The figures of the bag whose clocks agree."""
    late = write_bag(tmp_path / "late", *scene, thermal_delay=lambda n: 0.34)
    assert evaluate(late, "--every", 8, "--out", tmp_path / "run", "--thermal-time-offset", -0.34) == 0
    assert evaluate(bag, "--every", 8, "--out", tmp_path / "expected") == 0
    (run, rows), (_, expected) = result(tmp_path / "run"), result(tmp_path / "expected")
    assert run["counts"]["pairs"] == PAIRS
    assert [row["Qabf"] for row in rows] == [row["Qabf"] for row in expected]


def test_a_folder_whose_name_is_no_text(bag, tmp_path):
    """File names need not be UTF-8; OpenCV, given such a one, ends the process."""
    out = tmp_path / os.fsdecode(b"run\xff")
    assert evaluate(bag, "--every", 8, "--out", out) == 0
    run, _ = result(out)
    for image in run["images"]:
        for file in image["files"].values():
            assert read_image(out / "images" / file, "visible").shape == (64, 80, 3)


def test_a_bag_of_compressed_images(bag, scene, tmp_path, capsys):
    """The figures of the raw bag; images that are damaged are counted with their reason, whatever their length."""

    def compress(number, pixels):
        data = compressed.png(pixels).tobytes()
        return data[: len(data) - 20 * number] if number in (5, 6) and pixels.ndim == 2 else data

    topics = ("/visible/image_raw/compressed", "/thermal/image_raw/compressed")
    packed = write_bag(tmp_path / "packed", *scene, topics=topics, compress=compress)
    assert evaluate(bag, "--every", 8, "--out", tmp_path / "raw") == 0
    assert evaluate(packed, "--every", 8, "--out", tmp_path / "run", "--thermal-topic", "/thermal/image_raw") == 0
    assert f"thermal: {topics[1]} (24 images, mono8 80x64)" in capsys.readouterr().out
    (run, rows), (_, expected) = result(tmp_path / "run"), result(tmp_path / "raw")
    assert run["counts"] == {"visible": PAIRS, "thermal": PAIRS, "pairs": PAIRS - 2, "evaluated": 3}
    assert run["exclusions"] == {
        "thermal image rejected: the image is cut off: it has no end marker (format 'some compressed')": 2,
        "visible image unpaired: no partner within 20 ms": 2,
    }
    assert sum(run["timeline"]["rejected"]) == 2
    assert rows[0]["Qabf"] == expected[0]["Qabf"]


@pytest.fixture(scope="module")
def two_rates(scene, tmp_path_factory):
    """15 visible images a second, and 5 thermal ones."""
    return write_bag(tmp_path_factory.mktemp("recordings") / "slow", *scene, thermal_every=3)


@pytest.mark.parametrize(
    ("set_to", "pairs", "period"), [("hold: 0.0", 8, 0.2), ("hold: 0.25", 23, 1 / 15), ("rate: 2.5", 4, 0.4)]
)
def test_cameras_of_two_rates(two_rates, tmp_path, set_to, pairs, period):
    (file := tmp_path / "robot.yaml").write_text(f"/**: {{ros__parameters: {{{set_to}}}}}")
    assert evaluate(two_rates, "--params-file", file, "--out", tmp_path / "run") == 0
    run, rows = result(tmp_path / "run")
    assert run["counts"]["pairs"] == pairs and run["source"]["period"] == pytest.approx(period)
    assert all(row["fused_flicker"] for row in rows[1:])
    assert any("steady" in entry["question"] for entry in run["verdict"])
    # An image that is in three pairs is not compared with itself.
    assert sum(bool(row["thermal_change"]) for row in rows) == min(pairs, 8) - 1


def test_a_damaged_bag_is_evaluated_up_to_the_damage(tmp_path, capsys):
    images = [np.stack([image] * 20) for image in street(240, 320)]
    bag = write_bag(tmp_path / "bag", *images, mcap=True)
    file = bag / "bag.mcap"
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    assert evaluate(bag, "--every", 4, "--out", tmp_path / "run") == 0
    run, rows = result(tmp_path / "run")
    assert "bag.mcap breaks off before byte" in run["damage"] and rows
    assert "breaks off" in capsys.readouterr().out
    assert "breaks off before byte" in (tmp_path / "run" / "report.html").read_text()


def test_bad_input_is_named(bag, scene, tmp_path, capsys):
    out = ["--out", tmp_path / "run"]
    assert "nowhere does not exist" in refused(capsys, tmp_path / "nowhere", *out)
    assert "vi/ and ir/" in refused(capsys, tmp_path, *out)
    assert "no thermal images on /lwir" in refused(capsys, bag, "--thermal-topic", "/lwir", *out)
    assert "--every is 0" in refused(capsys, bag, "--every", 0, *out)
    assert "Did you mean 'haze'" in refused(capsys, bag, "--mode", "hase", *out)
    assert not (tmp_path / "run").exists()
    late = write_bag(tmp_path / "late", *scene, rate=10.0, thermal_delay=0.05)
    assert "no pair could be measured: 24 × visible image unpaired" in refused(capsys, late, *out)
    empty = write_bag(tmp_path / "empty", *(images[:0] for images in scene))
    assert "has images on: no topic" in refused(capsys, empty, "--out", tmp_path / "empty_run")
    small = write_bag(tmp_path / "small", noise(3, 40, 60, 3), noise(3, 40, 60))
    assert "at least 42 pixels" in refused(capsys, small, "--out", tmp_path / "small_run")
    odd = write_bag(tmp_path / "odd", noise(3, 48, 60, 3), noise(3, 44, 60))
    assert "3 × pair not fused: visible is 60x48" in refused(capsys, odd, "--out", tmp_path / "odd_run")


def test_the_report_needs_nothing_beside_it(bag, tmp_path):
    assert evaluate(bag, "--every", 4, "--out", tmp_path / "run") == 0
    page = (tmp_path / "run" / "report.html").read_text()
    links = re.findall(r"""(?:src|href)=["']([^"']*)""", page) + re.findall(r"url\(([^)]*)", page)
    assert links and all(link.startswith("data:") for link in links)
    assert "//" not in re.sub(r"data:image/jpeg;base64,[^\"]*", "", page).replace("// ", "")
    assert page.count("data:image/jpeg;base64") == 3 * 6
