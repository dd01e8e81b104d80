"""How large a chunk becomes is known before it is unpacked."""

import resource
import shutil
import struct
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import zstandard
from lz4 import frame as lz4

from ros2_textfuse.recordings import mcap_limits
from ros2_textfuse.recordings.bag_reader import Bag
from ros2_textfuse.recordings.mcap_limits import MAGIC, TooLargeError, check_mcap
from tests.helpers.messages import noise
from tests.helpers.recordings import write_bag

MIB = 1 << 20


def mcap(path, *chunks, kind=b"zstd", claimed=None):
    """A file of chunks, each (start, end, packed bytes, unpacked size)."""
    records = []
    for start, end, packed, size in chunks:
        head = struct.pack("<QQQI", start, end, size if claimed is None else claimed, 0)
        body = head + struct.pack("<I", len(kind)) + kind + struct.pack("<Q", len(packed)) + packed
        records.append(struct.pack("<BQ", 6, len(body)) + body)
    path.write_bytes(MAGIC + b"".join(records))
    return path


def packed(size, streamed=False):
    """So many zeros in zstd, with or without their number in the frame's header."""
    compressor = zstandard.ZstdCompressor(level=3)
    if not streamed:
        return compressor.compress(bytes(size))
    stream = compressor.compressobj()
    return b"".join([*(stream.compress(bytes(MIB)) for _ in range(size // MIB)), stream.flush()])


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("claimed", [None, 100])
def test_a_bomb_is_refused(tmp_path, streamed, claimed):
    """Whatever the chunk's own header claims."""
    data = packed(512 * MIB, streamed)
    assert len(data) < 100_000
    with pytest.raises(TooLargeError, match="unpacked"):
        check_mcap(mcap(tmp_path / "bomb.mcap", (0, 1, data, 512 * MIB), claimed=claimed))


def test_a_file_that_does_not_fit_is_not_unpacked(tmp_path, monkeypatch):
    """As rosbag2's file compression leaves it; the second finds less room than the first."""
    (tmp_path / "bag").mkdir()
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=100 * MIB))
    for number, streamed in enumerate((False, True)):
        (tmp_path / "bag" / f"bag_{number}.db3.zstd").write_bytes(packed(64 * MIB, streamed))
    with pytest.raises(TooLargeError, match=r"bag_1.db3.zstd would be larger, unpacked, than the 3\d MiB"):
        Bag(tmp_path / "bag")


def test_frames_one_after_the_other_count_together(tmp_path):
    with pytest.raises(TooLargeError):
        check_mcap(mcap(tmp_path / "bomb.mcap", (0, 1, packed(64 * MIB) * 5, 100)))


def test_an_lz4_bomb_is_refused(tmp_path):
    data = lz4.compress(bytes(300 * MIB))
    with pytest.raises(TooLargeError):
        check_mcap(mcap(tmp_path / "bomb.mcap", (0, 1, data, 100), kind=b"lz4"))


def test_chunks_of_one_moment_count_together(tmp_path):
    data = packed(200 * MIB)
    after = [(at, at, data, 200 * MIB) for at in range(20)]
    check_mcap(mcap(tmp_path / "long.mcap", *after))
    with pytest.raises(TooLargeError, match="together"):
        check_mcap(mcap(tmp_path / "bomb.mcap", *((0, 9, *rest[2:]) for rest in after)))


@pytest.mark.parametrize("size", [0, 1, 1000, 200_000, 5 * MIB])
def test_the_bound_is_one_and_is_not_far(size):
    data = np.random.default_rng(0).integers(0, 4, size, np.uint8).tobytes()
    for compressed, bound in (
        (zstandard.compress(data), mcap_limits._zstd_bound),
        (lz4.compress(data), mcap_limits._lz4_bound),
        (lz4.compress(data, block_size=lz4.BLOCKSIZE_MAX4MB, content_checksum=True), mcap_limits._lz4_bound),
    ):
        assert size <= bound(memoryview(compressed), 0, len(compressed)) <= 2 * size + 5 * MIB


def test_a_bag_of_this_machine_passes(tmp_path):
    bag = write_bag(tmp_path / "bag", noise(5, 48, 64, 3), noise(5, 48, 64), mcap=True)
    assert len(Bag(bag).topics) == 2


def test_a_bomb_takes_no_memory(tmp_path):
    """The reader's process may have 1.5 GB of address space; the bomb asks for 3."""
    path = mcap(tmp_path / "bomb.mcap", (0, 1, packed(3072 * MIB, streamed=True), 100))
    code = (
        "import sys, pathlib\nfrom ros2_textfuse.recordings.bag_reader import Bag\n"
        "from ros2_textfuse.recordings.types import RecordingError\n"
        "try: Bag(pathlib.Path(sys.argv[1]))\nexcept RecordingError as error: sys.exit(str(error))"
    )
    limit = lambda: resource.setrlimit(resource.RLIMIT_AS, (3 << 29, 3 << 29))  # noqa: E731
    ended = subprocess.run(
        [sys.executable, "-c", code, str(path)], preexec_fn=limit, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1 and "unpacked" in ended.stderr and "Traceback" not in ended.stderr
