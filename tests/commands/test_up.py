"""`textfuse up` gives its arguments to the nodes."""

import argparse
from pathlib import Path

import pytest

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


@pytest.mark.parametrize("name", ["", "my topic", "/cam/rgb/", "/cam//rgb", "/cam/0"])
def test_what_is_no_topic_is_refused_before_a_node_starts(capsys, name):
    """Else ROS's C library ends the node, in words that are none of a user's."""
    with pytest.raises(SystemExit):
        command_of("--visible", name)
    assert f"argument --visible: {name!r} is no topic" in capsys.readouterr().err


def test_a_relative_topic_is_beside_the_nodes_namespace():
    assert "/thermal/image_raw:=/cam/lwir" in command_of("--thermal", "cam/lwir")
