"""A middleware that is not installed, and others than Fast DDS."""

import os
import subprocess
import sys

import pytest

from ros2_textfuse import cli
from ros2_textfuse.runtime import environment, middleware

PROFILES = "FASTRTPS_DEFAULT_PROFILES_FILE", "FASTDDS_DEFAULT_PROFILES_FILE"
MISSING = "rmw_nowhere_cpp"


@pytest.fixture
def prefix(monkeypatch, tmp_path):
    """A distribution with two middlewares."""
    index = tmp_path / "share/ament_index/resource_index/rmw_typesupport"
    index.mkdir(parents=True)
    for name in ("rmw_fastrtps_cpp", "rmw_cyclonedds_cpp", "rmw_implementation"):
        (index / name).touch()
    monkeypatch.setenv("AMENT_PREFIX_PATH", str(tmp_path))
    return monkeypatch


def test_what_is_installed_may_be_chosen(prefix):
    prefix.setenv("RMW_IMPLEMENTATION", "rmw_cyclonedds_cpp")
    assert {"rmw_cyclonedds_cpp", "rmw_fastrtps_cpp"} <= set(middleware.installed())
    assert "rmw_implementation" not in middleware.installed()
    middleware.require()


def test_cyclone_gets_no_fastdds_profile(prefix):
    prefix.setenv("RMW_IMPLEMENTATION", "rmw_cyclonedds_cpp")
    for name in PROFILES:
        prefix.delenv(name, raising=False)
    environment.prepare()
    assert not any(name in os.environ for name in PROFILES)


@pytest.mark.parametrize("verb", [["prompt", "dark"], ["demo"], ["up"]])
def test_a_verb_says_what_is_missing_in_one_line(prefix, verb, capsys, tmp_path):
    prefix.setenv("RMW_IMPLEMENTATION", MISSING)
    prefix.chdir(tmp_path)
    assert cli.main(verb) == 1
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1
    assert MISSING in said[0] and "rmw_cyclonedds_cpp, rmw_fastrtps_cpp" in said[0]


def test_a_node_says_it_too():
    pytest.importorskip("rclpy", reason="ROS 2 is not installed")
    environ = {**os.environ, "RMW_IMPLEMENTATION": MISSING}
    command = [sys.executable, "-m", "ros2_textfuse.nodes.player", "--help"]
    ended = subprocess.run(command, capture_output=True, text=True, env=environ, timeout=60, check=False)
    assert ended.returncode == 1
    assert len(ended.stderr.splitlines()) == 1 and MISSING in ended.stderr
