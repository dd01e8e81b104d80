"""Every rclpy, launch and message name that is used, against the names that each distribution has.

The table, distributions.json, is made from the distributions' sources by tools/distribution_names.py.
"""

import ast
import importlib
import json
from pathlib import Path

import pytest

from tools.distribution_names import HELD

ROOT = Path(__file__).parents[1]
FILES = {
    path.relative_to(ROOT): ast.parse(path.read_text())
    for room in ("ros2_textfuse", "launch", "benchmarks")
    for path in sorted((ROOT / room).rglob("*.py"))
}
TABLE = json.loads((ROOT / "tests" / "distributions.json").read_text())
INTERFACES = {name.split("/")[0] for entry in TABLE.values() for name in entry["messages"]}
PACKAGES = {"rclpy", "launch", "launch_ros", "message_filters"}


def uses(tree):
    """Names of ROS that a file imports: (module, name, whether the import may fail)."""
    guarded = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Try) and any(
            "ImportError" in ast.dump(handler.type or node) for handler in node.handlers
        ):
            guarded |= {id(inner) for part in (node.body, node.handlers) for top in part for inner in ast.walk(top)}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] in PACKAGES | INTERFACES:
            yield from ((node.module, alias.name, id(node) in guarded) for alias in node.names)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "rclpy":
            yield "rclpy", node.attr, False


def has(entry, module, name):
    """Whether a distribution has a name in a module."""
    package, *rest = module.split(".")
    if package in INTERFACES:
        return f"{package}/{rest[0]}/{name}" in entry["messages"]
    return name in entry["modules"].get(module, ()) or f"{module}.{name}" in entry["modules"]


def missing(tree, entry):
    """Imports of a file that a distribution cannot serve."""
    return {
        f"{module}.{name}" for module, name, may_fail in uses(tree) if not may_fail and not has(entry, module, name)
    }


def wrong_calls(tree, entry):
    """Methods and keywords of rclpy's objects, and fields of messages, that are used and that a distribution lacks."""
    if not any(module.split(".")[0] in PACKAGES | INTERFACES for module, _, _ in uses(tree)):
        return  # it holds no object of rclpy's, and a method of that name is another's
    mine, anyones = members(entry), {}
    for other in TABLE.values():
        anyones |= members(other)
    messages = {
        name: f"{module.replace('.', '/')}/{name}"
        for module, name, _ in uses(tree)
        if module.split(".")[0] in INTERFACES
    }
    stacks = exit_stacks(tree)
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or (
            isinstance(node.func, ast.Attribute) and named(node.func.value) in stacks
        ):
            continue
        keywords = {keyword.arg for keyword in node.keywords if keyword.arg}
        if isinstance(node.func, ast.Attribute) and node.func.attr in anyones:
            if node.func.attr not in mine:
                yield f"{node.func.attr}() in line {node.lineno}"
            elif "**" not in mine[node.func.attr]:
                yield from (
                    f"{node.func.attr}({key}=) in line {node.lineno}" for key in keywords - mine[node.func.attr]
                )
        elif isinstance(node.func, ast.Name) and node.func.id in messages:
            fields = set(entry["messages"][messages[node.func.id]])
            yield from (f"{node.func.id}.{key} in line {node.lineno}" for key in keywords - fields)


def named(node):
    """The name of a variable or attribute; empty for anything else."""
    return getattr(node, "attr", getattr(node, "id", ""))


def exit_stacks(tree):
    """What a file holds Python's exit stacks as, whose `callback` is no event's."""
    made = [node for node in ast.walk(tree) if isinstance(node, ast.Assign) and "ExitStack" in ast.dump(node.value)]
    return {named(part) for node in made for target in node.targets for part in getattr(target, "elts", [target])}


def members(entry):
    """Method names of the classes that are held, with the names of their parameters."""
    found = {}
    for name in HELD:
        for method, parameters in entry["classes"].get(f"rclpy.{name}", {}).items():
            found.setdefault(method, set()).update(parameters)
    return found


def test_the_table_has_the_distributions_and_what_differs_between_them():
    assert {"humble", "jazzy", "kilted"} <= TABLE.keys()
    assert "rclpy.event_handler" not in TABLE["humble"]["modules"]
    assert "InitContextManager" not in TABLE["jazzy"]["modules"]["rclpy"]
    assert all("encoding" in entry["messages"]["sensor_msgs/msg/Image"] for entry in TABLE.values())
    assert all("qos_overriding_options" in members(entry)["create_publisher"] for entry in TABLE.values())


def test_what_one_distribution_lacks_is_noticed():
    tree = ast.parse(
        "from rclpy.event_handler import PublisherEventCallbacks\nimport rclpy\nrclpy.InitContextManager\n"
    )
    assert missing(tree, TABLE["humble"]) == {"rclpy.event_handler.PublisherEventCallbacks", "rclpy.InitContextManager"}
    assert missing(tree, TABLE["kilted"]) == set()
    tree = ast.parse("from sensor_msgs.msg import Image\nImage(with_=1)\nnode.create_subscription(a, b, frequency=3)")
    assert len(list(wrong_calls(tree, TABLE["kilted"]))) == 2


@pytest.mark.parametrize("distribution", TABLE)
def test_every_name_is_there(distribution):
    entry = TABLE[distribution]
    absent = {path: [*missing(tree, entry), *wrong_calls(tree, entry)] for path, tree in FILES.items()}
    assert not {str(path): names for path, names in absent.items() if names}


def test_every_name_is_in_the_distribution_that_is_installed():
    pytest.importorskip("rclpy", reason="ROS 2 is not installed")
    for path, tree in FILES.items():
        for module, name, may_fail in uses(tree):
            if may_fail or module.split(".")[0] in ("launch", "launch_ros", "message_filters"):
                continue
            found = importlib.import_module(module)
            assert hasattr(found, name) or importlib.util.find_spec(f"{module}.{name}"), f"{path}: {module}.{name}"
