"""Ctrl-C while a command starts, which takes seconds of imports: no traceback, and the exit code of its end."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ros2_textfuse import cli
from ros2_textfuse.runtime import interrupts
from tests.helpers.images import street
from tests.helpers.recordings import write_folders

SHADOW = """\
import os, signal
os.kill(os.getpid(), signal.SIGINT)
def get_close_matches(*_):
    return []
"""


@pytest.mark.parametrize(("verb", "code"), [("up", 0), ("play", 0), ("doctor", 130)])
def test_in_the_middle_of_the_imports(tmp_path, verb, code):
    """Of difflib, which `textfuse` imports early."""
    (tmp_path / "difflib.py").write_text(SHADOW)
    command = Path(sys.executable).with_name("textfuse")
    variables = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    ended = subprocess.run([command, verb], env=variables, capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout, ended.stderr) == (code, "", "")


def test_what_play_becomes_has_no_handlers_yet(tmp_path, monkeypatch):
    """So signals wait until it has."""
    held = []
    monkeypatch.setattr(os, "execv", lambda *_: held.extend(signal.pthread_sigmask(signal.SIG_BLOCK, ())))
    folders = write_folders(tmp_path, *(np.stack([image] * 2) for image in street(64, 80)))
    try:
        cli.main(["play", *map(str, folders)])
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, interrupts.SIGNALS)
    assert set(held) >= set(interrupts.SIGNALS)
