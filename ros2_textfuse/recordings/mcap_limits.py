"""How much the chunks of an mcap file, or a file in zstd, would take unpacked, found without unpacking them.

A chunk of a few kilobytes can hold gigabytes of zeros. The libraries that read bags unpack a chunk whole, and several
at once where their times overlap. The formats of both compressions say of each block how much it can become, so that
a walk over the blocks gives a bound.
"""

import mmap
import struct
from collections.abc import Iterator
from pathlib import Path

from ros2_textfuse.recordings.types import RecordingError

LARGEST_CHUNK = 1 << 28  # bytes; the largest image that is taken has 200 million
LARGEST_AT_ONCE = 1 << 30  # bytes of chunks whose times overlap
MAGIC = b"\x89MCAP0\r\n"
CHUNK = 6  # opcode
ZSTD, ZSTD_SKIPPABLE, ZSTD_BLOCK = 0xFD2FB528, 0x184D2A50, 1 << 17
LZ4 = 0x184D2204

Buffer = mmap.mmap | memoryview


class TooLargeError(RecordingError):
    """Reading a file would take more memory than any recording of cameras needs."""


def check_mcap(path: Path) -> None:
    """Refuse an mcap file whose chunks would not fit; what is damaged is left to its readers to name.

    Raises:
        TooLargeError: a chunk, or those that overlap in time, become larger than the limits.
        OSError: the file cannot be read.
    """
    if path.stat().st_size < len(MAGIC):
        return
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        ends: list[tuple[int, int]] = []  # when a chunk is needed and no longer, with its size
        try:
            for start, end, size in _chunks(data):
                if size > LARGEST_CHUNK:
                    raise TooLargeError(
                        f"{path}: a chunk would take {size >> 20} MiB unpacked: at most {LARGEST_CHUNK >> 20} are read"
                    )
                ends += [(start, size), (end, -size)]
        except (struct.error, IndexError):  # cut off
            pass
    held = 0
    for _, size in sorted(ends, key=lambda moment: (moment[0], -moment[1])):
        held += size
        if held > LARGEST_AT_ONCE:
            raise TooLargeError(
                f"{path}: chunks of one moment would take more than {LARGEST_AT_ONCE >> 20} MiB unpacked together"
            )


def unpacked(path: Path, most: int) -> int:
    """The bytes that a file in zstd becomes, or a few more.

    Raises:
        TooLargeError: they are more than `most`.
        OSError: the file cannot be read.
    """
    if not path.stat().st_size:
        return 0
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        bound = _zstd_bound(data, 0, len(data), most)
    if bound > most:
        raise TooLargeError(
            f"{path} would be larger, unpacked, than the {most >> 20} MiB that are free for it: unpack it where there "
            "is room (zstd -d), or set TMPDIR to such a place"
        )
    return bound


def _chunks(data: Buffer) -> Iterator[tuple[int, int, int]]:
    """First and last time of each chunk, and how large it may become."""
    if data[: len(MAGIC)] != MAGIC:
        return
    at = len(MAGIC)
    while at + 9 <= len(data):
        opcode, length = struct.unpack_from("<BQ", data, at)
        if opcode == CHUNK:
            start, end, claimed, _, name = struct.unpack_from("<QQQII", data, at + 9)
            kind = bytes(data[at + 41 : at + 41 + min(name, 8)])
            first = at + 41 + name
            (packed,) = struct.unpack_from("<Q", data, first)
            first, last = first + 8, min(first + 8 + packed, len(data))
            bound = {b"zstd": _zstd_bound, b"lz4": _lz4_bound}.get(kind)
            yield start, end, max(claimed, bound(data, first, last) if bound else packed)
        at += 9 + length


def _zstd_bound(data: Buffer, at: int, end: int, most: int = LARGEST_CHUNK) -> int:
    """The most that zstd frames can become (RFC 8878, sections 3.1.1 and 3.1.2); above `most`, just that."""
    total = 0
    while at + 8 <= end and total <= most:
        magic, size = struct.unpack_from("<II", data, at)
        if magic & 0xFFFFFFF0 == ZSTD_SKIPPABLE:
            at += 8 + size
            continue
        if magic != ZSTD:
            break
        descriptor = data[at + 4]
        single = descriptor >> 5 & 1
        content = (1, 2, 4, 8)[descriptor >> 6] if descriptor >> 6 or single else 0
        at += 5 + (not single) + (0, 1, 2, 4)[descriptor & 3] + content
        last = False
        while not last and at + 3 <= end and total <= most:
            header = int.from_bytes(data[at : at + 3], "little")
            last, kind, size = bool(header & 1), header >> 1 & 3, header >> 3
            at += 3 + (1 if kind == 1 else size)  # 1: one byte, repeated
            total += size if kind in (0, 1) else ZSTD_BLOCK
        at += 4 * (descriptor >> 2 & 1)  # checksum
    return total


def _lz4_bound(data: Buffer, at: int, end: int) -> int:
    """The most that an lz4 frame can become (LZ4 frame format 1.6.2)."""
    total = 0
    while at + 7 <= end and struct.unpack_from("<I", data, at)[0] == LZ4:
        flags, largest = data[at + 4], 1 << (8 + 2 * (data[at + 5] >> 4 & 7))
        at += 7 + 8 * (flags >> 3 & 1) + 4 * (flags & 1)
        while at + 4 <= end and total <= LARGEST_CHUNK:
            (block,) = struct.unpack_from("<I", data, at)
            at += 4
            if not block:  # the end mark
                at += 4 * (flags >> 2 & 1)
                break
            size = block & 0x7FFFFFFF
            at += size + 4 * (flags >> 4 & 1)
            # A compressed byte adds 255 at most.
            total += size if block >> 31 else min(largest, 255 * size)
        else:
            break
    return total
