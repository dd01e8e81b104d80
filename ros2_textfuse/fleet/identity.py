"""What a recording is, whatever it is called: a hash of its content."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from ros2_textfuse.fleet import files
from ros2_textfuse.fleet.sources import Source

BLOCK = 1 << 20  # bytes read at a time
MESSAGES = (".mcap", ".db3")


@dataclass(frozen=True)
class Identity:
    """Of one recording."""

    stat: str
    """Sizes and times of its files, or what an object store calls their content: while that stays, so does the hash."""
    content: str = ""
    """32 hex digits; empty where it could not be read."""
    size: int = 0
    """Bytes."""
    problem: str = ""
    """Why it could not be read."""


def identify(source: Source, known: dict[str, str]) -> Identity:
    """The identity of a recording; its bytes are read only where that was not done before.

    An object store's own checksum stands for an object's bytes, so that nothing is fetched twice.

    Args:
        source: to look at.
        known: content by `stat`, of an earlier run.
    """
    try:
        found = [_files(path) for path in source.paths]
        stat = hashlib.blake2b("\n".join(line for side in found for line in side.values()).encode(), digest_size=16)
        size = sum(int(line.split()[0]) for side in found for line in side.values())
        return Identity(stat.hexdigest(), known.get(stat.hexdigest()) or _content(found), size)
    except OSError as error:
        return Identity("", problem=f"it cannot be read: {error}")


def identify_batch(known: dict[str, str], sources: Sequence[Source]) -> list[Identity]:
    """Identities of some recordings, as `identify` finds them."""
    return [identify(source, known) for source in sources]


def _files(path: str) -> dict[str, str]:
    """The files of a path, by name, and the stat of each; of a bag those with messages alone."""
    details = files.find(path)
    if not details:
        raise FileNotFoundError(f"{path} does not exist")
    messages = {name: found for name, found in details.items() if PurePosixPath(name).suffix in MESSAGES}
    fs, _ = files.filesystem(path)
    return {
        files.named(fs, name): files.stat_of(files.named(fs, name), found)
        for name, found in sorted((messages or details).items())
    }


def _content(sides: list[dict[str, str]]) -> str:
    state = hashlib.blake2b(digest_size=16)
    for number, side in enumerate(sides):
        for path, stat in side.items():
            state.update(f"{number} {stat.split()[0]}".encode())
            if files.is_remote(path) and " " in stat:
                state.update(stat.encode())
                continue
            with open(path, "rb") as file:  # noqa: PTH123 - a path as it was named
                while block := file.read(BLOCK):
                    state.update(block)
    return state.hexdigest()
