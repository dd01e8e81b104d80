"""The `textfuse` command without ROS: help, and the verbs that work on files."""

import argparse
import importlib.util
import os
import shutil
import subprocess
import sys

import cv2
import numpy as np
import pytest
from rosbags.rosbag2 import Writer
from rosbags.typesys import Stores, get_typestore

from ros2_textfuse import cli
from ros2_textfuse.commands import fusion_arguments
from ros2_textfuse.engines.progress import announced
from ros2_textfuse.recordings.source import find_recording
from ros2_textfuse.settings import FusionSettings
from tests.helpers.encoder import needs_encoder
from tests.helpers.images import street
from tests.helpers.recordings import write_folders


@pytest.mark.parametrize("verb", cli.VERBS)
def test_every_verb_has_help(verb, capsys):
    told = []
    for words in [verb, "--help"], ["help", verb]:
        with pytest.raises(SystemExit) as end:
            cli.main(words)
        assert end.value.code == 0
        told.append(capsys.readouterr().out)
    assert f"textfuse {verb}" in told[0] and told[0] == told[1]


def test_fuse_a_folder(tmp_path, capsys):
    visible, thermal = (np.stack([image] * 2) for image in street(64, 80))
    folders = write_folders(tmp_path, visible, thermal)
    out = tmp_path / "fused"
    assert cli.main(["fuse", *map(str, folders), "-o", str(out), "--mode", "low_light", "--engine", "eager"]) == 0
    written = sorted(out.iterdir())
    assert [path.name for path in written] == ["0000.png", "0001.png"]
    assert cv2.imread(str(written[0])).shape == (64, 80, 3)
    assert "low_light" in capsys.readouterr().out


def test_objects_and_balance_reach_the_settings():
    parser = argparse.ArgumentParser()
    fusion_arguments.add_parameters_file(parser)
    fusion_arguments.add_fusion(parser)
    given = parser.parse_args(["--object", "person", "--object", "car", "--balance", "-0.5", "--mode", "auto"])
    settings = fusion_arguments.settings(given)
    assert (settings.objects, settings.balance, settings.modes) == (("person", "car"), -0.5, ("auto",))
    assert fusion_arguments.settings(parser.parse_args([])) == FusionSettings()


def test_a_usage_error_does_not_wait_for_torch():
    code = (
        "import sys; from ros2_textfuse.cli import VERBS, parser_of\n"
        "for verb in VERBS: parser_of(verb)\n"
        "try: parser_of('fuse').parse_args(['rgb.png', 'lwir.png', '-o', 'fused.png', '--engine', 'warp'])\n"
        "except SystemExit as end: assert end.code == 2\n"
        "assert 'torch' not in sys.modules"
    )
    told = subprocess.run([sys.executable, "-c", code], check=True, timeout=120, capture_output=True, text=True)
    assert "argument --engine: invalid choice: 'warp'" in told.stderr and "openvino" in told.stderr


@needs_encoder
def test_a_prompt_is_explained_without_a_node():
    code = (
        "import sys; from ros2_textfuse import cli; code = cli.main(sys.argv[1:]); "
        "assert 'rclpy' not in sys.modules; sys.exit(code)"
    )
    command = [sys.executable, "-c", code, "prompt", "--explain", "heavy rain, people not cars", "--balance", "0.5"]
    told = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert told.returncode == 0, told.stderr
    rain, people, together = told.stdout.splitlines()
    assert rain.startswith("heavy rain ") and "repairing rain" in rain
    assert "bringing out person; not there, or not wanted: car" in people
    assert together.startswith("together: repairing rain") and "balance +0.50" in together


