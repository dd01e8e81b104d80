"""YAML that somebody else has written."""

import re
from pathlib import Path

import pytest

import ros2_textfuse
from ros2_textfuse.runtime import bounded_yaml
from ros2_textfuse.runtime.bounded_yaml import YamlError

BOMB = "a0: &a0 [0, 0]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 30))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (BOMB, "aliases stand for more than"),
        ("a: &a [*a]", "within what it refers to"),
        ("[" * 1000 + "]" * 1000, "levels deep"),
        ("a: 1\na: 2", "line 2, column 1: the key a comes twice"),
        ("a: 1\nb: [1", r"line 2, column 6: expected ',' or ']'"),
        ("a: " + "x" * (1 << 20), "longer"),
        ("when: 2026-02-31", "day"),
        ("!!python/object/apply:os.system ['true']", "could not determine a constructor"),
    ],
)
def test_what_is_refused(text, reason):
    with pytest.raises(YamlError, match=reason):
        bounded_yaml.load(text)


def test_a_few_aliases_are_read():
    """As a program writes a list that it holds twice."""
    assert bounded_yaml.load("a: &id001 [1, 2]\nb: [*id001, *id001]") == {"a": [1, 2], "b": [[1, 2], [1, 2]]}


def test_a_file_that_is_no_text(tmp_path):
    (tmp_path / "rig.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(YamlError, match="it is no text"):
        bounded_yaml.read(tmp_path / "rig.yaml")


def test_what_others_write_is_read_here_alone():
    """Prompts read the package's own tables."""
    package = Path(ros2_textfuse.__file__).parent
    readers = {
        str(path.relative_to(package))
        for path in package.rglob("*.py")
        if re.search(r"yaml\.\w*load\w*\(", path.read_text().replace("bounded_yaml.load(", ""))
    }
    assert readers == {"runtime/bounded_yaml.py", "prompts/phrasings.py", "prompts/languages.py"}
