"""`textfuse play` becomes the player node, another program, which imports for a second before it handles signals."""

import os
import signal

import numpy as np

from ros2_textfuse import cli
from ros2_textfuse.runtime import interrupts
from tests.helpers.images import street
from tests.helpers.recordings import write_folders


def test_signals_wait_until_it_handles_them(tmp_path, monkeypatch):
    held = []
    monkeypatch.setattr(os, "execv", lambda *_: held.extend(signal.pthread_sigmask(signal.SIG_BLOCK, ())))
    folders = write_folders(tmp_path, *(np.stack([image] * 2) for image in street(64, 80)))
    try:
        cli.main(["play", *map(str, folders)])
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, interrupts.SIGNALS)
    assert set(held) >= set(interrupts.SIGNALS)


def test_a_folder_of_pairs_is_played(tmp_path, monkeypatch):
    """As `fuse`, `eval` and `view` take one."""
    became = []
    monkeypatch.setattr(os, "execv", lambda _, command: became.extend(command))
    visible, thermal = write_folders(tmp_path, *(np.stack([image] * 2) for image in street(64, 80)))
    for folder, name in (visible, "vi"), (thermal, "ir"):
        folder.rename(tmp_path / name)
    try:
        cli.main(["play", str(tmp_path)])
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, interrupts.SIGNALS)
    assert {f'visible:="{tmp_path}/vi"', f'thermal:="{tmp_path}/ir"'} <= set(became)
