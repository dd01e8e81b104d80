"""The walls of the house: who imports whom, who knows ROS, and how long a file may be."""

import ast
import graphlib
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "ros2_textfuse"
LONGEST = 400  # lines of a file

# Each imports only what stands before it. `degradations.modes` is names alone; the pairs beside it are recordings.
ORDER = (
    "errors",
    "degradations.modes",
    "runtime",
    "imaging",
    "sync",
    "geometry",
    "settings",
    "prompts",
    "scene",
    "networks",
    "recordings",
    "degradations",
    "engines",
    "saliency",
    "detection",
    "fuser",
    "model_choice",
    "batch",
    "doctor",
    "view",
    "nodes",
    "evaluation",
    "fleet",
    "training",
    "demo",
    "commands",
    "cli",
)
ROS = {"ament_index_python", "cv_bridge", "launch", "launch_ros", "message_filters", "rcl_interfaces", "rclpy"}
KNOW_ROS = (
    "nodes",
    "demo.monitor",
    "evaluation.live.watcher",
    "commands.prompt",  # it calls a service
)


def name_of(path):
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix("__init__").removesuffix(".")


FILES = {name_of(path): path for path in sorted(PACKAGE.rglob("*.py"))}


TREES = {module: ast.parse(path.read_text()) for module, path in FILES.items()}


def imports(module):
    """Full names of all that a module imports, within functions as well."""
    for node in ast.walk(TREES[module]):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{module}: relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def own(module):
    """The modules of this package that a module imports, by their names within it."""
    for name in imports(module):
        parts = name.split(".")
        if parts[0] == PACKAGE.name:
            found = next(".".join(parts[1:end]) for end in range(len(parts), 0, -1) if ".".join(parts[1:end]) in FILES)
            yield found


def place(module):
    """Where a module stands in ORDER; the package itself, which imports the Fuser for others, stands nowhere."""
    return max(
        (ORDER.index(room) for room in ORDER if f"{module}.".startswith(f"{room}.")), key=lambda at: len(ORDER[at])
    )


def is_within(module, rooms):
    return any(f"{module}.".startswith(f"{room}.") for room in rooms)


def test_imports_point_down():
    upward = [
        f"{module} imports {imported}, which stands above it"
        for module in FILES
        if module not in ("", "degradations")  # an __init__ brings what is in its room
        for imported in own(module)
        if imported and place(imported) > place(module)
    ]
    assert not upward


def test_no_circles():
    """Not between modules either; what is imported within a function counts as well."""
    edges = {module: set(own(module)) - {module} for module in FILES if module}
    list(graphlib.TopologicalSorter(edges).static_order())


def test_the_core_knows_no_ros():
    core = [module for module in FILES if not is_within(module, KNOW_ROS)]
    known = {module: [n for n in imports(module) if n.split(".")[0] in ROS or is_message(n)] for module in core}
    assert not {module: names for module, names in known.items() if names}


def is_message(name):
    """Whether an import is of messages or services: package.msg.Type, or package.srv.Type."""
    parts = name.split(".")
    return len(parts) > 1 and parts[1] in ("msg", "srv", "action")


def test_files_are_short():
    lines = {module: len(path.read_text().splitlines()) for module, path in FILES.items()}
    assert not {module: count for module, count in lines.items() if count > LONGEST}


def test_errors_of_users_have_one_base():
    """An error class derives from TextfuseError, directly or by another one of ours."""
    builtin = {"Exception", "ValueError", "RuntimeError", "TypeError", "LookupError", "KeyError", "OSError"}
    for module, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and node.name.endswith("Error") and node.name != "TextfuseError":
                bases = {ast.unparse(base) for base in node.bases}
                assert bases - builtin, f"{module}.{node.name} derives from {bases} alone"


LIGHT = ("prompts", "degradations", "runtime", "recordings", "geometry", "imaging", "scene", "sync", "view")


@pytest.mark.parametrize("room", LIGHT)
def test_light_rooms_bring_no_torch(room):
    code = f"import sys, ros2_textfuse.{room}; sys.exit('torch' in sys.modules or 'rclpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_a_room_says_what_it_is_for():
    rooms = [module for module, path in FILES.items() if path.name == "__init__.py"]
    assert not [module for module in rooms if not ast.get_docstring(TREES[module])]
