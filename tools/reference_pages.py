"""The pages of docs/reference/ that are written from the code, so that they cannot say anything else.

    python -m tools.reference_pages                 # parameters.md, commands.md, interfaces.md, python-api.md

A test compares each page with what this writes.
"""

import argparse
import ast
import dataclasses
import importlib
import inspect
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from ros2_textfuse import cli
from ros2_textfuse.commands.completion import subverbs

ROOT = Path(__file__).parent.parent
PAGES = ROOT / "docs" / "reference"
PACKAGE = "ros2_textfuse"

# What scripts may rely on: title of the section, where users import from, and the names.
API = (
    ("Fusion", PACKAGE, ("Fuser",)),
    ("Settings", f"{PACKAGE}.settings", ("FusionSettings",)),
    ("Prompts", f"{PACKAGE}.prompts", ("understand", "resolve", "Understanding", "Prompt", "Tone")),
    ("Scene", f"{PACKAGE}.scene.watch", ("Scene",)),
    ("Thermal images of more than 8 bits", f"{PACKAGE}.imaging", ("GainControl",)),
    (
        "Calibration and alignment",
        f"{PACKAGE}.geometry",
        ("read_calibration", "Calibration", "CameraModel", "Alignment"),
    ),
    ("Time offset", f"{PACKAGE}.sync.time_offset", ("Motion", "estimate", "TimeOffset")),
    ("Detection", f"{PACKAGE}.detection.detector", ("Detector", "Detection")),
    ("Recordings", f"{PACKAGE}.recordings", ("open_recording", "Recording", "RecordedImage")),
    ("Pixels of recorded images", f"{PACKAGE}.imaging.encodings", ("visible_array", "thermal_array")),
    ("Metrics", f"{PACKAGE}.evaluation.metrics", ("evaluate", "evaluate_single")),
)

_SECTION = re.compile(r"(Args|Returns|Raises|Yields):")


def commands() -> str:
    """Every verb with its arguments, from the parsers that `--help` prints."""
    lines = ["# Commands", "", "`textfuse VERB --help` prints the same.", ""]
    lines += ["| verb | |", "| --- | --- |"]
    lines += [f"| [`{verb}`](#textfuse-{verb}) | {purpose} |" for verb, (_, purpose) in cli.VERBS.items()]
    for verb, (module, purpose) in cli.VERBS.items():
        parser = argparse.ArgumentParser(prog=f"textfuse {verb}")
        importlib.import_module(module).add_arguments(parser)
        lines += ["", f"## textfuse {verb}", "", f"{purpose[0].upper()}{purpose[1:]}.", ""]
        if found := subverbs(parser):
            for name, one in found.items():
                lines += [f"### textfuse {verb} {name}", "", str(one.description), ""]
                lines += ["| argument | |", "| --- | --- |", *_arguments(one), ""]
            lines.pop()
        else:
            lines += ["| argument | |", "| --- | --- |", *_arguments(parser)]
        if parser.epilog:
            lines += ["", "```", parser.epilog.strip("\n"), "```"]
    lines += ["", "## Launch arguments", "", "`ros2 launch textfuse fusion.launch.py NAME:=VALUE ...`", ""]
    lines += ["| argument | default | |", "| --- | --- | --- |"]
    rows = (f"| `{name}` | {default} | {about} |" for name, default, about in launch_arguments())
    lines += [row.replace("|  |", "| |") for row in rows]
    return "\n".join(lines) + "\n"


def launch_arguments() -> list[tuple[str, str, str]]:
    """Name, default and description of each, read as text: importing the file needs launch, which wheels lack."""
    for node in ast.parse((ROOT / "launch" / "fusion.launch.py").read_text()).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "ARGUMENTS":
            table = ast.unparse(node.value).replace("str(CONFIG / 'fusion.yaml')", "'config/fusion.yaml'")
            arguments = ast.literal_eval(table)
            return [(name, f"`{default}`" if default else "", about) for name, (default, about) in arguments.items()]
    raise LookupError("launch/fusion.launch.py has no ARGUMENTS")


def _arguments(parser: argparse.ArgumentParser) -> Iterator[str]:
    for action in parser._actions:  # argparse has no public list of them
        if action.dest == "help":
            continue
        metavar = action.metavar or ("{" + ",".join(action.choices) + "}" if action.choices else action.dest.upper())
        value = " ".join(metavar) if isinstance(metavar, tuple) else metavar
        if not action.option_strings:
            names = action.metavar or action.dest
        else:
            names = ", ".join(action.option_strings) + ("" if action.nargs == 0 else f" {value}")
        about = (action.help or "") % vars(action) + (
            " (required)" if action.required and action.option_strings else ""
        )
        yield f"| `{names}` | {about} |".replace(" |  |", " | |")


def interfaces() -> str:
    """The definitions of messages and services, whose comments are their documentation."""
    lines = [
        "# Messages and services",
        "",
        "The definitions as they are built; `ros2 interface show textfuse/msg/FusionStatus` prints the same. The",
        "detection messages are used where vision_msgs is not installed and have the fields of vision_msgs.",
    ]
    for path in sorted((*(ROOT / "msg").glob("*.msg"), *(ROOT / "srv").glob("*.srv")), key=_interface_order):
        lines += ["", f"## textfuse/{path.suffix[1:]}/{path.stem}", "", "```", path.read_text().strip("\n"), "```"]
    return "\n".join(lines) + "\n"


