"""Stretches of a recording that is not whole yet: kept in the store, so that a run that was interrupted goes on.

stretches/KEY/HASH.parquet   rows of one stretch; the folder goes when the recording has its file
"""

import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from ros2_textfuse.fleet import schema
from ros2_textfuse.fleet.store import Store

FOLDER = "stretches"
BESIDE = b"textfuse"  # of a table's metadata: what is known of the stretch beside its rows


@dataclass
class Measured:
    """What came of a stretch, or of a whole recording."""

    frames: list[dict[str, Any]]
    took: list[float]
    """Milliseconds of each fusion."""
    engine: str
    excluded: dict[str, int] = field(default_factory=dict)
    """Reason -> pairs that could not be measured."""


@dataclass(frozen=True)
class Finished:
    """The stretches of one recording that are done.

    Args:
        store: where they are kept.
        key: of the recording, which says by what content, settings and weights they were made.
        version: of textfuse; what another one has measured is not joined with what this one does.
    """

    store: Store
    key: str
    version: str

    def get(self, first: int, until: int | None) -> Measured | None:
        """What was measured from one pair up to another; None where that is not done.

        Raises:
            StoreError: it is damaged.
            OSError: it cannot be read.
        """
        if (table := self.store.read_table(self._name(first, until))) is None:
            return None
        frames = [{name: value for name, value in row.items() if value is not None} for row in table.to_pylist()]
        return Measured(frames, **json.loads((table.schema.metadata or {})[BESIDE]))

    def put(self, first: int, until: int | None, measured: Measured) -> None:
        """Keep a stretch.

        Raises:
            StoreError: it cannot be written.
        """
        beside = {"took": measured.took, "engine": measured.engine, "excluded": measured.excluded}
        table = schema.frames_table(measured.frames, self.store.frame_columns)
        self.store.write_table(self._name(first, until), table.replace_schema_metadata({BESIDE: json.dumps(beside)}))

    def _name(self, first: int, until: int | None) -> str:
        parts = f"{self.version} {first} {until}"
        return f"{FOLDER}/{self.key}/{hashlib.blake2b(parts.encode(), digest_size=8).hexdigest()}"


def forget(store: Store, keys: Collection[str]) -> None:
    """Remove the stretches of recordings that have their files.

    Raises:
        StoreError: they cannot be removed.
    """
    for key in store.names(FOLDER) & set(keys):
        store.remove(f"{FOLDER}/{key}")
