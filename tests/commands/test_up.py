"""`textfuse up` gives its arguments to the nodes."""

import argparse
import ast
from pathlib import Path

import pytest

from ros2_textfuse import cli
from ros2_textfuse.commands import up


def command_of(*words):
    parser = argparse.ArgumentParser()
    up.add_arguments(parser)
    return up._commands(parser.parse_args(words), Path("params.yaml"))["fusion"]


def test_what_the_prompt_says_is_given_to_fusion_and_nothing_else():
    assert not {"modes", "severity", "objects", "balance"} & {word.split(":=")[0] for word in command_of()}
    words = ["--mode", "auto", "--object", "person", "--object", "car", "--balance", "-0.5", "--severity", "0.7"]
    given = {'modes:=["auto"]', 'objects:=["person", "car"]', "balance:=-0.5", "severity:=0.7"}
    assert given <= set(command_of(*words))


def test_an_empty_argument_clears_what_the_parameter_file_says():
    command = command_of("--prompt", "", "--calibration", "")
    assert {'prompt:=""', 'calibration:=""'} <= set(command) and not any("model:=" in word for word in command)


def test_the_launch_file_has_the_same_arguments():
    """Read as text, where there is no launch as well."""
    tree = ast.parse((Path(__file__).parents[2] / "launch" / "fusion.launch.py").read_text())
    table = next(node.value for node in tree.body if isinstance(node, ast.Assign) and node.targets[0].id == "ARGUMENTS")
    parser = argparse.ArgumentParser()
    up.add_arguments(parser)
    several = {"mode": "modes", "object": "objects"}
    own = {several.get(name, name) for name in vars(parser.parse_args([]))}
    assert {key.value for key in table.keys} == own


@pytest.mark.parametrize("name", ["", "my topic", "/cam/rgb/", "/cam//rgb", "/cam/0"])
def test_what_is_no_topic_is_refused_before_a_node_starts(capsys, name):
    """Else ROS's C library ends the node, in words that are none of a user's."""
    with pytest.raises(SystemExit):
        command_of("--visible", name)
    assert f"argument --visible: {name!r} is no topic" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "reason"),
    [(None, "it does not exist"), ("a: [1", "line 1, column 6: expected"), ("slop: 0.1", "expected names of nodes")],
)
def test_a_parameter_file_that_is_none_is_named_before_a_node_starts(tmp_path, capsys, text, reason):
    """Else each node says it in words of ROS's parser, which is written in C."""
    path = tmp_path / "robot.yaml"
    if text:
        path.write_text(text)
    assert cli.main(["up", "--params-file", str(path)]) == 1
    assert f"{path} cannot be used as a parameter file: {reason}" in capsys.readouterr().err


def test_a_relative_topic_is_beside_the_nodes_namespace():
    assert "/thermal/image_raw:=/cam/lwir" in command_of("--thermal", "cam/lwir")
