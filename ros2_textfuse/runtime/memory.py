"""Memory that this process holds and does not use."""

import ctypes
import gc

ARENAS = 2
_M_ARENA_MAX = -8  # of glibc's malloc.h


def share_arenas() -> None:
    """Let threads share what is free; before they are started.

    By default glibc gives new threads memory of their own, which stays when they end: 1.6 MiB with each configuration
    of a node. Where the C library is not glibc, nothing changes.
    """
    if mallopt := getattr(ctypes.CDLL(None), "mallopt", None):
        mallopt(_M_ARENA_MAX, ARENAS)


def give_back() -> None:
    """Free what only refers to itself, and hand what is free to the system: milliseconds, so not between two images.

    An allocator keeps the memory of images that are gone for those that come, in pieces, and more of it from burst to
    burst. Where the C library is not glibc, it keeps it.
    """
    gc.collect()
    if trim := getattr(ctypes.CDLL(None), "malloc_trim", None):
        trim(0)
