"""Where textfuse keeps what it downloads and builds: detector weights, compiled engines."""

import functools
import logging
import os
from pathlib import Path

logger = logging.getLogger(__name__)


def cache_dir() -> Path:
    """The cache folder, created when it is missing.

    $TEXTFUSE_CACHE when set, else $XDG_CACHE_HOME/textfuse, else ~/.cache/textfuse. It is never a temporary
    folder: what is built once must still be there after a reboot. A folder that cannot be created or written
    is returned all the same, with one warning that names the cure; writing into it then raises an OSError.
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
    return Path.home() / ".cache" / "textfuse"
