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
