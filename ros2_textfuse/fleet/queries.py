"""A store in SQL: DuckDB over its Parquet files, read where they lie."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ros2_textfuse.fleet import files, schema
from ros2_textfuse.fleet.errors import FleetError, needs
from ros2_textfuse.fleet.store import Store

if TYPE_CHECKING:
    import duckdb


ROWS = 1000  # that are fetched at a time
RECORDING = [name for name in schema.RECORDING if name not in ("key", "source", "thermal_source", "content")]


def connect(store: Store, other: Store | None = None) -> "duckdb.DuckDBPyConnection":
    """A connection with two views, or with two more of another store, other_frames and other_recordings.

    frames: a row for each measured frame of a listed key, with the columns of its recording.
    recordings: a row for each recording that was named, with the columns of the manifest. What could not be read has
    a `problem`, and a key only where an earlier run could read it; two of one content have one key.

    Raises:
        FleetError: DuckDB is not installed, or nothing was evaluated into a store yet.
    """
    try:
        import duckdb
    except ImportError as error:
        raise needs("duckdb") from error
    connection = duckdb.connect()
    connection.execute("set enable_progress_bar = false")
    for prefix, one in (("", store), ("other_", other)):
        if one is not None:
            _add_views(connection, one, prefix)
    return connection


def answer(connection: "duckdb.DuckDBPyConnection", sql: str, as_csv: bool = False) -> Iterator[str]:
    """The lines of an answer: a table for people, cut where it is long, or comma-separated values.

    Raises:
        FleetError: the question makes no sense; the message is DuckDB's.
    """
    import duckdb

    try:
        if not as_csv:
            if (found := connection.sql(sql)) is not None:  # it is a question, not a command
                yield str(found).rstrip()
            return
        connection.execute(sql)
        names = [column[0] for column in connection.description or ()]
        yield _csv([names])
        while rows := connection.fetchmany(ROWS):
            yield _csv(rows)
    except duckdb.Error as error:
        raise FleetError(str(error)) from error


def _csv(rows: Iterable[Sequence[Any]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(rows)
    return buffer.getvalue().rstrip("\n")


def _add_views(connection: "duckdb.DuckDBPyConnection", store: Store, prefix: str) -> None:
    if not store.keys():
        raise FleetError(f"{store.path} has no recording yet: `textfuse fleet eval` evaluates them into it")
    fs, place = files.filesystem(store.path)
    if files.is_remote(store.path):
        connection.register_filesystem(fs)
        place = store.path
    pattern, listed = (_quoted(f"{place}/{name}") for name in ("frames/*.parquet", "recordings.parquet"))
    made = ", ".join(f"any_value({name}) as {name}" for name in RECORDING)
    # A file that is no longer listed is of an old offset, calibration or content of some recording.
    connection.execute(
        f"create view {prefix}rows as select * from read_parquet({pattern}) "
        f"semi join (select key from read_parquet({listed})) using (key)"
    )
    connection.execute(f"create view {prefix}frames as select * from {prefix}rows where number is not null")
    connection.execute(
        f"""create view {prefix}recordings as
        with listed as (select * exclude (identity) from read_parquet({listed})),
        made as (select key, {made} from {prefix}rows group by key)
        select * from listed left join made using (key)"""
    )


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
