"""Write down which names a ROS distribution has, for tests/test_distributions.py.

Give it the folders of the distribution's sources or of an installation of it (site-packages and share), for example:

    python -m tools.distribution_names humble rclpy launch launch_ros common_interfaces rcl_interfaces ...

It reads text and imports nothing: the modules of rclpy, launch, launch_ros and message_filters, and the fields of the
messages; of classes, the members of those whose objects textfuse holds. What an earlier run wrote of other
distributions stays.
"""

import argparse
import ast
import json
import re
from pathlib import Path
from typing import Any

TABLE = Path(__file__).parents[1] / "tests" / "distributions.json"
PACKAGES = ("rclpy", "launch", "launch_ros", "message_filters")
INTERFACES = (
    *("builtin_interfaces", "diagnostic_msgs", "geometry_msgs", "lifecycle_msgs", "rcl_interfaces"),
    *("sensor_msgs", "std_msgs", "vision_msgs"),
)
# What textfuse holds objects of, and calls.
HELD = (
    *(
        "node.Node",
        "lifecycle.node.LifecycleNodeMixin",
        "lifecycle.publisher.LifecyclePublisher",
        "publisher.Publisher",
    ),
    *("subscription.Subscription", "client.Client", "executors.Executor", "task.Future", "time.Time", "clock.Clock"),
)
# Other modules of launch and launch_ros are their own affair.
PUBLIC = re.compile(
    r"rclpy(\.[\w.]+)?|message_filters|launch(_ros)?(\.(actions|substitutions|logging|events\.process))?"
)
FIELD = re.compile(r"^[\w/]+(?:<=\d+)?(?:\[[<=\d]*\])?\s+([a-z]\w*)\s*(?:[^=\s].*)?$")
CONSTANT = re.compile(r"^\w+\s+([A-Z]\w*)\s*=")


def main() -> None:
    """Read the folders, and put the distribution into the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("distribution")
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--note", required=True, help="which versions these are, and where they are from")
    args = parser.parse_args()
    table = json.loads(TABLE.read_text()) if TABLE.is_file() else {}
    table[args.distribution] = {"note": args.note, "modules": {}, "classes": {}, "messages": {}}
    for folder in args.folders:
        read(folder, table[args.distribution])
    TABLE.write_text(as_lines(table))
    print({key: len(value) for key, value in table[args.distribution].items() if key != "note"})


def read(folder: Path, found: dict[str, Any]) -> None:
    """Add what a folder has."""
    for package in PACKAGES:
        # A repository may hold a test package of the same name: the one that is not below another is meant.
        roots = sorted(
            (path.parent for path in folder.rglob(f"{package}/__init__.py")), key=lambda path: len(path.parts)
        )
        for path in sorted(roots[0].rglob("*.py")) if roots else ():
            parts = path.relative_to(roots[0].parent).with_suffix("").parts
            module = ".".join(parts).removesuffix(".__init__")
            if PUBLIC.fullmatch(module):
                read_module(module, ast.parse(path.read_text(encoding="utf-8")), found)
    for path in sorted([*folder.rglob("*.msg"), *folder.rglob("*.srv")]):
        package, kind = path.parts[-3], path.parts[-2]
        if package in INTERFACES:
            found["messages"][f"{package}/{kind}/{path.stem}"] = fields(path.read_text(encoding="utf-8"))


def read_module(module: str, tree: ast.Module, found: dict[str, Any]) -> None:
    """Add a module's names, and its classes' public members with the names of their parameters."""
    names = found["modules"].setdefault(module, [])
    for node in _statements(tree):
        if isinstance(node, ast.ImportFrom) and (node.level or str(node.module).startswith(PACKAGES)):
            names += [alias.asname or alias.name for alias in node.names]
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.append(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names += [target.id for target in targets if isinstance(target, ast.Name)]
        if isinstance(node, ast.ClassDef) and f"{module}.{node.name}".removeprefix("rclpy.") in HELD:
            members = {
                member.name: sorted({a.arg for a in _arguments(member.args)} - {"self", "cls"})
                for member in node.body
                if isinstance(member, ast.FunctionDef)
                and (member.name == "__init__" or not member.name.startswith("_"))
            }
            found["classes"][f"{module}.{node.name}"] = members
    found["modules"][module] = sorted({name for name in names if not name.startswith("_")})


def fields(text: str) -> list[str]:
    """Fields and constants of a message, and of both halves of a service."""
    lines = (line.split("#")[0].strip() for line in text.splitlines())
    return sorted({match[1] for line in lines if (match := CONSTANT.match(line) or FIELD.match(line))})


def as_lines(table: dict[str, Any]) -> str:
    """JSON with a line for each module, class and message."""
    parts = []
    for distribution, entry in sorted(table.items()):
        kinds = [f'  "note": {json.dumps(entry["note"])}']
        for kind in ("modules", "classes", "messages"):
            rows = ",\n".join(f"   {json.dumps(k)}: {json.dumps(v)}" for k, v in sorted(entry[kind].items()))
            kinds.append(f'  "{kind}": {{\n{rows}\n  }}')
        parts.append(f' "{distribution}": {{\n' + ",\n".join(kinds) + "\n }")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _statements(tree: ast.Module) -> list[ast.stmt]:
    """Those of a module, and of its `try` and `if` blocks."""
    found: list[ast.stmt] = []
    for node in tree.body:
        blocks = (
            [node.body, node.orelse] if isinstance(node, ast.If) else [node.body] if isinstance(node, ast.Try) else []
        )
        found += [node, *(inner for block in blocks for inner in block)]
    return found


def _arguments(given: ast.arguments) -> list[ast.arg]:
    extra = [arg for arg in (given.vararg, given.kwarg) if arg]
    # `**` and `*` take anything.
    marks = [ast.arg("**")] if given.kwarg else []
    return [*given.posonlyargs, *given.args, *given.kwonlyargs, *extra, *marks]


if __name__ == "__main__":
    main()
