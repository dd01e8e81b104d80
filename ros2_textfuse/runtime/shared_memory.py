"""What Fast DDS leaves in shared memory when a process is killed: a segment of megabytes each time, until a reboot."""

import fcntl
import re
import time
from pathlib import Path

FOLDER = Path("/dev/shm")
SEGMENT_LOCK = re.compile(r"(fastdds|fastrtps)_[0-9a-f]{16}_el")
YOUNG = 5.0  # s, within which a segment may be there before its owner holds the lock


def remove_abandoned(folder: Path = FOLDER) -> int:
    """Remove the segments whose owner lives no more, as `fastdds shm clean` does; returns how many there were.

    The owner holds a lock on a file beside the segment as long as it lives, in whatever container. What belongs to
    another user stays.
    """
    removed = 0
    for path in folder.glob("fast*_el"):
        try:
            if not SEGMENT_LOCK.fullmatch(path.name) or time.time() - path.stat().st_mtime < YOUNG:
                continue
            with path.open("r+") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.with_name(path.name.removesuffix("_el")).unlink(missing_ok=True)
                path.unlink()
                removed += 1
        except OSError:  # it is locked, or gone, or another user's
            continue
    return removed
