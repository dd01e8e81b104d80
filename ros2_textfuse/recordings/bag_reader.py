"""rosbag2 bags, sqlite3 and mcap, read without ROS; damaged ones up to the damage.

A recorder that was killed leaves a bag without its index and its metadata.yaml, a full disk one that breaks off in the
middle of an image. `rosbags` reads what is whole; what it refuses is read record by record from the front.
"""

import re
import sqlite3
from collections.abc import Collection, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from mcap.records import Channel, Message, Schema
from mcap.stream_reader import StreamReader
from rosbags.highlevel import AnyReader
from rosbags.typesys import Stores, get_typestore

from ros2_textfuse.imaging import compressed
from ros2_textfuse.imaging.encodings import THERMAL_ENCODINGS, VISIBLE_ENCODINGS, ImageError

IMAGE = "sensor_msgs/msg/Image"
COMPRESSED = "sensor_msgs/msg/CompressedImage"
BESIDE = "/compressed"  # what image_transport adds to the name of a topic
LOOKS = 10  # messages of a topic that are tried for one that can be read
COUNTS = ("mono16", "16UC1")  # raw counts: only a thermal camera sends them
THERMAL_NAME = re.compile(r"(^|[/_])(thermal|therm|lwir|ir|infra\w*|flir|boson|lepton)([/_\d]|$)", re.IGNORECASE)
LARGEST_RECORD = 1 << 30  # bytes; more is a damaged length


class BagError(ValueError):
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
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.damage = ""
        """Where the bag breaks off, as far as opening tells; empty for one that looks whole."""
        self._store = get_typestore(Stores.ROS2_KILTED)
        try:
            with self._reader() as reader:
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

    def messages(self, names: tuple[str, ...]) -> Generator[tuple[str, int, Any], None, None]:
        """Topic, time of recording in ns, and message of these topics, in the order in which they were recorded.

        Raises:
            BagError: here the damage begins; all before it has been yielded. A bag that was not closed ends so, too.
        """
        count = 0
        raw = self._scan() if self.damage else self._indexed(names)
        try:
            for topic, msgtype, time, data in raw:
                if topic in names:
                    message = self._store.deserialize_cdr(data, msgtype)
                    count += 1
                    yield topic, time, message
            if self.damage:
                raise BagError(self.damage)
        except BagError:
            raise
        except Exception as error:
            raise BagError(f"{self.path} is damaged after {count} messages of {', '.join(names)}: {error}") from error

    def _reader(self) -> AnyReader:
        return AnyReader([self.path], default_typestore=self._store)

    def _indexed(self, names: tuple[str, ...]) -> Iterator[tuple[str, str, int, bytes]]:
        with self._reader() as reader:
            connections = [connection for connection in reader.connections if connection.topic in names]
            expected, count = sum(connection.msgcount for connection in connections), 0
            for connection, time, data in reader.messages(connections):
                yield connection.topic, connection.msgtype, time, data
                count += 1
        if count < expected:  # without checksums, a reader of mcap takes zeros for records to skip
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
            raise BagError(f"{self.path} cannot be read as a bag: {refusal}") from refusal
        self.topics = {name: Topic(name, types[name], count) for name, count in counts.items()}
        self.start, self.end = times

    def _scan(self) -> Iterator[tuple[str, str, int, bytes]]:
        """Topic, type, time and data of each message from the front, without index or metadata."""
        files = [self.path]
        if self.path.is_dir():
            found = (path for path in self.path.iterdir() if path.suffix in (".mcap", ".db3"))
            files = sorted(found, key=lambda path: (len(path.name), path.name))  # bag_2 before bag_10
        for file in files:
            yield from _scan_mcap(file) if file.suffix == ".mcap" else _scan_sqlite3(file)


def _scan_mcap(path: Path) -> Iterator[tuple[str, str, int, bytes]]:
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
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)) as database:
            database.execute("PRAGMA writable_schema = ON")  # else SQLite opens no file that is shorter than it was
            topics = {row[0]: row[1:] for row in database.execute("SELECT id, name, type FROM topics")}
            # In the order of the table, which needs no index.
            for topic, time, data in database.execute("SELECT topic_id, timestamp, data FROM messages ORDER BY id"):
                yield *topics[topic], time, data
                count += 1
    except (sqlite3.Error, KeyError) as error:
        raise BagError(f"{path} breaks off after message {count} ({error})") from error


