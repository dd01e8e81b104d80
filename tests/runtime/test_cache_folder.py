"""Where things are kept when nobody says where."""

import os
from pathlib import Path

from ros2_textfuse.runtime import cache_folder


def test_without_a_home_it_is_of_this_process_alone(monkeypatch, caplog):
    for name in ("TEXTFUSE_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)

    def homeless():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", homeless)
    folder = cache_folder.cache_dir()
    assert folder == cache_folder.cache_dir() and folder.stat().st_mode & 0o777 == 0o700
    assert os.access(folder, os.W_OK)
    assert "HOME is not set" in caplog.text and caplog.text.count("HOME is not set") == 1
