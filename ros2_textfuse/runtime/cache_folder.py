"""Where textfuse keeps what it downloads and builds: detector weights, compiled engines."""

import atexit
import functools
import logging
import os
import shutil
import tempfile
from pathlib import Path

logger = logging.getLogger(__name__)


def cache_dir() -> Path:
    """The cache folder, created when it is missing.

    $TEXTFUSE_CACHE when set, else $XDG_CACHE_HOME/textfuse, else ~/.cache/textfuse. It is no temporary folder, since
    what is built once must still be there after a reboot; only where there is no home it is one, with a warning. A
    folder that cannot be created or written is returned all the same, with one warning that names the cure; writing
    into it then raises an OSError.
    """
    folder = _configured()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        writable = os.access(folder, os.W_OK | os.X_OK)
    except OSError:
        writable = False
    if not writable:
        _warn(folder)
    return folder


def use(folder: str) -> None:
    """Take another cache folder from now on, in this process and those it starts; an empty string changes nothing."""
    if folder:
        os.environ["TEXTFUSE_CACHE"] = folder


@functools.lru_cache  # once per folder, although many ask for it
def _warn(folder: Path) -> None:
    logger.warning(
        "The cache folder %s cannot be written, so nothing is kept there. Make it writable, or set "
        "TEXTFUSE_CACHE to a folder that is.",
        folder,
    )


def _configured() -> Path:
    if folder := os.environ.get("TEXTFUSE_CACHE"):
        return Path(folder).expanduser()
    if folder := os.environ.get("XDG_CACHE_HOME"):
        return Path(folder).expanduser() / "textfuse"
    try:
        return Path.home() / ".cache" / "textfuse"
    except RuntimeError:  # HOME is not set, and the user is in no list of users: a container
        return _passing_folder()


@functools.lru_cache
def _passing_folder() -> Path:
    """A folder of this process alone; a shared one could hold what somebody else has put there to be run."""
    folder = tempfile.mkdtemp(prefix="textfuse-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    logger.warning(
        "HOME is not set, so what is built is forgotten at the end. Set HOME, or TEXTFUSE_CACHE to a folder that stays."
    )
    return Path(folder)
