"""Imports that leave the processor to others."""

import os
import threading
from pathlib import Path

import pytest

from ros2_textfuse.runtime.gently import NICE, import_gently


def _niceness() -> int:
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())


def test_a_module_is_imported_on_a_nice_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "slow_to_import.py").write_text(
        "import os, threading\nniceness = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    before = _niceness()
    assert import_gently("slow_to_import").niceness == max(before, NICE)
    assert _niceness() == before


def test_what_cannot_be_imported_is_an_error_as_ever() -> None:
    with pytest.raises(ModuleNotFoundError, match="there_is_none"):
        import_gently("there_is_none")
