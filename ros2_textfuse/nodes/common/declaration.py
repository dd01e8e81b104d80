"""A node's parameters from their table: declared, checked when they change, and read."""

import sys
from collections.abc import Callable, Mapping
from typing import Any

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor, SetParametersResult
from rclpy.exceptions import InvalidParameterTypeException, InvalidParameterValueException
from rclpy.node import Node
from rclpy.parameter import Parameter as RosParameter

from ros2_textfuse.nodes.common.parameter_file import without_effect
from ros2_textfuse.nodes.common.parameters import Parameter, unknown

ROS_OWN = ("use_sim_time", "qos_overrides.", "start_type_description_service")  # parameters that rclpy declares


def declare(
    node: Node,
    table: tuple[Parameter, ...],
    accept: Callable[[dict[str, Any]], str] | None = None,
) -> None:
    """Declare every parameter of a table on a node, and warn of what it was given in vain.

    Args:
        node: that gets them.
        table: one of NODES.
        accept: called with the new values, by name, before a change of parameters that are in range; takes it up, or
            returns why it is refused. None refuses what is not live.

    Raises:
        ValueError: an override from the command line or a YAML file has the wrong type, is out of range, or none of
            the choices.
    """
    for parameter in table:
        value = RosParameter.Type.STRING_ARRAY if parameter.default == () else parameter.default
        try:
            node.declare_parameter(parameter.name, value, descriptor(parameter))
        except InvalidParameterTypeException as error:  # it names both types, and not how to write the right one
            raise ValueError(f"{error}: write {parameter.kind()}") from error
        except InvalidParameterValueException as error:  # it says Parameter, Reason, Min, Max, and the name at the end
            given = _overrides(node)[parameter.name].value
            raise ValueError(f"parameter {parameter.name} is {given}: expected {parameter.limits()}") from error
    known = {parameter.name for parameter in table}

    def refuse_fixed(changes: dict[str, Any]) -> str:
        fixed = sorted(changes.keys() - {parameter.name for parameter in table if parameter.live})
        return f"{', '.join(fixed)}: read at the start of the node, so start it anew" if fixed else ""

    def check(changes: list[RosParameter]) -> SetParametersResult:
        wanted = {change.name: change.value for change in changes if change.name in known}
        reason = _wrong_choice(table, changes) or (accept or refuse_fixed)(wanted)
        return SetParametersResult(successful=not reason, reason=reason)

    node.add_on_set_parameters_callback(check)
    if reason := _wrong_choice(table, [node.get_parameter_or(p.name) for p in table]):
        raise ValueError(reason)
    # rclpy passes over a misspelt parameter in silence.
    for name in _overrides(node):
        if name not in known and not name.startswith(ROS_OWN):
            node.get_logger().warning(unknown(name, table))
    for warning in without_effect(sys.argv, node.get_fully_qualified_name()):
        node.get_logger().warning(warning)


def values(node: Node, table: tuple[Parameter, ...]) -> dict[str, Any]:
    """The values of a table's parameters, by name; lists come as tuples."""
    result = {}
    for parameter in table:
        value = node.get_parameter_or(parameter.name).value
        result[parameter.name] = parameter.default if value is None else value
        if parameter.default == ():
            # An empty list in a YAML file has no type and arrives as unset; [""] is how ROS users write it.
            result[parameter.name] = tuple(item for item in result[parameter.name] if item)
    return result


def _overrides(node: Node) -> Mapping[str, RosParameter]:
    """What a node was given by its command line and files; rclpy has no public name for it."""
    return getattr(node, "_parameter_overrides", {})


def _wrong_choice(table: tuple[Parameter, ...], changes: list[RosParameter]) -> str:
    choices = {parameter.name: parameter.choices for parameter in table if parameter.choices}
    for change in changes:
        allowed = choices.get(change.name, ())
        if allowed and change.value is not None and change.value not in allowed:
            return f"{change.name} is '{change.value}': choose one of {', '.join(allowed)}"
    return ""


def descriptor(parameter: Parameter) -> ParameterDescriptor:
    """The ROS descriptor; rclpy itself refuses numbers outside its range."""
    result = ParameterDescriptor(name=parameter.name, description=parameter.description)
    if parameter.choices:
        result.additional_constraints = "one of: " + ", ".join(parameter.choices)
    if parameter.low is not None and parameter.high is not None:
        if isinstance(parameter.default, int):
            result.integer_range = [IntegerRange(from_value=int(parameter.low), to_value=int(parameter.high), step=0)]
        else:
            result.floating_point_range = [
                FloatingPointRange(from_value=float(parameter.low), to_value=float(parameter.high), step=0.0)
            ]
    return result
