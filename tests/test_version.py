"""One version, in package.xml."""

import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from ros2_textfuse import cli

ROOT = Path(__file__).parents[1]
VERSION = re.search("<version>(.*)</version>", (ROOT / "package.xml").read_text())[1]


def test_the_command_says_it(capsys):
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out == f"textfuse {VERSION}\n"


def test_what_pip_installed_has_it():
    try:
        assert metadata.version("textfuse") == VERSION
    except metadata.PackageNotFoundError:
        pytest.skip("not installed by pip")


def test_setup_py_has_it():
    told = subprocess.run(
        [sys.executable, "setup.py", "--version"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert told.stdout.split()[-1] == VERSION


def test_it_is_written_once():
    assert f'"{VERSION}"' not in (ROOT / "pyproject.toml").read_text()
    assert VERSION not in (ROOT / "CMakeLists.txt").read_text()