def test_a_prompt_that_cannot_be_explained_is_refused(capsys):
    assert cli.main(["prompt", "--explain", "--object", "gravel"]) == 1
    assert "Unknown object 'gravel'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["nowhere.png", "{t}"], "nowhere.png does not exist"),
        (["{v}", "{folder}"], "two images or two folders"),
        (["{v}", "{t}", "--mode", "hazy"], "haze"),
        (["{v}", "{t}", "--severity", "7", "--mode", "haze"], "7"),
        (["{v}", "{t}", "--model", "missing.safetensors"], "missing.safetensors"),
        (["{v}", "{small}"], "same size"),
    ],
)
def test_fuse_says_what_is_wrong(tmp_path, capsys, arguments, reason):
    visible, thermal = street(64, 80)
    names = {"v": visible, "t": thermal, "small": thermal[::2, ::2]}
    for name, pixels in names.items():
        cv2.imwrite(str(tmp_path / f"{name}.png"), pixels)
    places = {name: tmp_path / f"{name}.png" for name in names} | {"folder": tmp_path}
    filled = [argument.format(**places) for argument in arguments]
    assert cli.main(["fuse", *filled, "-o", str(tmp_path / "out.png")]) == 1
    assert reason in capsys.readouterr().err
    assert not (tmp_path / "out.png").exists()


@pytest.mark.parametrize("source", [["nowhere"], ["a", "b", "c"]])
def test_play_refuses_before_anything_starts(source, capsys):
    assert cli.main(["play", *source]) == 1
    assert "textfuse play:" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "reason"), [([], "--out is missing"), (["--scenario", "clean.yaml"], "go with --live")]
)
def test_eval_says_what_is_missing(arguments, reason, capsys):
    assert cli.main(["eval", *arguments]) == 1
    assert reason in capsys.readouterr().err


def pairs_of(tmp_path):
    visible, thermal = (np.stack([image] * 2) for image in street(64, 80))
    return write_folders(tmp_path, visible, thermal)


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("out", ["visible", "thermal", "other/../visible"])
def test_fuse_does_not_write_over_its_inputs(tmp_path, capsys, out):
    folders = pairs_of(tmp_path)
    (tmp_path / "other").mkdir()
    before = [contents(folder) for folder in folders]
    assert cli.main(["fuse", *map(str, folders), "-o", str(tmp_path / out), "--engine", "eager"]) == 1
    assert "would be overwritten" in capsys.readouterr().err
    assert [contents(folder) for folder in folders] == before


def test_fuse_takes_a_folder_of_pairs(tmp_path, capsys):
    for folder, side in zip(pairs_of(tmp_path), ("vi", "ir"), strict=True):
        folder.rename(tmp_path / side)
    out = tmp_path / "fused"
    assert cli.main(["fuse", str(tmp_path), "-o", str(out), "--engine", "eager"]) == 0
    assert sorted(path.name for path in out.iterdir()) == ["0000.png", "0001.png"]


def test_fuse_shows_unrelated_pairs_each_in_its_own_range(tmp_path):
    """Two scenes of 16 bits, of which the second is warmer throughout: as if there were but one."""
    for folder, side in zip(pairs_of(tmp_path), ("vi", "ir"), strict=True):
        folder.rename(tmp_path / side)
    counts = np.linspace(0, 1000, 64 * 80).reshape(64, 80)
    for number in range(2):
        cv2.imwrite(str(tmp_path / "ir" / f"{number:04}.png"), (counts + 20000 + 10000 * number).astype(np.uint16))
    one, both = tmp_path / "one", tmp_path / "both"
    for side in ("vi", "ir"):
        (one / side).mkdir(parents=True)
        shutil.copy(tmp_path / side / "0001.png", one / side)
    for folder, out in ((tmp_path, both), (one, tmp_path / "only")):
        assert cli.main(["fuse", str(folder), "-o", str(out), "--engine", "eager"]) == 0
    assert (both / "0001.png").read_bytes() == (tmp_path / "only" / "0001.png").read_bytes()


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "inf"])
def test_drive_refuses_stretches_without_an_end_or_a_beginning(tmp_path, capsys, seconds):
    assert cli.main(["drive", "--seconds", seconds, "--out", str(tmp_path / "drive")]) == 1
    assert "--seconds is" in capsys.readouterr().err and not (tmp_path / "drive").exists()


