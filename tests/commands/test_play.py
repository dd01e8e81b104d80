"""`textfuse play` becomes the player node, another program, which imports for a second before it handles signals."""

import os
import signal

import numpy as np

from ros2_textfuse import cli
from ros2_textfuse.commands.player_source import player_source
from ros2_textfuse.runtime import interrupts
from tests.helpers.images import street
from tests.helpers.messages import noise
from tests.helpers.recordings import write_bag, write_folders


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


def test_the_cameras_of_a_bag_are_found(tmp_path):
    """By name or type, as for `eval`: a robot's topics are seldom the default ones."""
    names = "/rig/rgb/image_raw", "/rig/lwir/image_raw"
    images = noise(2, 8, 10, 3), noise(2, 8, 10)
    bag = write_bag(tmp_path / "bag", *images, topics=names)
    expected = {"bag": str(bag), "visible_topic": names[0], "thermal_topic": names[1]}
    assert player_source([str(bag)], "", "") == expected
