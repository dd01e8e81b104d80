"""Memory that is free goes back to the system."""

import platform
import subprocess
import sys

import pytest

HOLES = """
import psutil
from ros2_textfuse.runtime import memory
own = psutil.Process().memory_info
blocks = [bytearray(b"x") * 60_000 for _ in range(2000)]  # small enough to lie in the heap
kept = blocks[::20]
full = own().rss
del blocks
holes = own().rss
memory.give_back()
print(full - own().rss, full - holes, len(kept))
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another allocator than glibc's")
def test_holes_between_what_is_used_are_given_back():
    pytest.importorskip("psutil", reason="psutil is not installed")
    said = subprocess.run([sys.executable, "-c", HOLES], capture_output=True, text=True, check=True).stdout
    given, before, _ = map(int, said.split())
    assert given > 80_000_000 > before


THREADS = """
import ctypes, sys, threading
from ros2_textfuse.runtime import memory
if sys.argv[1] == "shared":
    memory.share_arenas()
together = threading.Barrier(8)
def allocate():
    held = [bytearray(5000) for _ in range(100)]
    together.wait()
threads = [threading.Thread(target=allocate) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
libc = ctypes.CDLL(None)
libc.fdopen.restype = ctypes.c_void_p
stream = ctypes.c_void_p(libc.fdopen(1, b"w"))
libc.malloc_info(0, stream)
libc.fflush(stream)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another allocator than glibc's")
def test_threads_share_what_is_free():
    arenas = {}
    for way in ("shared", "alone"):
        command = [sys.executable, "-c", THREADS, way]
        arenas[way] = subprocess.run(command, capture_output=True, text=True, check=True).stdout.count("<heap nr=")
    assert arenas["shared"] <= 2 < arenas["alone"]
