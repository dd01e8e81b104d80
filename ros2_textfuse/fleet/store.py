"""A store: one Parquet file for each recording, named by what made it, and a list of what was asked for.

store.json           what all figures were made with
recordings.parquet   a row for each recording that was named: its key, or why it has none; the columns of the manifest
frames/KEY.parquet   a row for each frame; written beside and renamed, so that a file which is there is whole
stretches/KEY/       of a long recording that is not whole yet, see finished.py
"""

import errno
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ros2_textfuse.fleet import files, schema
from ros2_textfuse.fleet.errors import StoreError, needs
from ros2_textfuse.fleet.recipe import LAYOUT

if TYPE_CHECKING:
    import pyarrow


@dataclass(frozen=True)
class Store:
    """A store that exists.

    Args:
        path: folder or URL.
        settings: what its figures were made with, of `Recipe.description`.
    """

    path: str
    settings: Mapping[str, Any]

    @classmethod
    def open(cls, path: str) -> "Store":
        """A store to read.

        Raises:
            StoreError: there is none, or one of another layout.
        """
        if (settings := _settings(path)) is None:
            raise StoreError(f"{path} is no store: store.json is missing; `textfuse fleet eval` makes one")
        return cls(path, settings)

    @classmethod
    def claim(cls, path: str, settings: Mapping[str, Any]) -> "Store":
        """A store to write into, made where it is missing.

        Raises:
            StoreError: it holds figures of other settings, which are named, or something else.
            OSError: it cannot be written.
        """
        before = _settings(path)
        if before is None:
            if _holds_something(path):
                raise StoreError(f"{path} is not empty and holds no store: name another place")
            write(f"{path}/store.json", (json.dumps(settings, indent=2) + "\n").encode())
            return cls(path, settings)
        differing = [name for name in {**before, **settings} if before.get(name) != settings.get(name)]
        if differing:
            told = "; ".join(f"{name} is {before.get(name)!r}, asked for {settings.get(name)!r}" for name in differing)
            raise StoreError(f"{path} holds figures of other settings: {told}. Name another store for these")
        return cls(path, settings)

    @property
    def frame_columns(self) -> dict[str, str]:
        """Columns of a frame -> their types."""
        return schema.FRAME | (schema.BOXES if self.settings.get("detector") else {})

    def keys(self) -> set[str]:
        """Of the recordings that are done."""
        return {name.removesuffix(".parquet") for name in self.names("frames") if name.endswith(".parquet")}

    def names(self, folder: str) -> set[str]:
        """What lies in one of its folders; nothing where there is none."""
        try:
            found = files.find(f"{self.path}/{folder}")
        except FileNotFoundError:
            return set()
        return {path.rpartition(f"/{folder}/")[2].partition("/")[0] for path in found}

    def put(self, key: str, recording: Mapping[str, Any], frames: Sequence[Mapping[str, Any]]) -> None:
        """Write a recording's file.

        Raises:
            StoreError: it cannot be written.
        """
        self.write_table(f"frames/{key}", schema.table(recording, frames, self.frame_columns))

    def write_table(self, name: str, table: "pyarrow.Table") -> None:
        """Write a Parquet file.

        Raises:
            StoreError: it cannot be written.
        """
        write(f"{self.path}/{name}.parquet", _parquet(table))

    def read_table(self, name: str) -> "pyarrow.Table | None":
        """A Parquet file; None where there is none.

        Raises:
            StoreError: it is damaged.
            OSError: it cannot be read.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        path = f"{self.path}/{name}.parquet"
        try:
            return pq.read_table(io.BytesIO(files.read(path)))
        except FileNotFoundError:
            return None
        except pa.ArrowInvalid as error:
            raise StoreError(f"{path} is damaged ({error}): remove it, and it is made again") from error

    def remove(self, name: str) -> None:
        """Remove a folder.

        Raises:
            StoreError: it cannot be removed.
        """
        try:
            files.remove(f"{self.path}/{name}")
        except OSError as error:
            raise StoreError(f"{self.path}/{name} cannot be removed: {error}; is it yours to write into?") from error

    def listed(self) -> list[dict[str, Any]]:
        """The rows of recordings.parquet."""
        table = self.read_table("recordings")
        return [] if table is None else table.to_pylist()

    def list(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Write recordings.parquet: rows of `schema.LISTED` and any further columns, of text.

        Raises:
            StoreError: it cannot be written.
        """
        import pyarrow as pa

        rows = list(rows)
        names = list(dict.fromkeys([*schema.LISTED, *(name for row in rows for name in row)]))
        columns = {name: pa.array([row.get(name) for row in rows], pa.string()) for name in names}
        self.write_table("recordings", pa.table(columns))


def write(path: str, content: bytes) -> None:
    """Write a file of a store.

    Raises:
        StoreError: it cannot be written.
    """
    try:
        files.write(path, content)
    except OSError as error:
        hint = (
            "make room, and the same command goes on"
            if error.errno in (errno.ENOSPC, errno.EDQUOT)
            else ("is it yours to write into?")
        )
        raise StoreError(f"the store cannot be written: {error}; {hint}") from error


def _parquet(table: "pyarrow.Table") -> bytes:
    import pyarrow.parquet as pq

    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd")
    return buffer.getvalue()


def _settings(path: str) -> dict[str, Any] | None:
    """What store.json holds; None where there is none."""
    try:
        found: dict[str, Any] = json.loads(files.read(f"{path}/store.json"))
    except FileNotFoundError:
        return None
    except NotADirectoryError as error:
        raise StoreError(f"{path} is a file: name a folder for the store") from error
    except ValueError as error:
        raise StoreError(f"{path}/store.json is damaged ({error}): name another store") from error
    if not isinstance(found, dict) or found.get("layout") != LAYOUT:
        layout = found.get("layout") if isinstance(found, dict) else None
        raise StoreError(f"{path} has the layout {layout}; {LAYOUT} is read: evaluate again into another store")
    return found


def _holds_something(path: str) -> bool:
    try:
        return bool(files.find(path))
    except FileNotFoundError:
        return False


def require_parquet() -> None:
    """Raise FleetError where PyArrow is not installed."""
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError as error:
        raise needs("pyarrow") from error
