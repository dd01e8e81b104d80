"""Segments of processes that were killed are removed, and no others."""

import fcntl
import os

from ros2_textfuse.runtime.shared_memory import remove_abandoned


def test_only_what_nobody_holds_is_removed(tmp_path):
    names = "fastdds_0123456789abcdef", "fastrtps_0123456789abcdef", "fastdds_port7410", "fastdds_aaaaaaaaaaaaaaaa"
    for name in (*names, "fastdds_bbbbbbbbbbbbbbbb"):
        for path in (tmp_path / name, tmp_path / f"{name}_el"):
            path.touch()
            if "bbbb" not in name:
                os.utime(path, (0, 0))
    with (tmp_path / "fastdds_aaaaaaaaaaaaaaaa_el").open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert remove_abandoned(tmp_path) == 2
    left = {path.name.removesuffix("_el") for path in tmp_path.iterdir()}
    assert left == {"fastdds_port7410", "fastdds_aaaaaaaaaaaaaaaa", "fastdds_bbbbbbbbbbbbbbbb"}
