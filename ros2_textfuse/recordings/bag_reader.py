"""rosbag2 bags, sqlite3 and mcap, read without ROS; damaged ones up to the damage.

A recorder that was killed leaves a bag without its index and its metadata.yaml, a full disk one that breaks off in the
middle of an image. `rosbags` reads what is whole; what it refuses is read record by record from the front.
"""

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from rosbags.highlevel import AnyReader
from rosbags.typesys import Stores, get_typestore

from ros2_textfuse.recordings.mcap_limits import check_mcap, unpacked
from ros2_textfuse.recordings.types import RecordingError

IMAGE = "sensor_msgs/msg/Image"
COMPRESSED = "sensor_msgs/msg/CompressedImage"
BESIDE = "/compressed"  # what image_transport adds to the name of a topic
SUFFIXES = (".mcap", ".db3")  # of files of messages
LARGEST_RECORD = 1 << 30  # bytes; more is a damaged length
LARGEST_METADATA = 1 << 20  # bytes: thousands of files and topics; what is larger takes minutes to parse


class BagError(RecordingError):
    """A bag, or the rest of it, cannot be read; the message says what is wrong and where."""


@dataclass(frozen=True)
class Topic:
    """A topic of a bag."""

    name: str
    msgtype: str
    count: int


class Bag:
    """A bag, opened to look at what is in it.

    Args:
        path: a rosbag2 folder, or an .mcap or .db3 file.

    Raises:
        BagError: nothing in it can be read.
        TooLargeError: it would take more memory than any recording needs.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.damage = ""
        """Where the bag breaks off, as far as opening tells; empty for one that looks whole."""
        self._store = get_typestore(Stores.ROS2_KILTED)
        for file in self._files():
            if file.suffix == ".mcap":
                check_mcap(file)
        self._check_packed()
        try:
            self._check_metadata()
            with self.reader() as reader:
                self.topics = {c.topic: Topic(c.topic, c.msgtype, c.msgcount) for c in reader.connections}
                self.start, self.end = reader.start_time, reader.end_time
                """ns, when the first and the last message were recorded."""
        except Exception as error:  # a damaged file fails anywhere in the libraries that parse it
            self._survey(error)

    def images(self, name: str) -> Topic | None:
        """The topic of images that goes by a name: that of the name, else the compressed one beside it."""
        topics = [self.topics[topic] for topic in (name, name + BESIDE) if topic in self.topics]
        topics = [topic for topic in topics if topic.msgtype in (IMAGE, COMPRESSED)]
        return max(topics, key=lambda topic: topic.count > 0, default=None)

    def messages(self, names: tuple[str, ...], start: int | None = None) -> Generator[tuple[str, int, Any], None, None]:
        """Topic, time of recording in ns, and message of these topics, in the order in which they were recorded.

        Args:
            names: of the topics.
            start: ns, the time of recording from which on; None for all.

        Raises:
            BagError: here the damage begins; all before it has been yielded. A bag that was not closed ends so, too.
        """
        count = 0
        raw = self._scan() if self.damage else self._indexed(names, start)
        try:
            for topic, msgtype, time, data in raw:
                if topic in names and (start is None or time >= start):
                    message = self._store.deserialize_cdr(data, msgtype)
                    count += 1
                    yield topic, time, message
            if self.damage:
                raise BagError(self.damage)
        except BagError:
            raise
        except Exception as error:
            raise BagError(f"{self.path} is damaged after {count} messages of {', '.join(names)}: {error}") from error

    def reader(self) -> AnyReader:
        """Of all messages, raw, for a `with` block."""
        return AnyReader([self.path], default_typestore=self._store)

    def _indexed(self, names: tuple[str, ...], start: int | None) -> Iterator[tuple[str, str, int, bytes]]:
        with self.reader() as reader:
            connections = [connection for connection in reader.connections if connection.topic in names]
            expected, count = sum(connection.msgcount for connection in connections), 0
            for connection, time, data in reader.messages(connections, start=start):
                yield connection.topic, connection.msgtype, time, data
                count += 1
        if start is None and count < expected:  # without checksums, a reader of mcap takes zeros for records to skip
            raise BagError(f"{self.path} is damaged: {expected - count} of {expected} messages are lost in it")

    def _survey(self, refusal: Exception) -> None:
        """What `rosbags` would have told: topics, counts and times, by reading all that there is."""
        types: dict[str, str] = {}
        counts: dict[str, int] = {}
        times: list[int] = []
        try:
            for topic, msgtype, time, _ in self._scan():
                types[topic] = msgtype
                counts[topic] = counts.get(topic, 0) + 1
                times = [min([time, *times[:1]]), max([time, *times[1:]])]
            self.damage = f"{self.path} was not closed: its index is missing ({refusal})"
        except BagError as error:
            self.damage = str(error)
        if not times:
            why = self._no_bag() or f"cannot be read as a bag: {refusal}".rstrip(".")
            if self._packed:
                why += "; what is unpacked is read as far as it goes: zstd -dc FILE.zstd > FILE, for each"
            raise BagError(f"{self.path} {why}") from refusal
        self.topics = {name: Topic(name, types[name], count) for name, count in counts.items()}
        self.start, self.end = times

    def _no_bag(self) -> str:
        """What a path is that somebody took for a bag, or a command for one since no second one was named."""
        if self.path.is_file() and self.path.suffix not in SUFFIXES:
            return "is no bag (.mcap, .db3): of a video or an image, name the thermal side as well"
        if self.path.is_dir() and not self._files() and not self._packed:
            return (
                "is no bag, which holds a .mcap or .db3 file, nor a folder of pairs, which holds vi/ and ir/; of a "
                "folder of one camera's images, name the other one's as well"
            )
        return ""

    def _check_metadata(self) -> None:
        """What is too large counts as damaged: the messages tell the same."""
        metadata = self.path / "metadata.yaml"
        if metadata.is_file() and (size := metadata.stat().st_size) > LARGEST_METADATA:
            raise BagError(f"{metadata.name} has {size} bytes, of {LARGEST_METADATA} at most")

    def _check_packed(self) -> None:
        """Files in zstd are unpacked into the folder for temporary files, all at once."""
        room = shutil.disk_usage(tempfile.gettempdir()).free
        for file in self._packed:
            room -= unpacked(file, room)

    @property
    def _packed(self) -> list[Path]:
        """The files in zstd."""
        return sorted(self.path.glob("*.zstd")) if self.path.is_dir() else []

    def _files(self) -> list[Path]:
        """The files with messages, in their order."""
        if not self.path.is_dir():
            return [self.path]
        found = (path for path in self.path.iterdir() if path.suffix in SUFFIXES)
        return sorted(found, key=lambda path: (len(path.name), path.name))  # bag_2 before bag_10

    def _scan(self) -> Iterator[tuple[str, str, int, bytes]]:
        """Topic, type, time and data of each message from the front, without index or metadata."""
        for file in self._files():
            yield from _scan_mcap(file) if file.suffix == ".mcap" else _scan_sqlite3(file)


def _scan_mcap(path: Path) -> Iterator[tuple[str, str, int, bytes]]:
    # For bags that were not closed alone: a robot that plays whole ones does without mcap.
    from mcap.records import Channel, Message, Schema
    from mcap.stream_reader import StreamReader

    schemas: dict[int, Schema] = {}
    channels: dict[int, Channel] = {}
    with path.open("rb") as file:
        try:
            for record in StreamReader(file, validate_crcs=True, record_size_limit=LARGEST_RECORD).records:
                if isinstance(record, Schema):
                    schemas[record.id] = record
                elif isinstance(record, Channel):
                    channels[record.id] = record
                elif isinstance(record, Message):
                    channel = channels[record.channel_id]
                    yield channel.topic, schemas[channel.schema_id].name, record.log_time, record.data
        except Exception as error:  # what the bytes of a damaged file make of the parser cannot be foreseen
            reason = f"{type(error).__name__} {error}".strip()
            at, size = file.tell(), path.stat().st_size
            raise BagError(f"{path} breaks off before byte {at} of {size} ({reason})") from error


def _scan_sqlite3(path: Path) -> Iterator[tuple[str, str, int, bytes]]:
    count = 0
    try:
        with closing(sqlite3.connect(f"file:{quote(os.fsencode(path))}?mode=ro", uri=True)) as database:
            database.execute("PRAGMA writable_schema = ON")  # else SQLite opens no file that is shorter than it was
            topics = {row[0]: row[1:] for row in database.execute("SELECT id, name, type FROM topics")}
            # In the order of the table, which needs no index.
            for topic, time, data in database.execute("SELECT topic_id, timestamp, data FROM messages ORDER BY id"):
                yield *topics[topic], time, data
                count += 1
    except (sqlite3.Error, KeyError) as error:
        raise BagError(f"{path} breaks off after message {count} ({error})") from error
