"""Imports that leave the processor to whoever needs it more."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from types import ModuleType

NICE = 10


def import_gently(name: str) -> ModuleType:
    """A module, imported on a thread that is nice: a second of the processor is a second beside who is at work already.

    The calling thread keeps its own niceness: on Linux that belongs to a thread, and cannot be lowered again.

    Args:
        name: in full.
    """
    with ThreadPoolExecutor(1, initializer=_be_nice) as thread:
        return thread.submit(import_module, name).result()


def _be_nice() -> None:
    thread = threading.get_native_id()
    os.setpriority(os.PRIO_PROCESS, thread, max(NICE, os.getpriority(os.PRIO_PROCESS, thread)))
