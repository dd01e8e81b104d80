"""A bag copied as it is, with a topic of images added to it."""

from collections.abc import Generator
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rosbags.interfaces import ConnectionExtRosbag2
from rosbags.rosbag2 import StoragePlugin, Writer, WriterError

from ros2_textfuse.imaging import compressed
from ros2_textfuse.recordings.bag_reader import BESIDE, COMPRESSED, IMAGE, Bag
from ros2_textfuse.recordings.bag_writer import QUALITY, STORE, VERSION, disk_named
from ros2_textfuse.recordings.types import RecordingError
from ros2_textfuse.runtime import interrupts


class BagCopy:
    """Copies a bag message by message and adds images between them, in a `with` block.

    Where that ends, also by Ctrl-C, the copy is a whole bag of all that was copied and added so far.

    Args:
        source: the bag to copy.
        path: folder of the copy; it must not exist.
        topic: of the added images, raw.
        compress: add JPEG images, on the topic that image_transport gives them.

    Raises:
        RecordingError: the source was not closed or has the topic already, or the folder exists.
    """

    def __init__(self, source: Bag, path: Path, topic: str, compress: bool = False) -> None:
        if source.damage:
            raise RecordingError(f"{source.damage}; give it an index first: ros2 bag reindex {source.path}")
        self.topic = topic + BESIDE * compress
        if self.topic in source.topics:
            raise RecordingError(f"{source.path} has images on {self.topic} already: name another topic")
        files = list(source.path.iterdir()) if source.path.is_dir() else [source.path]
        mcap = any(file.suffix == ".mcap" for file in files)
        self._source, self._compress = source, compress
        self._path = path
        try:
            storage = StoragePlugin.MCAP if mcap else StoragePlugin.SQLITE3
            self._writer = Writer(path, version=VERSION, storage_plugin=storage)
        except WriterError as error:
            raise RecordingError(f"{path} exists and is not overwritten: name another folder, or remove it") from error
        self.added = 0
        """Images so far."""

    def __enter__(self) -> "BagCopy":
        self._writer.open()
        self._messages = self._copy()
        self._next = next(self._messages, None)
        kind = COMPRESSED if self._compress else IMAGE
        self._images = self._writer.add_connection(self.topic, kind, typestore=STORE)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._messages.close()
        with interrupts.ignored(), disk_named(self._path):
            self._writer.close()

    def copy(self, until: int | None = None) -> None:
        """Copy the messages that were recorded up to a time in ns; all that are left without one."""
        with disk_named(self._path):
            while self._next is not None and (until is None or self._next[1] <= until):
                self._writer.write(*self._next)
                self._next = next(self._messages, None)

    def add(self, image: NDArray[np.uint8], stamp: int, recorded: int, frame_id: str) -> None:
        """Add an image, after all that was recorded before it.

        Args:
            image: uint8 RGB [H, W, 3].
            stamp: nanoseconds, of its header.
            recorded: nanoseconds, when it is taken to be recorded.
            frame_id: of its header.
        """
        self.copy(recorded)
        time = STORE.types["builtin_interfaces/msg/Time"](*divmod(stamp, 1_000_000_000))
        header = STORE.types["std_msgs/msg/Header"](time, frame_id)
        message: Any
        if self._compress:
            data = np.frombuffer(compressed.jpeg(image, QUALITY), np.uint8)
            message = STORE.types[COMPRESSED](header, compressed.FORMAT, data)
        else:
            height, width = image.shape[:2]
            message = STORE.types[IMAGE](header, height, width, "rgb8", 0, width * 3, image.reshape(-1))
        with disk_named(self._path):
            self._writer.write(self._images, recorded, STORE.serialize_cdr(message, message.__msgtype__))
        self.added += 1

    def _copy(self) -> Generator[tuple[Any, int, bytes], None, None]:
        with self._source.reader() as reader:
            copies = {}
            for connection in reader.connections:
                assert isinstance(connection.ext, ConnectionExtRosbag2)
                copies[connection.id, connection.topic] = self._writer.add_connection(
                    connection.topic,
                    connection.msgtype,
                    msgdef=connection.msgdef.data,
                    rihs01=connection.digest,
                    serialization_format=connection.ext.serialization_format,
                    offered_qos_profiles=connection.ext.offered_qos_profiles,
                )
            for connection, time, data in reader.messages():
                yield copies[connection.id, connection.topic], time, data
