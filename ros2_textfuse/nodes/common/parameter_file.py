"""A ROS parameter file, read without ROS: what `--params-file` gives a node."""

import itertools
import math
import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from ros2_textfuse.errors import TextfuseError
from ros2_textfuse.nodes.common.parameters import NODES, Parameter, unknown
from ros2_textfuse.runtime import bounded_yaml
from ros2_textfuse.runtime.bounded_yaml import YamlError


class ParameterFileError(TextfuseError):
    """A parameter file cannot be used; the message says what was expected."""


def read_parameters(path: Path, node: str) -> dict[str, Any]:
    """The parameters that a file gives to a node of this package, by name; the defaults are not among them.

    A file may name the node under any namespace (`/**/fusion`, `/robot1/textfuse/fusion`, `fusion`), or all (`/**`).

    Args:
        path: YAML file as `ros2 run ... --params-file` takes it.
        node: `fusion`, `detection`, `player` or `view`.

    Raises:
        ParameterFileError: it cannot be read, it names two such nodes with different parameters, or a value has the
            wrong type or is out of range.
    """
    try:
        content = bounded_yaml.read(path)
    except YamlError as error:
        raise ParameterFileError(f"{path} cannot be read as a parameter file: {error}") from error
    sections = [
        (name, given) for name, given in _sections(path, content, "") if PurePosixPath(name).name in (node, "*", "**")
    ]
    if not sections:
        raise ParameterFileError(f"{path} has no parameters for the node {node}: expected /**/{node}: ros__parameters:")
    own = {name for name, _ in sections if PurePosixPath(name).name == node}
    if len(own) > 1:
        raise ParameterFileError(f"{path} names several {node} nodes ({', '.join(sorted(own))}): give a file for one")
    table = {parameter.name: parameter for parameter in NODES[node]}
    values: dict[str, Any] = {}
    for _, given in sections:
        for name, value in given.items():
            if name in table:
                values[name] = _checked(path, table[name], value)
            elif not name.startswith(("use_sim_time", "qos_overrides")):
                raise ParameterFileError(f"{path}: {unknown(name, NODES[node])}")
    return values


def without_effect(arguments: Sequence[str], node: str) -> list[str]:
    """What to say of each parameter file of a command line that seems meant for a node, and that ROS does not give it.

    ROS matches the whole name, so that `fusion:` alone is for no node in a namespace, and is passed over in silence.

    Args:
        arguments: of the node's process.
        node: full name, as /textfuse/fusion.
    """
    own, said = PurePosixPath(node).name, []
    for before, argument in itertools.pairwise(arguments):
        if before != "--params-file":
            continue
        try:
            names = {name for name, _ in _sections(Path(argument), bounded_yaml.read(Path(argument)), "")}
        except (YamlError, ParameterFileError):  # which ROS has taken, so it is in a way that only ROS knows
            continue
        last = {PurePosixPath(name).name for name in names}
        others = last & (NODES.keys() | {"*", "**"})
        given = any(_pattern(name).fullmatch(node) for name in names)
        if not given and (own in last or not others):
            said.append(
                f"{argument} has no parameters for {node}, only for {', '.join(sorted(names)) or 'no node'}: write "
                f"/**/{own}: ros__parameters:"
            )
    return said


def _pattern(name: str) -> re.Pattern[str]:
    """What the name of a section matches: `**` any number of levels, `*` one."""
    parts = (
        r"(/\w+)*" if part == "**" else r"/\w+" if part == "*" else f"/{re.escape(part)}"
        for part in PurePosixPath(name).parts[1:]
    )
    return re.compile("".join(parts))


def _sections(path: Path, content: Any, prefix: str) -> list[tuple[str, dict[str, Any]]]:
    """Each `ros__parameters` with the name of its node; namespaces may be levels of their own."""
    if not isinstance(content, dict):
        raise ParameterFileError(f"{path}: expected names of nodes with ros__parameters below, not {content!r:.80}")
    found = []
    for name, below in content.items():
        if name == "ros__parameters":
            if not isinstance(below, dict):
                raise ParameterFileError(f"{path}: expected names and values below ros__parameters, not {below!r:.80}")
            found.append((prefix, below))
        else:
            found += _sections(path, below, f"{prefix}/{str(name).strip('/')}")
    return found


def _checked(path: Path, parameter: Parameter, value: Any) -> Any:
    """A value of the parameter's type, in range."""
    name, kind = parameter.name, type(parameter.default)
    if kind is tuple:
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise ParameterFileError(f"{path}: {name} is {value!r}: expected {parameter.kind()}")
        return tuple(filter(None, value))  # [""] is how ROS users write an empty list
    if type(value) is not kind:
        raise ParameterFileError(f"{path}: {name} is {value!r}: expected {parameter.kind()}")
    low, high = parameter.low, parameter.high
    if low is not None and high is not None and not (math.isfinite(value) and low <= value <= high):
        raise ParameterFileError(f"{path}: {name} is {value:g}: expected {parameter.limits()}")
    if parameter.choices and value not in parameter.choices:
        raise ParameterFileError(f"{path}: {name} is '{value}': choose one of {', '.join(parameter.choices)}")
    return value
