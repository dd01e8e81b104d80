"""YAML from files that somebody else may have written: data only, and no more than a file of settings needs."""

from pathlib import Path
from typing import Any

import yaml

from ros2_textfuse.errors import TextfuseError

LONGEST = 1 << 20  # bytes
DEEPEST = 40  # levels
MOST_VALUES = 100_000
"""With everything that aliases stand for: a few lines of them make more of a file than fits into any memory."""


class YamlError(TextfuseError, ValueError):
    """Text is no YAML that can be used; the message says where and why."""


def read(path: Path) -> Any:
    """What a file holds; raises YamlError, also where it cannot be read."""
    try:
        with path.open("rb") as file:
            data = file.read(LONGEST + 1)
        return load(data.decode("utf-8"))
    except FileNotFoundError as error:
        raise YamlError("it does not exist") from error
    except OSError as error:  # whoever reads names the file
        raise YamlError(f"it cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise YamlError(f"it is no text: {error}") from error


def load(text: str) -> Any:
    """What YAML text means, as dicts, lists, text and numbers.

    Raises:
        YamlError: it is no YAML, longer than LONGEST, deeper than DEEPEST, has a key twice, or aliases that stand for
            more than MOST_VALUES.
    """
    if len(text) > LONGEST:
        raise YamlError(f"it is longer than {LONGEST} characters")
    try:
        return yaml.load(text, _Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        at = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise YamlError(f"{at}{error.problem}") from error
    except yaml.YAMLError as error:
        raise YamlError(" ".join(str(error).split())) from error
    except (RecursionError, ValueError) as error:  # an impossible date, a number of a million digits
        raise YamlError(str(error)) from error


class _Loader(yaml.SafeLoader):
    """YAML's safe loader, which would take any depth, any aliases, and the last of two equal keys."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self._depth = 0
        self._sizes: dict[int, int] = {}
        """Node -> values in it, those behind aliases counted again at each place."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        self._depth += 1
        if self._depth > DEEPEST:
            raise yaml.YAMLError(f"it is more than {DEEPEST} levels deep")
        alias = self.check_event(yaml.AliasEvent)
        node = super().compose_node(parent, index)
        self._depth -= 1
        if id(node) not in self._sizes:
            if alias:
                raise yaml.YAMLError("an alias stands within what it refers to")
            self._sizes[id(node)] = 1 + sum(self._size(child) for child in _children(node))
        return node

    def _size(self, node: yaml.Node) -> int:
        if self._sizes[id(node)] > MOST_VALUES:
            raise yaml.YAMLError(f"its aliases stand for more than {MOST_VALUES} values")
        return self._sizes[id(node)]

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key.value, str) and key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"the key {key.value} comes twice", key.start_mark)
            seen.add(str(key.value))
        return super().construct_mapping(node, deep)


def _children(node: yaml.Node | None) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [child for pair in node.value for child in pair]
    return node.value if isinstance(node, yaml.SequenceNode) else []
