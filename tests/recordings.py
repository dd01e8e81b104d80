"""Recordings that tests write."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore

START = 1_700_000_000_000_000_000  # ns, the stamp of the first picture


def write_bag(
    path: Path,
    visible: NDArray,
    thermal: NDArray,
    rate: float = 15.0,
    thermal_delay: float | Callable[[int], float] = 0.0,
    mcap: bool = False,
    topics: tuple[str, str] = ("/visible/image_raw", "/thermal/image_raw"),
) -> Path:
    """A rosbag2 of visible uint8 [N, H, W, 3] and thermal uint8 or uint16 [N, H, W]."""
    store = get_typestore(Stores.ROS2_KILTED)
    image, header, time = (
        store.types[name] for name in ("sensor_msgs/msg/Image", "std_msgs/msg/Header", "builtin_interfaces/msg/Time")
    )
    plugin = StoragePlugin.MCAP if mcap else StoragePlugin.SQLITE3
    with Writer(path, version=9, storage_plugin=plugin) as writer:
        connections = {
            camera: writer.add_connection(topic, image.__msgtype__, typestore=store)
            for camera, topic in zip(("visible", "thermal"), topics, strict=True)
        }
        for number in range(len(visible)):
            for camera, pixels in (("visible", visible[number]), ("thermal", thermal[number])):
                late = thermal_delay(number) if callable(thermal_delay) else thermal_delay
                delay = late if camera == "thermal" else 0.0
                stamp = START + round((number / rate + delay) * 1e9)
                encoding = "rgb8" if pixels.ndim == 3 else "mono8" if pixels.itemsize == 1 else "mono16"
                message = image(
                    header(time(*divmod(stamp, 1_000_000_000)), "camera"),
                    *pixels.shape[:2],
                    encoding,
                    0,
                    pixels[0].nbytes,
                    np.ascontiguousarray(pixels).view(np.uint8).ravel(),
                )
                writer.write(connections[camera], stamp, store.serialize_cdr(message, image.__msgtype__))
    return path


def write_folders(path: Path, visible: NDArray, thermal: NDArray) -> tuple[Path, Path]:
    """Two folders of PNG images, 0000.png and so on."""
    folders = path / "visible", path / "thermal"
    for folder, pictures in zip(folders, (visible[..., ::-1], thermal), strict=True):
        folder.mkdir(parents=True)
        for number, pixels in enumerate(pictures):
            cv2.imwrite(str(folder / f"{number:04}.png"), pixels)
    return folders
