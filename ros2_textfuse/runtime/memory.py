"""Memory that this process holds and does not use."""

import ctypes
import gc


def give_back() -> None:
    """Free what only refers to itself, and hand what is free to the system: milliseconds, so not between two images.

    An allocator keeps the memory of images that are gone for those that come, in pieces, and more of it from burst to
    burst. Where the C library is not glibc, it keeps it.
    """
    gc.collect()
    if trim := getattr(ctypes.CDLL(None), "malloc_trim", None):
        trim(0)
