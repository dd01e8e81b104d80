"""Where things are kept when nobody says where."""

import os
from importlib.util import find_spec
from pathlib import Path

import pytest

from ros2_textfuse.fuser import Fuser
from ros2_textfuse.runtime import cache_folder
from tests.helpers.images import street


@pytest.fixture
def homeless(monkeypatch):
    """HOME is not set, and the user is in no list of users."""

    def homeless():
        raise RuntimeError("Could not determine home directory.")

    for name in ("TEXTFUSE_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", homeless)


def test_without_a_home_it_is_of_this_process_alone(homeless, caplog):
    folder = cache_folder.cache_dir()
    assert folder == cache_folder.cache_dir() and folder.stat().st_mode & 0o777 == 0o700
    assert os.access(folder, os.W_OK)
    assert "HOME is not set" in caplog.text and caplog.text.count("HOME is not set") == 1


@pytest.mark.skipif(find_spec("openvino") is None, reason="OpenVINO is not installed")
def test_without_a_home_no_slower_engine_is_taken(homeless):
    fuser = Fuser()
    fuser.fuse(*street(64, 80))
    assert fuser.engine_name.startswith("openvino") and not fuser.engine_warning