def _interface_order(path: Path) -> tuple[bool, str, str]:
    """What users call and read first, then the stand-ins of vision_msgs."""
    return path.stem not in ("SetPrompt", "FusionStatus"), path.suffix, path.stem


def python_api() -> str:
    """The public classes and functions with their docstrings."""
    lines = [
        "# Python API",
        "",
        "NumPy in, NumPy out; nothing here imports ROS. Names that are not on this page may change without notice.",
        "[examples/fuse_images.py](../../examples/fuse_images.py) is a script that uses them.",
    ]
    for title, module, names in API:
        lines += ["", f"## {title}", "", "```python", f"from {module} import {', '.join(names)}", "```"]
        for name in names:
            public = getattr(importlib.import_module(module), name)
            lines += _described(_definition(public), name, _fields(public))
    return "\n".join(lines) + "\n"


def _definition(public: type | Callable) -> ast.ClassDef | ast.FunctionDef:
    """Its source, where its signature stands as it was written, in every version of Python."""
    tree = ast.parse(inspect.getsource(public))
    node = tree.body[0]
    assert isinstance(node, ast.ClassDef | ast.FunctionDef)
    return node


def _fields(public: type | Callable) -> str:
    """The arguments of a dataclass, those of its bases included; empty for anything else."""
    if not isinstance(public, type) or not dataclasses.is_dataclass(public):
        return ""
    bases = [_definition(base) for base in reversed(public.__mro__) if dataclasses.is_dataclass(base)]
    nodes = [node for base in bases for node in ast.walk(base) if isinstance(node, ast.AnnAssign)]
    types = {ast.unparse(node.target): ast.unparse(node.annotation) for node in nodes}  # as they were written
    shown = []
    for field in dataclasses.fields(public):
        given = field.default is not dataclasses.MISSING
        default = f"={field.default!r}" if given else "" if field.default_factory is dataclasses.MISSING else "=..."
        shown.append(f"{field.name}: {types[field.name]}{default}")
    return ", ".join(shown)


def _described(node: ast.ClassDef | ast.FunctionDef, name: str, fields: str) -> list[str]:
    """Heading, signature and docstring of a class with its public methods, or of a function."""
    if isinstance(node, ast.FunctionDef):
        return ["", f"### {name}", "", "```python", _signature(name, node), "```", "", *_markdown(node)]
    methods = [method for method in node.body if isinstance(method, ast.FunctionDef)]
    init = next((method for method in methods if method.name == "__init__"), None)
    lines = ["", f"### {name}", ""]
    if init:
        lines += ["```python", _signature(name, init), "```", ""]
    elif fields:
        lines += ["```python", f"{name}({fields})", "```", ""]
    lines += _markdown(node)
    for field, about in zip(node.body, [*node.body[1:], None], strict=True):
        if isinstance(field, ast.AnnAssign) and isinstance(about, ast.Expr) and isinstance(about.value, ast.Constant):
            heading = f"`.{ast.unparse(field.target)}: {ast.unparse(field.annotation)}`"
            lines += ["", f"**{heading}**", "", inspect.cleandoc(str(about.value.value))]
    for method in methods:
        decorators = [ast.unparse(decorator) for decorator in method.decorator_list]
        if (method.name.startswith("_") and method.name != "__call__") or any("setter" in one for one in decorators):
            continue
        if "property" in decorators:
            annotation = f": {ast.unparse(method.returns)}" if method.returns else ""
            heading = f"`.{method.name}{annotation}`"
        else:
            heading = f"`{_signature('' if method.name == '__call__' else '.' + method.name, method)}`"
        lines += ["", f"**{heading}**", "", *_markdown(method)]
    return lines


def _signature(name: str, node: ast.FunctionDef) -> str:
    arguments = ast.unparse(node.args)
    arguments = re.sub(r"^(self|cls)(, )?", "", arguments)
    returns = f" -> {ast.unparse(node.returns)}" if node.returns and node.name != "__init__" else ""
    return f"{name}({arguments}){returns}"


def _markdown(node: ast.ClassDef | ast.FunctionDef) -> list[str]:
    """A docstring in Google's style as Markdown: its sections become lists, but for what is returned, a paragraph."""
    lines: list[str] = []
    section = ""
    for line in (ast.get_docstring(node) or "").splitlines():
        if heading := _SECTION.fullmatch(line):
            section = heading[1]
            lines += [f"*{section}*", ""]
        elif section == "Returns" and line.strip():
            lines.append(line.strip())
        elif section and line.startswith("    ") and not line.startswith("     "):
            name, colon, rest = line.strip().partition(": ")
            named = colon and re.fullmatch(r"[\w*., ]+", name)
            lines.append(f"- `{name}`: {rest}" if named else f"- {line.strip()}")
        elif section and line.strip():
            lines.append(f"  {line.strip()}")
        else:
            section = "" if line.strip() else section
            lines.append(line)
    return lines


def pages() -> dict[str, str]:
    """The text of each page, by its name."""
    from ros2_textfuse.nodes.common import parameters

    return {
        "parameters.md": parameters.markdown(),
        "commands.md": commands(),
        "interfaces.md": interfaces(),
        "python-api.md": python_api(),
    }


if __name__ == "__main__":
    for page, text in pages().items():
        (PAGES / page).write_text(text)
