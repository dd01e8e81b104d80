"""What a command writes: never over what it reads or did not make, and whole or not at all."""

import contextlib
import os
from collections.abc import Callable, Iterable
from pathlib import Path

from ros2_textfuse.errors import TextfuseError

HEAD = 256  # bytes of a file that say who made it


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
            other = "" if path == source else f" as {source}"
            raise OutputError(f"{path} is what is read{other} and would be overwritten: name another place")


def check_folder(folder: Path, *known: str) -> None:
    """Check that a folder can be written into, before the work whose results belong there.

    Args:
        folder: one that is missing, empty, or was made by a command of the same kind.
        known: names of which such a command leaves at least one in its folder.

    Raises:
        OutputError: it holds something else, or cannot be made or written.
    """
    there = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        raise OutputError(f"{folder} cannot be written: {there} is no folder that may be written into")
    if folder.exists() and any(folder.iterdir()) and not any((folder / name).exists() for name in known):
        raise OutputError(
            f"{folder} is not empty, and holds no {' and no '.join(known)} of an earlier run: name another folder"
        )


def claim_folder(folder: Path, *known: str) -> None:
    """Check a folder as `check_folder` does, and make it."""
    check_folder(folder, *known)
    folder.mkdir(parents=True, exist_ok=True)


def claim_file(path: Path, ours: Callable[[bytes], bool]) -> None:
    """Check that a file may be written: one that exists already is written over only when textfuse made it.

    Args:
        path: of the file.
        ours: whether a file that begins with some bytes is one of textfuse.

    Raises:
        OutputError: it exists and is something else.
        OSError: the file cannot be read.
    """
    there = next(parent for parent in path.absolute().parents if parent.exists())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        raise OutputError(f"{path} cannot be written: {there} is no folder that may be written into")
    if not path.exists():
        return
    if not path.is_file():
        raise OutputError(f"{path} exists and is no file: name another one")
    with path.open("rb") as file:
        if not ours(file.read(HEAD)):
            raise OutputError(f"{path} exists, and does not say that textfuse made it: name another file, or remove it")


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file whole or not at all, whatever fails on the way; text as UTF-8. Its folder is made.

    Characters that are none, as in a file name of another encoding, are written as escapes.

    Raises:
        OSError: it cannot be written; what was there before is still there.
    """
    data = content if isinstance(content, bytes) else content.encode("utf-8", "backslashreplace")
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    path.parent.mkdir(parents=True, exist_ok=True)
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
