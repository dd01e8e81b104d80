"""The parameter table, and what is made from it."""

from pathlib import Path
from unittest.mock import MagicMock

import pytest
import yaml

pytest.importorskip("rclpy", reason="ROS 2 is not installed")

from rclpy.exceptions import InvalidParameterTypeException, InvalidParameterValueException
from rclpy.parameter import Parameter

from ros2_textfuse import engines, settings
from ros2_textfuse.detection import detector
from ros2_textfuse.nodes.common import declaration, parameters

ROOT = Path(__file__).parents[3]


def test_documentation_is_the_table():
    """Write it anew with `python -m ros2_textfuse.nodes.common.parameters > docs/reference/parameters.md`."""
    assert (ROOT / "docs" / "reference" / "parameters.md").read_text() == parameters.markdown()


@pytest.mark.parametrize("node", ["fusion", "detection"])
def test_the_shipped_file_names_known_parameters_within_their_ranges(node):
    config = yaml.safe_load((ROOT / "config" / "fusion.yaml").read_text())
    table = {p.name: p for p in parameters.NODES[node]}
    for name, value in config[f"/**/{node}"]["ros__parameters"].items():
        parameter = table[name]
        assert type(value) is type(parameter.default)
        assert not parameter.choices or value in parameter.choices
        assert parameter.low is None or parameter.low <= value <= parameter.high


@pytest.mark.parametrize("table", parameters.NODES.values(), ids=parameters.NODES)
def test_every_parameter_is_described_and_every_number_has_a_range(table):
    for p in table:
        assert p.description.endswith(".")
        if isinstance(p.default, int | float) and not isinstance(p.default, bool):
            assert p.low is not None and p.low <= p.default <= p.high
        if p.choices:
            assert p.default in p.choices


def test_the_engines_are_those_of_the_core():
    assert settings.ENGINES == engines.ENGINES
    assert parameters.DETECTION_ENGINES == detector.ENGINES


@pytest.mark.parametrize(
    ("name", "given", "cure"), [("slop", 1, "as in 1.0"), ("modes", "haze", r"as in \[haze, rain\]")]
)
def test_a_value_of_another_type_is_refused_with_the_cure(name, given, cure):
    """ROS names the types; that 1 is no 1.0 is what people do not know."""
    (parameter,) = (p for p in parameters.FUSION if p.name == name)
    node = MagicMock()
    node.declare_parameter.side_effect = InvalidParameterTypeException(Parameter(name, value=given), "another")
    with pytest.raises(ValueError, match=f"{name}.*: write .*{cure}"):
        declaration.declare(node, (parameter,))


def test_a_value_out_of_range_is_told_in_one_sentence():
    """rclpy's own has Parameter, Reason, Min and Max in it, and the name at its end."""
    parameter = next(one for one in parameters.PLAYER if one.name == "rate")
    node = MagicMock(_parameter_overrides={"rate": Parameter("rate", value=-3.0)})
    node.declare_parameter.side_effect = InvalidParameterValueException("rate", -3.0, "out of range")
    with pytest.raises(ValueError, match=r"^parameter rate is -3\.0: expected 0 \.\. 1000$"):
        declaration.declare(node, (parameter,))