def test_drive_makes_no_folder_for_a_recording_that_there_is_not(tmp_path, capsys):
    missing = str(tmp_path / "rgb.mp4")
    assert cli.main(["drive", missing, missing, "--out", str(tmp_path / "drive")]) == 1
    assert "does not exist" in capsys.readouterr().err and not (tmp_path / "drive").exists()


def test_bag_says_what_a_time_looks_like(capsys):
    with pytest.raises(SystemExit):
        cli.main(["bag", "rgb.mp4", "lwir.mp4", "-o", "bag", "--start", "yesterday"])
    assert "expected one as 2026-" in capsys.readouterr().err


def test_train_says_which_device_there_is_not(tmp_path, capsys):
    assert cli.main(["train", "--data", str(tmp_path), "--out", str(tmp_path / "out"), "--device", "cudda"]) == 1
    assert "expected cpu or cuda" in capsys.readouterr().err and not (tmp_path / "out").exists()


@pytest.mark.parametrize("verb", ["prompt", "up", "view", "doctor", "eval"])
def test_a_namespace_that_ros_would_not_take_is_refused(capsys, verb):
    with pytest.raises(SystemExit):
        cli.main([verb, "--namespace", "front cameras"])
    assert "'front cameras' is no namespace" in capsys.readouterr().err


def test_fuse_names_the_input_that_is_neither_image_nor_video(tmp_path, capsys):
    notes, thermal = tmp_path / "notes.txt", tmp_path / "ir.mp4"
    notes.write_text("x")
    thermal.write_text("x")
    assert cli.main(["fuse", str(notes), str(thermal), "-o", str(tmp_path / "fused.png"), "--engine", "eager"]) == 1
    assert "notes.txt" in capsys.readouterr().err


def test_what_takes_minutes_is_told_on_a_terminal(capsys):
    assert cli.main(["--version"]) == 0
    with announced("building an engine", "minutes"):
        pass
    assert capsys.readouterr().err.startswith("building an engine; expect minutes, once\ndone building an engine in ")


def test_fuse_does_not_write_over_the_image_it_reads(tmp_path, capsys):
    visible, thermal = (folder / "0000.png" for folder in pairs_of(tmp_path))
    before = visible.read_bytes()
    assert cli.main(["fuse", str(visible), str(thermal), "-o", str(visible)]) == 1
    assert "would be overwritten" in capsys.readouterr().err and visible.read_bytes() == before


def test_fuse_writes_over_its_own_images_and_no_others(tmp_path, capsys):
    folders, out = pairs_of(tmp_path), tmp_path / "fused"
    command = ["fuse", *map(str, folders), "-o", str(out), "--engine", "eager"]
    assert cli.main(command) == 0 and cli.main(command) == 0
    cv2.imwrite(str(out / "0001.png"), np.zeros((4, 4, 3), np.uint8))
    first = (out / "0000.png").stat().st_mtime_ns
    assert cli.main(command) == 1
    assert "0001.png exists, and does not say that textfuse made it" in capsys.readouterr().err
    assert (out / "0000.png").stat().st_mtime_ns == first


def test_two_inputs_of_one_name_are_named(tmp_path, capsys):
    folders = pairs_of(tmp_path)
    cv2.imwrite(str(folders[0] / "0000.jpg"), np.zeros((64, 80, 3), np.uint8))
    assert cli.main(["fuse", *map(str, folders), "-o", str(tmp_path / "out")]) == 1
    said = capsys.readouterr().err
    assert "0000.jpg" in said and "0000.png" in said


