"""Recordings that tests write."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore

from ros2_textfuse.imaging import compressed

START = 1_700_000_000_000_000_000  # ns, the stamp of the first image


def write_bag(
    path: Path,
    visible: NDArray,
    thermal: NDArray,
    rate: float = 15.0,
    thermal_delay: float | Callable[[int], float] = 0.0,
    mcap: bool = False,
    stamped: float = 0.0,
    thermal_every: int = 1,
    topics: tuple[str, str] = ("/visible/image_raw", "/thermal/image_raw"),
    compress: Callable[[int, NDArray], bytes] = lambda number, pixels: compressed.png(pixels).tobytes(),
) -> Path:
    """A rosbag2 of visible uint8 [N, H, W, 3] and thermal uint8 or uint16 [N, H, W], the latter maybe every n-th alone.

    Stamps are `stamped` seconds later than the recording. A topic that ends in /compressed holds CompressedImage, with
    the data that `compress` makes of an image's number and pixels.
    """
    store = get_typestore(Stores.ROS2_KILTED)
    header, time = (store.types[name] for name in ("std_msgs/msg/Header", "builtin_interfaces/msg/Time"))
    kinds = {
        topic: "sensor_msgs/msg/" + ("CompressedImage" if topic.endswith("/compressed") else "Image")
        for topic in topics
    }
    plugin = StoragePlugin.MCAP if mcap else StoragePlugin.SQLITE3
    with Writer(path, version=9, storage_plugin=plugin) as writer:
        connections = {
            camera: writer.add_connection(topic, kinds[topic], typestore=store)
            for camera, topic in zip(("visible", "thermal"), topics, strict=True)
        }
        for number in range(len(visible)):
            both = (("visible", visible[number]), ("thermal", thermal[number]))
            for camera, pixels in both[: 1 if number % thermal_every else 2]:
                late = thermal_delay(number) if callable(thermal_delay) else thermal_delay
                delay = late if camera == "thermal" else 0.0
                recorded = START + round((number / rate + delay) * 1e9)
                stamp = recorded + round(stamped * 1e9)
                encoding = "rgb8" if pixels.ndim == 3 else "mono8" if pixels.itemsize == 1 else "mono16"
                kind = connections[camera].msgtype
                if kind.endswith("CompressedImage"):
                    fields = "some compressed", np.frombuffer(compress(number, pixels), np.uint8)
                else:
                    data = np.ascontiguousarray(pixels).view(np.uint8).ravel()
                    fields = *pixels.shape[:2], encoding, 0, pixels[0].nbytes, data
                message = store.types[kind](header(time(*divmod(stamp, 1_000_000_000)), "camera"), *fields)
                writer.write(connections[camera], recorded, store.serialize_cdr(message, kind))
    return path


def write_folders(path: Path, visible: NDArray, thermal: NDArray) -> tuple[Path, Path]:
    """Two folders of PNG images, 0000.png and so on."""
    folders = path / "visible", path / "thermal"
    for folder, images in zip(folders, (visible[..., ::-1], thermal), strict=True):
        folder.mkdir(parents=True)
        for number, pixels in enumerate(images):
            cv2.imwrite(str(folder / f"{number:04}.png"), pixels)
    return folders
