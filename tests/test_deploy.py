"""The systemd unit and the compose file, held against the tools that read them."""

import argparse
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from ros2_textfuse.commands import up
from ros2_textfuse.runtime.processes import PATIENCE

DEPLOY = Path(__file__).parents[1] / "deploy"


def test_systemd_takes_the_unit(tmp_path):
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd is not installed")
    unit = tmp_path / "textfuse@root.service"
    shutil.copy(DEPLOY / "textfuse@.service", unit)
    said = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, timeout=60)
    assert said.returncode == 0 and unit.name not in said.stderr, said.stderr


def test_a_service_manager_waits_longer_than_the_nodes_may_take():
    limits = re.findall(
        r"(?:TimeoutStopSec=|stop_grace_period: )(\d+)", "".join(p.read_text() for p in DEPLOY.iterdir())
    )
    assert len(limits) == 2 and all(int(limit) > PATIENCE for limit in limits)


def test_the_container_has_what_a_robot_has():
    """What tools/check_pins.py sees to, that it resolves, is not seen to for a list of the Dockerfile's own."""
    installs = re.findall(r"pip install (.*)", (DEPLOY / "Dockerfile").read_text())
    assert [line.removesuffix(" \\").removeprefix("--no-cache-dir ") for line in installs] == [
        "-r requirements/robot.txt",
        "--no-deps -r requirements/no-deps.txt",
    ]


def test_compose_gives_up_its_arguments():
    """With the defaults in place of the variables, as compose fills them in."""
    text = re.sub(r"\$\{\w+:-(.*?)\}", r"\1", (DEPLOY / "compose.yaml").read_text())
    service = yaml.safe_load(text)["services"]["textfuse"]
    parser = argparse.ArgumentParser()
    up.add_arguments(parser)
    args = parser.parse_args(service["command"][2:])
    assert (args.visible, args.thermal) == ("/visible/image_raw", "/thermal/image_raw")
    assert (DEPLOY / service["build"]["context"] / service["build"]["dockerfile"]).is_file()


def test_compose_asks_whose_cameras_these_are():
    """A shell does not export UID and has no GID; a default in their place is a user whose images do not come."""
    user = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]["textfuse"]["user"]
    assert re.fullmatch(r"\$\{TEXTFUSE_USER:\?[^{}$]+\}", user)


def test_compose_takes_the_file():
    if not shutil.which("docker") or subprocess.run(["docker", "compose", "version"], capture_output=True).returncode:
        pytest.skip("docker compose is not installed")
    command = ["docker", "compose", "-f", DEPLOY / "compose.yaml", "config", "--quiet"]
    settings = {**os.environ, "TEXTFUSE_USER": "1001:1001"}
    said = subprocess.run(command, capture_output=True, text=True, timeout=60, env=settings)
    assert said.returncode == 0, said.stderr
