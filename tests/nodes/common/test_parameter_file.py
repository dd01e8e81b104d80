"""Parameter files, as a node and as the commands read them."""

from pathlib import Path

import pytest

from ros2_textfuse.nodes.common.parameter_file import ParameterFileError, read_parameters, without_effect
from ros2_textfuse.nodes.common.parameters import FUSION
from ros2_textfuse.settings import FusionSettings
from tests.runtime.test_bounded_yaml import BOMB

ROOT = Path(__file__).parents[3]


def read(tmp_path, text, node="fusion"):
    path = tmp_path / "params.yaml"
    path.write_text(text)
    return read_parameters(path, node)


def test_the_shipped_file():
    assert read_parameters(ROOT / "config" / "fusion.yaml", "fusion")["slop"] == 0.02


def test_settings_without_a_file_are_the_defaults_of_the_node():
    assert FusionSettings.from_parameters({p.name: p.default for p in FUSION}) == FusionSettings()


@pytest.mark.parametrize("name", ["/**/fusion", "fusion", "/robot1/textfuse/fusion", "/**"])
def test_a_node_under_any_namespace(tmp_path, name):
    assert read(tmp_path, f"{name}:\n  ros__parameters:\n    hold: 0.3\n") == {"hold": 0.3}


def test_namespaces_may_be_levels(tmp_path):
    assert read(tmp_path, "robot1:\n  fusion:\n    ros__parameters:\n      modes: [haze, '']\n") == {"modes": ("haze",)}


def test_what_is_said_later_wins(tmp_path):
    everywhere = "/**:\n  ros__parameters:\n    use_sim_time: true\n    slop: 0.1\n"
    assert read(tmp_path, f"{everywhere}/**/fusion:\n  ros__parameters:\n    slop: 0.2\n") == {"slop": 0.2}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("- 1", "expected names of nodes"),
        ("/**/fusion:\n  ros__parameters: 3", "expected names and values"),
        ("/**/detection:\n  ros__parameters:\n    width: 640", "no parameters for the node fusion"),
        ("/**/fusion:\n  ros__parameters:\n    slopp: 0.1", "slopp is unknown.*did you mean slop"),
        ("/**/fusion:\n  ros__parameters:\n    slop: 1", "slop is 1: expected a number with a decimal point"),
        ("/**/fusion:\n  ros__parameters:\n    slop: -1.0", r"slop is -1: expected 0 \.\. 10"),
        ("/**/fusion:\n  ros__parameters:\n    slop: .nan", "slop is nan"),
        ("/**/fusion:\n  ros__parameters:\n    width: 640.0", "width is 640.0: expected a whole number"),
        ("/**/fusion:\n  ros__parameters:\n    modes: haze", "expected a list of strings"),
        ("/**/fusion:\n  ros__parameters:\n    thermal_gain: auto", "choose one of percentile, plateau"),
        ("/a/fusion:\n  ros__parameters: {}\n/b/fusion:\n  ros__parameters: {}", "several fusion nodes"),
        ("{", "cannot be read as a parameter file"),
        ("[" * 1000 + "]" * 1000, "levels deep"),
        (BOMB + "/**/fusion:\n  ros__parameters:\n    modes: *a29", "aliases stand for more"),
        ("/**/fusion:\n  ros__parameters: {slop: 0.1, slop: 0.2}", "slop comes twice"),
    ],
)
def test_bad_files_are_named(tmp_path, text, reason):
    with pytest.raises(ParameterFileError, match=f"params.yaml.*{reason}"):
        read(tmp_path, text)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(ParameterFileError, match=r"missing\.yaml cannot be read"):
        read_parameters(tmp_path / "missing.yaml", "fusion")


@pytest.mark.parametrize(
    ("names", "effect"),
    [
        (["/**/fusion"], True),
        (["/**"], True),
        (["/*/fusion"], True),
        (["/front/textfuse/fusion", "/textfuse/fusion"], True),  # of two rigs
        (["/**/detection", "/camera/driver"], True),  # of another node, and none of ours is missed
        (["fusion"], False),  # for /fusion alone
        (["/**/fusoin"], False),
        (["/front/textfuse/fusion", "/**/detection"], False),
    ],
)
def test_a_file_whose_names_do_not_meet_the_node_is_named(tmp_path, names, effect):
    path = tmp_path / "params.yaml"
    path.write_text("".join(f"{name}:\n  ros__parameters:\n    slop: 0.1\n" for name in names))
    said = without_effect(["fusion", "--ros-args", "--params-file", str(path)], "/textfuse/fusion")
    assert [f"{path} has no parameters for /textfuse/fusion" in line for line in said] == [True] * (not effect)