@dataclass(frozen=True)
class Camera:
    """An image topic of a bag."""

    topic: str
    count: int
    encoding: str
    width: int
    height: int

    def __str__(self) -> str:
        return f"{self.topic} ({self.count} images, {self.encoding} {self.width}x{self.height})"


def find_cameras(bag: Bag, visible: str = "", thermal: str = "") -> tuple[Camera, Camera]:
    """The visible and the thermal topic of a bag: those named, else the default names, else by type and encoding.

    A topic with raw counts, or a grey one with a name such as lwir or infrared, is thermal; the others are visible.
    Where only the compressed topic beside a name is in the bag, the name stands for it.

    Args:
        bag: to look into.
        visible: topic name, or empty to find it.
        thermal: topic name, or empty to find it.

    Raises:
        BagError: there is none of a kind, or more than one to choose from; the message lists all image topics.
    """
    cameras, unreadable = _cameras(bag)
    there = f"{bag.path} has images on: {'; '.join(map(str, cameras.values())) or 'no topic'}"
    if unreadable:
        there += f"; not readable: {'; '.join(f'{topic} ({reason})' for topic, reason in unreadable.items())}"
    named = {kind: bag.images(name) for kind, name in (("visible", visible), ("thermal", thermal)) if name}
    taken = {topic.name for topic in named.values() if topic}
    chosen = []
    for kind, name in (("visible", visible), ("thermal", thermal)):
        topic = named[kind] if name else bag.images(f"/{kind}/image_raw")
        if topic and topic.name in cameras:
            chosen.append(cameras[topic.name])
            continue
        if name:
            raise BagError(f"no {kind} images on {name}: {there}")
        suited = [camera for camera in cameras.values() if _is_thermal(camera) == (kind == "thermal")]
        suited = [camera for camera in suited if camera.topic not in taken]
        suited = [camera for camera in suited if not _is_beside(camera.topic, cameras)]
        if len(suited) != 1:
            several = "more than one topic could be" if suited else "no topic looks like"
            raise BagError(f"{several} the {kind} camera, name it by --{kind}-topic: {there}")
        chosen.append(suited[0])
    if chosen[0] == chosen[1]:
        raise BagError(f"{chosen[0].topic} cannot be both cameras: {there}")
    return chosen[0], chosen[1]


def _cameras(bag: Bag) -> tuple[dict[str, Camera], dict[str, str]]:
    """The image topics that can be read, and of the others why not."""
    cameras, unreadable = {}, {}
    for topic in bag.topics.values():
        if topic.msgtype in (IMAGE, COMPRESSED) and topic.count:
            try:
                cameras[topic.name] = Camera(topic.name, topic.count, *_look(bag, topic))
            except ImageError as error:
                unreadable[topic.name] = str(error)
    return cameras, unreadable


def _look(bag: Bag, topic: Topic) -> tuple[str, int, int]:
    """Encoding, width and height of the first image of a topic that can be read.

    Raises:
        ImageError: none can, of the first ones.
    """
    fault = ImageError("no image")
    with closing(bag.messages((topic.name,))) as messages:
        for _, (_, _, message) in zip(range(min(LOOKS, topic.count)), messages, strict=False):
            try:
                if topic.msgtype == COMPRESSED:
                    image = compressed.decode(message)
                    return image.encoding, image.width, image.height
                if message.encoding in (*VISIBLE_ENCODINGS, *THERMAL_ENCODINGS):
                    return message.encoding, message.width, message.height
                raise ImageError(f"encoding '{message.encoding}'")
            except ImageError as error:
                fault = error
    raise fault


def _is_thermal(camera: Camera) -> bool:
    grey = camera.encoding in THERMAL_ENCODINGS
    return camera.encoding in COUNTS or (grey and THERMAL_NAME.search(camera.topic) is not None)


def _is_beside(topic: str, cameras: Collection[str]) -> bool:
    """Whether a topic is the compressed one of another that is there as well."""
    return topic.endswith(BESIDE) and topic.removesuffix(BESIDE) in cameras
