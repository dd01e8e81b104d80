"""What commands write: never over what they read or did not make, and whole or not at all."""

import errno
import os
from pathlib import Path

import pytest

from ros2_textfuse.runtime.output import OutputError, check_folder, claim_file, claim_folder, refuse_inputs, write_whole


def test_an_output_that_is_an_input_is_refused_under_any_name(tmp_path):
    (tmp_path / "in.png").write_text("x")
    (tmp_path / "link.png").symlink_to(tmp_path / "in.png")
    for name in ("in.png", "link.png", "../" + tmp_path.name + "/in.png"):
        with pytest.raises(OutputError, match=r"in\.png"):
            refuse_inputs([tmp_path / name], [tmp_path / "in.png"])
    refuse_inputs([tmp_path / "new.png"], [tmp_path / "in.png", tmp_path / "missing.png"])


def test_a_file_of_somebody_else_is_not_written_over(tmp_path):
    path = tmp_path / "deep" / "rig.yaml"
    claim_file(path, lambda head: False)
    assert not path.parent.exists(), "whoever claims may still refuse"
    write_whole(path, "theirs")
    with pytest.raises(OutputError, match="does not say that textfuse made it"):
        claim_file(path, lambda head: head.startswith(b"ours"))
    path.write_text("ours")
    claim_file(path, lambda head: head.startswith(b"ours"))
    with pytest.raises(OutputError, match="no file"):
        claim_file(path.parent, lambda head: True)


def test_a_folder_of_somebody_else_is_not_written_into(tmp_path):
    claim_folder(tmp_path / "out", "live.json")
    (tmp_path / "out" / "thesis.txt").write_text("theirs")
    with pytest.raises(OutputError, match="not empty"):
        claim_folder(tmp_path / "out", "live.json", "fusion.log")
    (tmp_path / "out" / "fusion.log").write_text("")
    claim_folder(tmp_path / "out", "live.json", "fusion.log")


def test_a_folder_is_only_checked_before_the_work(tmp_path):
    check_folder(tmp_path / "deep" / "out")
    assert not list(tmp_path.iterdir())
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="no folder that may be written into"):
        check_folder(tmp_path / "file" / "out")


def test_a_disk_that_is_full_leaves_what_was_there(tmp_path, monkeypatch):
    path = tmp_path / "report.html"
    path.write_text("before")

    def half(self, data):
        with self.open("wb") as file:
            file.write(data[: len(data) // 2])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_bytes", half)
    with pytest.raises(OSError, match=r"No space left.*report\.html"):
        write_whole(path, "after")
    assert path.read_text() == "before" and list(tmp_path.iterdir()) == [path]


def test_a_name_that_is_no_text_is_written_as_an_escape(tmp_path):
    write_whole(tmp_path / "a.html", os.fsdecode(b"caf\xe9.png"))
    assert (tmp_path / "a.html").read_text() == "caf\\udce9.png"
