"""`textfuse up` gives its arguments to the nodes."""

import argparse
from pathlib import Path

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