def test_fuse_files_whose_names_are_not_utf8(tmp_path):
    """In a process of its own: it ended in a segmentation fault."""
    folders, name = pairs_of(tmp_path), os.fsdecode(b"caf\xe9.png")
    for folder in folders:
        (folder / "0000.png").rename(folder / name)
    out = tmp_path / os.fsdecode(b"aus\xe9")
    command = [sys.executable, "-m", "ros2_textfuse.cli", "fuse", *map(str, folders), "-o", str(out)]
    ended = subprocess.run([*command, "--engine", "eager"], capture_output=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert sorted(path.name for path in out.iterdir()) == sorted(["0001.png", name])


def test_an_out_that_cannot_be_is_one_line(tmp_path, capsys):
    folders = pairs_of(tmp_path)
    out = tmp_path / "out" / "deep"
    (tmp_path / "out").write_text("a file")
    for verb in (
        ["demo"],
        ["fuse", *map(str, folders)],
        ["quality", "--data", str(tmp_path)],
        ["train", "--data", str(tmp_path)],
    ):
        assert cli.main([*verb, "--out", str(out)]) == 1
        said = capsys.readouterr().err
        assert f"textfuse {verb[0]}:" in said and "Traceback" not in said


def test_train_keeps_out_of_a_folder_of_somebody_else(tmp_path, capsys):
    (tmp_path / "thesis.txt").write_text("theirs")
    assert cli.main(["train", "--data", str(tmp_path), "--out", str(tmp_path)]) == 1
    assert "not empty" in capsys.readouterr().err


def test_eval_of_a_folder_whose_name_is_not_utf8(tmp_path):
    """After all its work it ended in a traceback."""
    source = tmp_path / os.fsdecode(b"caf\xe9 <bad>")
    for side, folder in zip(("vi", "ir"), pairs_of(tmp_path), strict=True):
        source.mkdir(exist_ok=True)
        folder.rename(source / side)
        (source / side / "0000.png").rename(source / side / os.fsdecode(b"a\xe9.png"))
    command = ["eval", str(source), "--out", str(tmp_path / "out"), "--engine", "eager", "--no-detection"]
    assert cli.main(command) == 0
    page = (tmp_path / "out" / "report.html").read_text()
    assert "caf\\udce9" in page and "<bad>" not in page


def test_alone_it_lists_its_verbs_by_what_one_wants(capsys):
    assert cli.main([]) == 0
    said = capsys.readouterr().out
    assert said.index("see it:") < said.index("  view ") < said.index("run it on a robot:") < said.index("  up ")
    assert all(f"  {verb} " in said for verb in cli.VERBS)


def test_the_version(capsys):
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("textfuse 0.")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["fus"], "no verb 'fus': did you mean fuse?"),
        (["calibrat"], "did you mean calibrate?"),
        (["xyzzy"], "no verb 'xyzzy'; see textfuse --help"),
    ],
)
def test_a_verb_that_there_is_not(arguments, said, capsys):
    assert cli.main(arguments) == 2
    assert said in capsys.readouterr().err


def test_a_wrong_option_prints_the_usage_of_its_verb(capsys):
    with pytest.raises(SystemExit) as end:
        cli.main(["prompt", "it is dark", "--severty", "0.5"])
    said = capsys.readouterr().err
    assert end.value.code == 2
    assert "usage: textfuse prompt" in said and "did you mean --severity?" in said


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_knows_every_verb(shell, capsys):
    assert cli.main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert all(verb in script for verb in cli.VERBS) and "no-detection" in script


def test_bash_completes(capsys, tmp_path):
    cli.main(["completion", "bash"])
    (tmp_path / "script").write_text(capsys.readouterr().out)

    def complete(*words):
        listed = " ".join(f"'{word}'" for word in ("textfuse", *words))
        command = f"source {tmp_path}/script; COMP_WORDS=({listed}); COMP_CWORD={len(words)}; _textfuse"
        command += "; echo ${COMPREPLY[@]}"
        return subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True).stdout.split()

    assert complete("vi") == ["view"]
    assert complete("fuse", "--par") == ["--params-file"]
    assert complete("bag", "--storage", "sq") == ["sqlite3"]


def test_nothing_is_left_behind_by_a_fuse_that_refused(tmp_path, capsys):
    folders, out = pairs_of(tmp_path), tmp_path / "new" / "folder"
    assert cli.main(["fuse", *map(str, folders), "-o", str(out), "--model", "missing.safetensors"]) == 1
    assert not out.parent.exists()


def test_nothing_is_left_behind_by_a_demo_that_refused(tmp_path, capsys):
    assert cli.main(["demo", "--bag", str(tmp_path / "nowhere"), "--out", str(tmp_path / "demo")]) == 1
    assert not (tmp_path / "demo").exists()


