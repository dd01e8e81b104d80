"""Paths and URLs alike, by fsspec: a local path is what has no `://` in it."""

import contextlib
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ros2_textfuse.fleet.errors import FleetError, needs
from ros2_textfuse.runtime.output import write_whole


def is_remote(path: str) -> bool:
    """Whether a path is a URL."""
    return "://" in path


def absolute(path: str) -> str:
    """A path that means the same to a worker, which may be in another folder; a URL as it is."""
    return path if is_remote(path) else str(Path(path).absolute())


def filesystem(path: str) -> tuple[Any, str]:
    """The file system of a path or URL, and the path on it.

    Raises:
        FleetError: fsspec, or what it needs for this kind of URL, is not installed, or the kind is unknown.
    """
    try:
        import fsspec
    except ImportError as error:
        raise needs("fsspec") from error
    if not is_remote(path):
        return fsspec.filesystem("file"), absolute(path)
    try:
        fs, inner = fsspec.core.url_to_fs(path)
    except (ImportError, ValueError) as error:
        raise FleetError(f"{path} cannot be reached: {error}") from error
    return fs, inner


def named(fs: Any, path: str) -> str:
    """A path on a file system as a user would name it."""
    return path if "file" in _protocols(fs) else str(fs.unstrip_protocol(path))


def write(path: str, content: bytes) -> None:
    """Write a file whole or not at all: beside and renamed on a disk; an object of a store appears whole by itself.

    Raises:
        OSError: it cannot be written.
    """
    fs, inner = filesystem(path)
    if "file" in _protocols(fs):
        write_whole(Path(inner), content)
    else:
        with _faults_named(path):
            fs.pipe_file(inner, content)


def read(path: str) -> bytes:
    """A whole file.

    Raises:
        OSError: it cannot be read.
    """
    fs, inner = filesystem(path)
    with _faults_named(path):
        return bytes(fs.cat_file(inner))


def remove(path: str) -> None:
    """Remove a folder with all that is in it; one that is not there is fine.

    Raises:
        OSError: it cannot be removed.
    """
    fs, inner = filesystem(path)
    with contextlib.suppress(FileNotFoundError), _faults_named(path):
        fs.invalidate_cache()
        fs.rm(inner, recursive=True)


def find(path: str) -> dict[str, dict[str, Any]]:
    """All files below a folder, or the one file, with what the file system says of each; paths are of that system.

    Raises:
        OSError: it does not exist, or cannot be read.
    """
    fs, inner = filesystem(path)
    with _faults_named(path):
        fs.invalidate_cache()
        found: dict[str, dict[str, Any]] = fs.find(inner, detail=True)
    return found


@contextlib.contextmanager
def on_this_machine(paths: Sequence[str]) -> Iterator[list[str]]:
    """Files and folders as paths of this machine: remote ones are fetched into a folder that goes afterwards.

    Raises:
        OSError: one cannot be fetched, or the disk is full.
    """
    if not any(map(is_remote, paths)):
        yield list(paths)
        return
    folder = Path(tempfile.mkdtemp(prefix="textfuse-fleet-"))
    try:
        local = []
        for number, path in enumerate(paths):
            fs, inner = filesystem(path)
            place = folder / str(number) / Path(inner).name
            place.parent.mkdir()
            with _faults_named(path):
                is_folder = fs.isdir(inner)
                fs.get(inner.rstrip("/") + "/" * is_folder, str(place) + "/" * is_folder, recursive=is_folder)
            local.append(str(place))
        yield local
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _faults_named(path: str) -> Iterator[None]:
    """What the libraries behind a URL raise is seldom an OSError, and seldom says where."""
    try:
        yield
    except FileNotFoundError as error:
        raise FileNotFoundError(f"{path} does not exist") from error
    except OSError as error:
        if error.filename or not is_remote(path):
            raise
        raise OSError(error.errno, f"{path}: {error}") from error
    except Exception as error:
        if not is_remote(path):
            raise
        raise OSError(f"{path} cannot be reached: {type(error).__name__}: {error}") from error


def _protocols(fs: Any) -> tuple[str, ...]:
    return (fs.protocol,) if isinstance(fs.protocol, str) else tuple(fs.protocol)


def stat_of(path: str, details: dict[str, Any]) -> str:
    """What changes when a file does, without reading it: an object's ETag, a file's size and time."""
    tag = details.get("ETag") or details.get("etag") or details.get("md5Hash")
    if tag:
        return f"{details['size']} {tag}"
    time = Path(path).stat().st_mtime_ns if not is_remote(path) and Path(path).exists() else details.get("mtime", "")
    return f"{details['size']} {time}"
