"""What a command writes: never over what it reads or did not make, and whole or not at all."""

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path

from ros2_textfuse.errors import TextfuseError


class OutputError(TextfuseError):
    """Nothing is written there; the message says why and what to do."""


def refuse_inputs(outputs: Iterable[Path], inputs: Iterable[Path]) -> None:
    """Refuse to write over what is read.

    Args:
        outputs: files or folders to be written.
        inputs: files or folders that are read.

    Raises:
        OutputError: one is the other, also by a link or another name.
    """
    read = {identity: path for path in inputs if (identity := _identity(path))}
    for path in outputs:
        if (source := read.get(_identity(path) or (0, 0))) is not None:
            raise OutputError(f"{path} is read as {source} and would be written over: name another place")


def claim_folder(folder: Path, *known: str) -> None:
    """Make a folder to write into; an existing one is taken when it is empty or a command of the same kind made it.

    Args:
        folder: made where it is missing.
        known: names of which such a command leaves at least one in its folder.

    Raises:
        OutputError: it holds something else.
        OSError: it cannot be made.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()) and not any((folder / name).exists() for name in known):
        raise OutputError(
            f"{folder} is not empty, and holds no {' and no '.join(known)} of an earlier run: name another folder"
        )


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file whole or not at all, whatever fails on the way; text as UTF-8.

    Characters that are none, as in a file name of another encoding, are written as escapes.

    Raises:
        OSError: it cannot be written; what was there before is still there.
    """
    data = content if isinstance(content, bytes) else content.encode("utf-8", "backslashreplace")
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        partial.write_bytes(data)
        partial.replace(path)
    except BaseException as error:  # Ctrl-C as well
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise OSError(error.errno, f"{error.strerror}: it cannot be written", str(path)) from error
        raise


def _identity(path: Path) -> tuple[int, int] | None:
    """What two names of one file or folder have in common."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_dev, stat.st_ino
