"""The `textfuse` command without ROS: help, and the verbs that work on files."""

import cv2
import numpy as np
import pytest

from ros2_textfuse import cli
from tests.helpers.images import street
from tests.helpers.recordings import write_folders


@pytest.mark.parametrize("verb", cli.VERBS)
def test_every_verb_has_help(verb, capsys):
    with pytest.raises(SystemExit) as end:
        cli.main([verb, "--help"])
    assert end.value.code == 0
    assert f"textfuse {verb}" in capsys.readouterr().out


def test_fuse_a_folder(tmp_path, capsys):
    visible, thermal = (np.stack([image] * 2) for image in street(64, 80))
    folders = write_folders(tmp_path, visible, thermal)
    out = tmp_path / "fused"
    assert cli.main(["fuse", *map(str, folders), "-o", str(out), "--mode", "low_light", "--engine", "eager"]) == 0
    written = sorted(out.iterdir())
    assert [path.name for path in written] == ["0000.png", "0001.png"]
    assert cv2.imread(str(written[0])).shape == (64, 80, 3)
    assert "low_light" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["nowhere.png", "{t}"], "nowhere.png does not exist"),
        (["{v}", "{folder}"], "two images or two folders"),
        (["{v}", "{t}", "--mode", "hazy"], "haze"),
        (["{v}", "{t}", "--severity", "7", "--mode", "haze"], "7"),
        (["{v}", "{t}", "--model", "missing.safetensors"], "missing.safetensors"),
        (["{v}", "{t}", "--engine", "warp"], "warp"),
        (["{v}", "{small}"], "one size"),
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
