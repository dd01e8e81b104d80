"""What a process needs in its environment before it imports rclpy."""

import os
import sys
from pathlib import Path


def share_dir() -> Path:
    """The folder with config/ and launch/: the installed package's share, else the source tree.

    Raises:
        FileNotFoundError: neither is there.
    """
    prefixes = [sys.prefix, *os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep)]
    candidates = [Path(prefix) / "share" / "textfuse" for prefix in prefixes if prefix]
    candidates.append(Path(__file__).resolve().parents[2])
    for candidate in candidates:
        if (candidate / "config" / "fusion.yaml").is_file():
            return candidate
    places = ", ".join(map(str, candidates))
    raise FileNotFoundError(f"config/fusion.yaml is in none of {places}: install textfuse again")


def prepare() -> None:
    """Set what is not set: where ROS packages are, and a Fast DDS profile with room for images.

    Fast DDS's own shared-memory segment holds less than one 640x480 image, and half of the images are lost.
    A profile of the user's own is left alone.
    """
    os.environ.setdefault("AMENT_PREFIX_PATH", sys.prefix)
    os.environ.setdefault("FASTDDS_DEFAULT_PROFILES_FILE", str(share_dir() / "config" / "fastdds.xml"))
