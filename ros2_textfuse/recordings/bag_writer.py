"""Write a recording as a rosbag2 bag that `ros2 bag info` and `ros2 bag play` read."""

import contextlib
import errno
import shutil
import sqlite3
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np
from rosbags.rosbag2 import StoragePlugin, Writer, WriterError
from rosbags.typesys import Stores, get_typestore

from ros2_textfuse.imaging import compressed
from ros2_textfuse.imaging.cameras import CAMERAS
from ros2_textfuse.imaging.encodings import thermal_array, visible_array
from ros2_textfuse.recordings.bag_reader import COMPRESSED, IMAGE
from ros2_textfuse.recordings.types import RecordedImage, RecordingError

STORAGES = {"mcap": StoragePlugin.MCAP, "sqlite3": StoragePlugin.SQLITE3}
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
VERSION: Literal[8] = 8  # of metadata.yaml: Humble cannot read the QoS profiles of 9
INFO = "sensor_msgs/msg/CameraInfo"
FORMATS = ("jpeg", "png")
QUALITY = 90  # of JPEG
FRAME_ID = "camera"  # of both, since their images are registered
STORE = get_typestore(Stores.ROS2_KILTED)


def write_bag(
    images: Iterable[RecordedImage], path: Path, start: datetime, storage: str = "mcap", compress: str = ""
) -> None:
    """Write Image and CameraInfo of both cameras: /visible/image_raw, /visible/camera_info, and the same of /thermal.

    Compressed images are CompressedImage on /visible/image_raw/compressed, and the same of /thermal. A header's stamp
    is `start` and the image's own time; it was recorded when it was due. The matrices of CameraInfo are zero, as
    sensor_msgs has it for a camera that is not calibrated.

    Args:
        images: a recording.
        path: folder of the bag; when the recording breaks off, half a bag is removed.
        start: when the recording began.
        storage: a name of STORAGES.
        compress: one of FORMATS, of the visible images; thermal ones, whose levels are measurements, are PNG with
            either. Empty for raw images.

    Raises:
        RecordingError: the folder exists, or the recording is damaged.
        OSError: it cannot be written.
    """
    try:
        writer = Writer(path, version=VERSION, storage_plugin=STORAGES[storage])
        writer.open()
    except WriterError as error:
        raise RecordingError(f"{path} exists and is not overwritten: name another folder, or remove it") from error
    begin = round(start.timestamp() * 1e9)
    try:
        image_topic = ("image_raw/compressed", COMPRESSED) if compress else ("image_raw", IMAGE)
        connections = {
            (camera, kind): writer.add_connection(f"/{camera}/{name}", kind, typestore=STORE)
            for camera in CAMERAS
            for name, kind in (image_topic, ("camera_info", INFO))
        }
        for image in images:
            due = begin + round(image.time * 1e9)
            stamp = _type("builtin_interfaces/msg/Time")(*divmod(begin + round(image.stamp * 1e9), 1_000_000_000))
            header = _type("std_msgs/msg/Header")(stamp, FRAME_ID)
            pixels = _compressed(header, image, compress) if compress else _image(header, image)
            for message in (pixels, _info(header, image)):
                kind = message.__msgtype__
                writer.write(connections[image.camera, kind], due, STORE.serialize_cdr(message, kind))
        writer.close()
    except BaseException:  # Ctrl-C as well
        with contextlib.suppress(Exception):  # what it could not write, it cannot finish
            writer.abort()
        shutil.rmtree(path, ignore_errors=True)
        with disk_named(path):
            raise


@contextlib.contextmanager
def disk_named(path: Path) -> Iterator[None]:
    """Say of a disk that is full where it is: neither SQLite nor a file that is open names a place.

    Raises:
        OSError: in place of what was raised in the block because of the disk.
    """
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        if isinstance(error, OSError) and error.errno not in FULL:
            raise
        raise OSError(f"{path} cannot be written: {error}") from error


def _image(header: Any, image: RecordedImage) -> Any:
    data = np.frombuffer(image.data or b"", np.uint8)
    fields = (image.height, image.width, image.encoding, image.is_bigendian, image.step, data)
    return _type(IMAGE)(header, *fields)


def _compressed(header: Any, image: RecordedImage, format_: str) -> Any:
    """With the field `format` as image_transport's own publisher writes it."""
    if image.camera == "thermal":
        words, data = f"{image.encoding}; png compressed ", compressed.png(thermal_array(image))
    elif format_ == "png":
        words, data = f"{image.encoding}; png compressed bgr8", compressed.png(visible_array(image))
    else:
        words, data = compressed.FORMAT, compressed.jpeg(visible_array(image), QUALITY)
    return _type(COMPRESSED)(header, words, np.frombuffer(data, np.uint8))


def _info(header: Any, image: RecordedImage) -> Any:
    d, k, r, p = (np.zeros(length) for length in (0, 9, 9, 12))
    region = _type("sensor_msgs/msg/RegionOfInterest")(0, 0, 0, 0, False)
    return _type(INFO)(header, image.height, image.width, "", d, k, r, p, 0, 0, region)


def _type(name: str) -> Any:
    return STORE.types[name]