@pytest.mark.parametrize("name", ["out", "out.exr", "out.", "out.mp4"])
def test_an_image_that_cannot_be_written_is_told_so(tmp_path, capsys, name):
    visible, thermal = (folder / "0000.png" for folder in pairs_of(tmp_path))
    assert cli.main(["fuse", str(visible), str(thermal), "-o", str(tmp_path / name), "--engine", "eager"]) == 1
    assert ".png" in capsys.readouterr().err


def test_a_prompt_goes_without_quotes(capsys):
    assert cli.main(["prompt", "--explain", "it", "is", "dark"]) == 0
    assert "it is dark" in capsys.readouterr().out


@pytest.mark.parametrize("source", [["nowhere"], ["nowhere.mp4", "lwir.mp4"], ["a", "b", "c"], ["{empty}"]])
def test_view_refuses_what_it_cannot_show(tmp_path, capsys, source):
    assert cli.main(["view", *(part.format(empty=tmp_path) for part in source), "--no-browser"]) == 1
    assert "textfuse view:" in capsys.readouterr().err


def test_view_of_a_bag_without_images(tmp_path, capsys):
    with Writer(tmp_path / "bag", version=9) as writer:
        store = get_typestore(Stores.ROS2_KILTED)
        connection = writer.add_connection("/chatter", "std_msgs/msg/String", typestore=store)
        text = store.serialize_cdr(store.types["std_msgs/msg/String"]("hello"), "std_msgs/msg/String")
        writer.write(connection, 1, text)
    assert cli.main(["view", str(tmp_path / "bag"), "--no-browser"]) == 1
    assert "no topic looks like the visible camera" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["images", "folders", "videos"])
def test_swapped_cameras_are_named_offline_too(tmp_path, caplog, kind):
    visible, thermal = street(64, 80)
    visible = np.clip(visible * np.array([1.6, 1.0, 0.4]), 0, 255).astype(np.uint8)
    if kind == "videos":
        paths = [str(tmp_path / f"{name}.avi") for name in ("rgb", "lwir")]
        for path, image in zip(paths, (visible[..., ::-1], np.dstack([thermal] * 3)), strict=True):
            writer = cv2.VideoWriter(path, cv2.VideoWriter.fourcc(*"MJPG"), 10.0, (80, 64))
            writer.write(np.ascontiguousarray(image))
            writer.release()
        find_recording(paths)
        assert not caplog.messages
        find_recording(paths[::-1])
    else:
        folders = write_folders(tmp_path, visible[None], thermal[None])
        paths = [str(folder if kind == "folders" else folder / "0000.png") for folder in folders]
        command = ["fuse", "-o", str(tmp_path / ("out" if kind == "folders" else "out.png")), "--engine", "eager"]
        assert cli.main([*command, *paths]) == 0 and not caplog.messages
        assert cli.main([*command, *paths[::-1]]) == 0
    assert any("are they swapped?" in message for message in caplog.messages)


def test_view_writes_a_file_for_rerun(tmp_path, capsys):
    folders, out = pairs_of(tmp_path), tmp_path / "new" / "out.rrd"
    command = ["view", *map(str, folders), "--rerun", str(out), "--engine", "eager"]
    if importlib.util.find_spec("rerun") is None:
        assert cli.main(command) == 1 and "pip install rerun-sdk" in capsys.readouterr().err
        assert not out.parent.exists()
        return
    assert cli.main(command) == 0
    assert "2 pairs" in capsys.readouterr().out and out.read_bytes().startswith(b"RRF")
    assert cli.main(command) == 0, "its own file is written over"
    out.write_text("somebody else's")
    assert cli.main(command) == 1 and out.read_text() == "somebody else's"


def test_a_recording_is_not_sent_to_a_rerun_viewer(tmp_path, capsys):
    folders = pairs_of(tmp_path)
    assert cli.main(["view", *map(str, folders), "--rerun", "rerun+http://127.0.0.1:9876/proxy"]) == 1
    assert "--rerun drive.rrd" in capsys.readouterr().err
